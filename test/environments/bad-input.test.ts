import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadEnvironment } from "../../environments/load";
import { demo, type EnvironmentFile, sentencesFor } from "./files";

/** A change of a valid file, and every resulting message. */
type Case = [mistake: string, change: (file: EnvironmentFile) => void, ...sentences: string[]];

const guid = "44444444-4444-4444-8444-44444444abcd";
const office = { name: "office", cidr: "203.0.113.0/24" };

describe("An environment file is refused, with the field, the problem and the cure, when it has", () => {
  describe("a field", () => {
    it.each<Case>([
      [
        "with an interval for snapshots that no timer should have",
        (file) => Object.assign(file.vault, { snapshots: { interval: "30s" } }),
        'vault.snapshots.interval: "30s" is not an interval for snapshots; choose between 5m and 7d, without seconds.',
      ],
      [
        "with snapshots that are kept for zero days",
        (file) => Object.assign(file.vault, { snapshots: { retentionDays: 0 } }),
        "vault.snapshots.retentionDays: 0 is less than a day; choose 1 or more.",
      ],
      [
        "with an unknown replication of snapshots",
        (file) => Object.assign(file.vault, { snapshots: { replication: "GRS" } }),
        'vault.snapshots.replication: "GRS" is not a replication for snapshots; write LRS or ZRS.',
      ],
      [
        "with a key's URL instead of its Azure id",
        (file) => Object.assign(file.vault, { unsealKey: "https://kv-a.vault.azure.net/keys/vault-unseal" }),
        'vault.unsealKey: "https://kv-a.vault.azure.net/keys/vault-unseal" is not the Azure id of a key; write /subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.KeyVault/vaults/<name>/keys/<name>, without a version.',
      ],
      [
        "that does not exist",
        (file) => Object.assign(file.vault, { colour: "red" }),
        "vault.colour: is not a field; remove it or correct its spelling (docs/environments.md lists the fields).",
      ],
      [
        "in other letter case",
        (file) => Object.assign(file, { Tags: {} }),
        "Tags: is not a field. Do you mean tags? (docs/environments.md lists the fields.)",
      ],
      [
        "with a letter missing",
        (file) => Object.assign(file.vault, { vmSiz: "Standard_D2s_v5" }),
        "vault.vmSiz: is not a field. Do you mean vault.vmSize? (docs/environments.md lists the fields.)",
      ],
      [
        "with two letters changed, in a list",
        (file) => Object.assign(file.webApps[0], { databaseRoel: "long" }),
        "webApps[0].databaseRoel: is not a field. Do you mean webApps[0].databaseRole? (docs/environments.md lists the fields.)",
      ],
      [
        "that belongs elsewhere",
        (file) => Object.assign(file, { dataDiskGb: 64 }),
        "dataDiskGb: is not a field. Do you mean vault.dataDiskGb? (docs/environments.md lists the fields.)",
      ],
      [
        "whose name contains a line break and a terminal's escape",
        (file) => Object.assign(file, { "a\n\u001b[31mb": 1 }),
        '["a\\n\\u001b[31mb"]: is not a field; remove it or correct its spelling (docs/environments.md lists the fields).',
      ],
      [
        "similar to two names, of which the second is nearer",
        (file) => Object.assign(file.agentVms[0], { tokenMxTtl: "1h" }),
        "agentVms[0].tokenMxTtl: is not a field. Do you mean agentVms[0].tokenMaxTtl? (docs/environments.md lists the fields.)",
      ],
      [
        "with one of four letters changed",
        (file) => Object.assign(file.vault, { zonx: "1" }),
        "vault.zonx: is not a field. Do you mean vault.zone? (docs/environments.md lists the fields.)",
      ],
      [
        "with two of four letters changed",
        (file) => Object.assign(file.vault, { zxnx: "1" }),
        "vault.zxnx: is not a field; remove it or correct its spelling (docs/environments.md lists the fields).",
      ],
      [
        "that the objects of a map do not have",
        (file) => {
          addRole(file, { privilege: [], privileges: ["SELECT"], defaultTtl: "1h", maxTtl: "1h" });
        },
        "databaseRoles.extra.privilege: is not a field. Do you mean databaseRoles.extra.privileges? (docs/environments.md lists the fields.)",
      ],
      [
        "of one of several alternatives",
        (file) =>
          Object.assign(file.vault, {
            tls: {
              ...{ source: "existing", keyVault: "kv-a", resourceGroup: "rg", certificate: "vault" },
              keyvault: "kv-a",
            },
          }),
        "vault.tls.keyvault: is not a field. Do you mean vault.tls.keyVault? (docs/environments.md lists the fields.)",
      ],
      [
        "that entries of one list have",
        (file) => Object.assign(file, { tokenMaxTtl: "1h" }),
        "tokenMaxTtl: is not a field. Do you mean agentVms[].tokenMaxTtl? (docs/environments.md lists the fields.)",
      ],
      [
        "that entries of two lists have",
        (file) => Object.assign(file, { tokenTtl: "1h" }),
        "tokenTtl: is not a field; remove it or correct its spelling (docs/environments.md lists the fields).",
      ],
      [
        "too few",
        (file) => {
          delete file.location;
        },
        "location: is missing; add it (docs/environments.md explains it).",
      ],
      [
        "that is null",
        (file) => Object.assign(file, { vault: null }),
        "vault: is null, but should be an object; correct it (docs/environments.md explains it).",
      ],
      [
        "that is a list instead of an object",
        (file) => Object.assign(file, { vault: [] }),
        "vault: is a list, but should be an object; correct it (docs/environments.md explains it).",
      ],
      [
        "that is an object instead of a list",
        (file) => Object.assign(file, { webApps: { name: "webapp" } }),
        "webApps: is an object, but should be a list; correct it (docs/environments.md explains it).",
      ],
      [
        "with a number in quotes",
        (file) => Object.assign(file.vault, { osDiskGb: "64" }),
        'vault.osDiskGb: is "64", a string, but should be a whole number; write 64 without quotes.',
      ],
      ...["x64", "64x", "64 GB", "untrue"].map(
        (osDiskGb): Case => [
          `with ${osDiskGb} instead of a number`,
          (file) => Object.assign(file.vault, { osDiskGb }),
          `vault.osDiskGb: is "${osDiskGb}", a string, but should be a whole number; write it without quotes.`,
        ],
      ),
      [
        "with a negative number in quotes",
        (file) => Object.assign(file.vault, { osDiskGb: "-64" }),
        'vault.osDiskGb: is "-64", a string, but should be a whole number; write -64 without quotes.',
      ],
      [
        "with a number instead of true",
        (file) => Object.assign(file.vault, { publicAddress: 1 }),
        "vault.publicAddress: is a whole number, but should be true or false; correct it (docs/environments.md explains it).",
      ],
      [
        "with true in quotes",
        (file) => Object.assign(file.vault, { publicAddress: "true" }),
        'vault.publicAddress: is "true", a string, but should be true or false; write true without quotes.',
      ],
      [
        "with a number instead of a string",
        (file) => Object.assign(file, { tags: { costCenter: 1000 } }),
        "tags.costCenter: is 1000, a number, but should be a string; write it in quotes.",
      ],
      [
        "with a fraction",
        (file) => Object.assign(file.vault, { dataDiskGb: 32.5 }),
        "vault.dataDiskGb: is 32.5, but should be a whole number; round it.",
      ],
      [
        "with a negative number",
        (file) => Object.assign(file.vault, { dataDiskGb: -1 }),
        "vault.dataDiskGb: -1 is too small for Raft; choose 4 or more.",
      ],
      [
        "with a huge number",
        (file) => Object.assign(file.vault, { osDiskGb: 1e300 }),
        "vault.osDiskGb: 1e+300 is larger than the maximum of an OS disk; choose 4095 or less.",
      ],
      [
        "with a value of a thousand letters",
        (file) => Object.assign(file, { location: "X".repeat(1000) }),
        `location: "${"X".repeat(56)}... is not an Azure region; write it as \`az account list-locations\` does, such as westeurope.`,
      ],
    ])("%s", refuses);
  });

  describe("a name", () => {
    it.each<Case>([
      [
        "that is not the file's",
        (file) => Object.assign(file, { name: "production" }),
        'name: "production" differs from the file\'s name; write "demo", or rename the file.',
      ],
      [
        "too long for a Key Vault's name",
        (file) => Object.assign(file, { name: "demonstration" }),
        'name: "demonstration" is not an environment name; use 2 to 10 lower-case letters and digits, starting with a letter, because Key Vault names (24 characters) contain it.',
        'name: "demonstration" differs from the file\'s name; write "demo", or rename the file.',
      ],
      [
        "that points outside the folder",
        (file) => Object.assign(file, { name: "../demo" }),
        'name: "../demo" is not an environment name; use 2 to 10 lower-case letters and digits, starting with a letter, because Key Vault names (24 characters) contain it.',
        'name: "../demo" differs from the file\'s name; write "demo", or rename the file.',
      ],
      [
        "of a region in the portal's spelling",
        (file) => Object.assign(file, { location: "West Europe" }),
        'location: "West Europe" is not an Azure region; write it as `az account list-locations` does, such as westeurope.',
      ],
      [
        "of a workload with look-alike letters",
        (file) => Object.assign(file.webApps[0], { name: "wеbapp" }),
        'webApps[0].name: "wеbapp" is not a workload name; use 1 to 24 lower-case letters, digits and single hyphens, starting with a letter, because Azure limits the length of names.',
      ],
      [
        "of a workload longer than Azure allows",
        (file) => Object.assign(file.agentVms[0], { name: "a".repeat(25) }),
        'agentVms[0].name: "aaaaaaaaaaaaaaaaaaaaaaaaa" is not a workload name; use 1 to 24 lower-case letters, digits and single hyphens, starting with a letter, because Azure limits the length of names.',
      ],
      [
        "of a workload that equals one in the other list",
        (file) => Object.assign(file.agentVms[0], { name: "webapp" }),
        'agentVms[0].name: "webapp" is the name of another workload already, and a workload\'s name is the name of its policy and resources; choose another.',
      ],
      [
        "of a workload twice in one list",
        (file) => file.webApps.push({ name: "webapp" }),
        'webApps[1].name: "webapp" is the name of another workload already, and a workload\'s name is the name of its policy and resources; choose another.',
      ],
      [
        "of an agent VM that equals Vault's own VM",
        (file) => Object.assign(file.agentVms[0], { name: "vault" }),
        "agentVms[0].name: \"vault\" is the name of Vault's own VM already, and a workload's name is the name of its policy and resources; choose another.",
      ],
      [
        "of a web app with a word that Azure reserves",
        (file) => Object.assign(file.webApps[0], { name: "my-windows" }),
        'webApps[0].name: "my-windows" contains "windows", which Azure does not allow in public names; choose another.',
      ],
      [
        "of a database role with a space",
        (file) => {
          addRole(file, { privileges: ["SELECT"], defaultTtl: "1h", maxTtl: "1h" });
          file.databaseRoles["my role"] = { privileges: ["SELECT"], defaultTtl: "1h", maxTtl: "1h" };
        },
        'databaseRoles["my role"]: its name is not a role name; use 1 to 32 lower-case letters, digits and hyphens.',
      ],
      [
        "with a word that Azure reserves",
        (file) => Object.assign(file, { name: "mswindows" }),
        'name: "mswindows" differs from the file\'s name; write "demo", or rename the file.',
        'name: "mswindows" contains "windows", which Azure does not allow in public names; choose another.',
      ],
      [
        "of a storage account with capitals",
        (file) =>
          Object.assign(file, {
            deployers: [{ name: "A person", objectId: guid }],
            state: { backend: "azurerm", resourceGroup: "rg.", storageAccount: "StState", container: "a--b" },
          }),
        'state.resourceGroup: "rg." is not a resource group name; use 1 to 90 letters, digits and _ ( ) - . with no period at the end.',
        'state.storageAccount: "StState" is not a storage account name; use 3 to 24 lower-case letters and digits.',
        'state.container: "a--b" is not a container name; use 3 to 63 lower-case letters, digits and single hyphens.',
      ],
      [
        "of a database that is MySQL's own",
        (file) => Object.assign(file, { mysql: { databaseName: "mysql" } }),
        "mysql.databaseName: \"mysql\" is not a name for the application's database; use 1 to 64 lower-case letters, digits and underscores, and none of MySQL's own (mysql, sys, information_schema, performance_schema).",
      ],
      [
        "of an administrator that Azure reserves",
        (file) => Object.assign(file, { mysql: { administratorLogin: "root" } }),
        'mysql.administratorLogin: "root" is not an administrator name; use 1 to 32 lower-case letters, digits and underscores, and none that Azure reserves (root, admin, administrator, guest, public, azure_superuser).',
      ],
      [
        "of a DNS zone that would hide Key Vault from the VMs",
        (file) => Object.assign(file.network, { privateDnsZone: "vault.azure.net" }),
        "network.privateDnsZone: vault.azure.net would hide names of azure.net that the system needs; choose your own zone, such as demo.internal.",
      ],
    ])("%s", refuses);
  });

  describe("a tag", () => {
    it.each<Case>([
      [
        "that the project sets itself, in any case",
        (file) => Object.assign(file, { tags: { Environment: "test", project: "mine" } }),
        "tags.Environment: is a tag that the project sets itself; remove it.",
        "tags.project: is a tag that the project sets itself; remove it.",
      ],
      [
        "more than private DNS zones and keys accept",
        (file) =>
          Object.assign(file, {
            tags: Object.fromEntries([..."abcdefghijklmn"].map((name) => [name, "1"])),
          }),
        "tags: has 14 entries, but private DNS zones and Key Vault's keys accept 15, of which the project sets 2; keep 13 at most.",
      ],
      [
        "that both a policy and the file set",
        (file) =>
          Object.assign(file, {
            tags: { Owner: "us" },
            tagsFromPolicy: ["owner", "Cost Center", "cost center"],
          }),
        "tagsFromPolicy[0]: is a tag that deployments set themselves; remove it here, or from tags.",
        "tagsFromPolicy[2]: is already in this list; remove this entry.",
      ],
      [
        "with a character that Azure refuses",
        (file) => Object.assign(file, { tags: { "cost/center": "1" } }),
        'tags["cost/center"]: has a name that not every resource accepts; use 1 to 128 letters, digits and _ . - in it, starting with a letter.',
      ],
      [
        "that starts like Azure's own",
        (file) => Object.assign(file, { tags: { "Microsoft.Owner": "1" } }),
        'tags["Microsoft.Owner"]: starts like Azure\'s own tags; choose a name that does not start with microsoft, azure or windows.',
      ],
      [
        "twice for Azure, which ignores case",
        (file) => Object.assign(file, { tags: { owner: "1", Owner: "2" } }),
        "tags.Owner: differs from another tag only in upper and lower case, which Azure ignores; remove one tag.",
      ],
      [
        "that Terraform would evaluate",
        (file) => Object.assign(file, { tags: { owner: '${file("/etc/passwd")}' } }),
        'tags.owner: "${file(\\"/etc/passwd\\")}" contains a control character, or ${ or %{ which Terraform would evaluate; remove it.',
      ],
      [
        "longer than Azure allows",
        (file) => Object.assign(file, { tags: { owner: "v".repeat(257) } }),
        `tags.owner: "${"v".repeat(56)}... is longer than the 256 characters that Azure allows; shorten it.`,
      ],
    ])("%s", refuses);
  });

  describe("people:", () => {
    it.each<Case>([
      [
        "no deployer",
        (file) => Object.assign(file, { deployers: [] }),
        "deployers: [] is empty; name at least one person or pipeline, because only deployers can configure Vault after its first boot.",
      ],
      [
        "a deployer's e-mail address",
        (file) => Object.assign(file.deployers[0], { objectId: "jo@example.com" }),
        'deployers[0].objectId: "jo@example.com" is not an Entra object id; write a GUID (`az ad user show --id NAME --query id`), or "signed-in-user" for the person who deploys.',
      ],
      [
        "an object id one digit short",
        (file) => Object.assign(file, { recoveryKeyReaders: [{ name: "Jo", objectId: guid.slice(1) }] }),
        'recoveryKeyReaders[0].objectId: "4444444-4444-4444-8444-44444444abcd" is not an Entra object id; write a GUID (`az ad group show --group NAME --query id`).',
      ],
      [
        "a group that deploys",
        (file) => Object.assign(file.deployers[0], { type: "Group" }),
        'deployers[0].type: "Group" is not a type of deployer; write User or ServicePrincipal (a group cannot log in to Vault, name its members).',
      ],
      [
        "a deployer who also reads recovery keys, in another letter case",
        (file) =>
          Object.assign(file, {
            deployers: [{ name: "Jo", objectId: guid }],
            recoveryKeyReaders: [{ name: "Jo again", objectId: guid.toUpperCase() }],
          }),
        'recoveryKeyReaders[0].objectId: "Jo again" is also a deployer, and a person who can change the infrastructure must not have the recovery keys; name another person.',
      ],
      [
        "that deployer besides another one with a mistake",
        (file) =>
          Object.assign(file, {
            deployers: [
              { name: "Jo", objectId: guid },
              { name: "", objectId: guid.replace("abcd", "abce") },
            ],
            recoveryKeyReaders: [{ name: "Jo again", objectId: guid }],
          }),
        'deployers[1].name: "" is empty; name the person, group or pipeline.',
        'recoveryKeyReaders[0].objectId: "Jo again" is also a deployer, and a person who can change the infrastructure must not have the recovery keys; name another person.',
      ],
      [
        "a deployer and a reader, both with a malformed id",
        (file) =>
          Object.assign(file, {
            deployers: [{ name: "Jo", objectId: "jo" }],
            recoveryKeyReaders: [{ name: "Al", objectId: "al" }],
          }),
        'deployers[0].objectId: "jo" is not an Entra object id; write a GUID (`az ad user show --id NAME --query id`), or "signed-in-user" for the person who deploys.',
        'recoveryKeyReaders[0].objectId: "al" is not an Entra object id; write a GUID (`az ad group show --group NAME --query id`).',
      ],
      [
        "one reader of the recovery keys twice",
        (file) =>
          Object.assign(file, {
            recoveryKeyReaders: [
              { name: "Jo", objectId: guid },
              { name: "Jo", objectId: guid },
            ],
          }),
        "recoveryKeyReaders[1].objectId: is already in this list; remove this entry.",
      ],
      [
        "one administrator of the VMs twice",
        (file) =>
          Object.assign(file.network, {
            sshAdministrators: [
              { name: "Jo", objectId: guid },
              { name: "Jo", objectId: guid },
            ],
          }),
        "network.sshAdministrators[1].objectId: is already in this list; remove this entry.",
      ],
      [
        "one deployer twice",
        (file) =>
          Object.assign(file, {
            deployers: [
              { name: "Jo", objectId: guid },
              { name: "Jo", objectId: guid.toUpperCase() },
            ],
          }),
        "deployers[1].objectId: is already in this list; remove this entry.",
      ],
      [
        "a deployers' login to something that is not an app registration",
        (file) =>
          Object.assign(file, { deployerLogin: { clientId: "api://vault", appRole: "Vault.Deploy" } }),
        'deployerLogin.clientId: "api://vault" is not an application id; write a GUID (`az ad app list --display-name NAME --query [].appId`).',
      ],
      [
        "a deployers' login with a comma in its app role",
        (file) => Object.assign(file, { deployerLogin: { clientId: guid, appRole: "Deploy,Read" } }),
        'deployerLogin.appRole: "Deploy,Read" is not the value of an app role; write 1 to 120 letters, digits and _ . - as in the app registration.',
      ],
      [
        "the signed-in user with a shared state",
        (file) =>
          Object.assign(file, {
            state: {
              backend: "azurerm",
              resourceGroup: "rg-state",
              storageAccount: "ststate",
              container: "vault",
            },
          }),
        'deployers[0].objectId: "signed-in-user" means a different person for each user of the shared state (state.backend azurerm); write each deployer\'s object id.',
      ],
      [
        "the signed-in user besides a second deployer",
        (file) => file.deployers.push({ name: "Pipeline", objectId: guid }),
        'deployers[0].objectId: "signed-in-user" is in a list with other deployers, and also means them when they deploy; write each deployer\'s object id.',
      ],
      [
        "a subscription twice",
        (file) => Object.assign(file, { additionalSubscriptions: [guid, guid.toUpperCase()] }),
        "additionalSubscriptions[1]: is already in this list; remove this entry.",
      ],
      [
        "a subscription's name",
        (file) => Object.assign(file, { additionalSubscriptions: ["Production"] }),
        'additionalSubscriptions[0]: "Production" is not a subscription id; write a GUID (`az account list --query "[].id"`).',
      ],
    ])("%s", refuses);
  });

  describe("a network:", () => {
    it.each<Case>([
      [
        "no CIDR notation",
        (file) => Object.assign(file.network, { addressSpace: "10.20" }),
        'network.addressSpace: "10.20" is not an IPv4 network; write an address and a prefix length, such as 10.20.1.0/24.',
      ],
      [
        "too large an octet",
        (file) => Object.assign(file.network.deployerRanges[0], { cidr: "203.0.256.0/24" }),
        'network.deployerRanges[0].cidr: "203.0.256.0/24" is not an IPv4 network; write an address and a prefix length, such as 10.20.1.0/24.',
      ],
      [
        "too long a prefix",
        (file) => Object.assign(file.network.deployerRanges[0], { cidr: "203.0.113.0/33" }),
        'network.deployerRanges[0].cidr: "203.0.113.0/33" is not an IPv4 network; write an address and a prefix length, such as 10.20.1.0/24.',
      ],
      [
        "a prefix with a leading zero",
        (file) => Object.assign(file.network.deployerRanges[0], { cidr: "203.0.113.0/024" }),
        'network.deployerRanges[0].cidr: "203.0.113.0/024" is not an IPv4 network; write an address and a prefix length, such as 10.20.1.0/24.',
      ],
      [
        "an address without prefix",
        (file) => Object.assign(file.network.deployerRanges[0], { cidr: "203.0.113.7" }),
        'network.deployerRanges[0].cidr: "203.0.113.7" has no prefix length; write 203.0.113.7/32 for this one address.',
      ],
      [
        "host bits",
        (file) => Object.assign(file.network.deployerRanges[0], { cidr: "203.0.113.7/24" }),
        'network.deployerRanges[0].cidr: "203.0.113.7/24" has host bits set; write 203.0.113.0/24.',
      ],
      [
        "IPv6",
        (file) => Object.assign(file.network.deployerRanges[0], { cidr: "2001:db8::/32" }),
        'network.deployerRanges[0].cidr: "2001:db8::/32" is an IPv6 network, and the system\'s networks are IPv4; write the IPv4 network.',
      ],
      [
        "a whole list in one string",
        (file) => Object.assign(file.network, { deployerRanges: "203.0.113.0/24" }),
        "network.deployerRanges: is a string, but should be a list; correct it (docs/environments.md explains it).",
      ],
      [
        "no network to deploy from",
        (file) => Object.assign(file.network, { deployerRanges: [] }),
        "network.deployerRanges: [] is empty; name the networks from which people and pipelines deploy, because only these reach Vault and Key Vault.",
      ],
      [
        "any source without the opt-in",
        (file) => Object.assign(file.network, { clientRanges: [{ name: "all", cidr: "0.0.0.0/0" }] }),
        "network.clientRanges[0].cidr: 0.0.0.0/0 admits (nearly) any address; name the networks that need access, or set network.allowAnySource to true if this is meant.",
      ],
      [
        "any source in two halves",
        (file) =>
          Object.assign(file.network, {
            clientRanges: [
              { name: "low", cidr: "0.0.0.0/1" },
              { name: "high", cidr: "128.0.0.0/1" },
            ],
          }),
        "network.clientRanges[0].cidr: 0.0.0.0/1 admits (nearly) any address; name the networks that need access, or set network.allowAnySource to true if this is meant.",
        "network.clientRanges[1].cidr: 128.0.0.0/1 admits (nearly) any address; name the networks that need access, or set network.allowAnySource to true if this is meant.",
      ],
      [
        "an opt-in that is a string",
        (file) =>
          Object.assign(file.network, {
            allowAnySource: "yes",
            clientRanges: [{ name: "all", cidr: "0.0.0.0/0" }],
          }),
        'network.allowAnySource: is "yes", a string, but should be true or false; write it without quotes.',
        "network.clientRanges[0].cidr: 0.0.0.0/0 admits (nearly) any address; name the networks that need access, or set network.allowAnySource to true if this is meant.",
      ],
      [
        "the loopback as a source",
        (file) => Object.assign(file.network, { clientRanges: [{ name: "me", cidr: "127.0.0.1/32" }] }),
        "network.clientRanges[0].cidr: 127.0.0.1/32 is not an address of a client network; name a network that connects.",
      ],
      [
        "only private deployers",
        (file) => Object.assign(file.network, { deployerRanges: [{ name: "vpn", cidr: "192.168.0.0/24" }] }),
        "network.deployerRanges: contains only private networks, and Key Vault's firewall accepts only public ones; add the public address from which you deploy, or name its subnet in network.deployerSubnets. Without web apps, network.subnets.privateEndpoints is another way.",
      ],
      [
        "only private deployers besides public clients",
        (file) =>
          Object.assign(file.network, {
            deployerRanges: [{ name: "vpn", cidr: "192.168.0.0/24" }],
            clientRanges: [office],
          }),
        "network.deployerRanges: contains only private networks, and Key Vault's firewall accepts only public ones; add the public address from which you deploy, or name its subnet in network.deployerSubnets. Without web apps, network.subnets.privateEndpoints is another way.",
      ],
      [
        "only private deployers of web apps, with private endpoints",
        (file) =>
          Object.assign(file.network, {
            deployerRanges: [{ name: "vpn", cidr: "192.168.0.0/24" }],
            subnets: { privateEndpoints: "10.20.5.0/28" },
          }),
        "network.deployerRanges: contains only private networks, and the web apps' deployment endpoint accepts only public ones; add the public address from which you deploy, or name its subnet in network.deployerSubnets.",
      ],
      [
        "two malformed networks",
        (file) =>
          Object.assign(file.network, {
            clientRanges: [
              { name: "home", cidr: "home" },
              { name: "away", cidr: "home" },
            ],
          }),
        'network.clientRanges[0].cidr: "home" is not an IPv4 network; write an address and a prefix length, such as 10.20.1.0/24.',
        'network.clientRanges[1].cidr: "home" is not an IPv4 network; write an address and a prefix length, such as 10.20.1.0/24.',
      ],
      [
        "two ranges with one name",
        (file) => Object.assign(file.network, { clientRanges: [{ ...office, cidr: "198.51.100.0/24" }] }),
        'network.clientRanges[0].name: "office" is the name of network.deployerRanges[0] already, and each range needs its own name; choose another.',
      ],
      [
        "only private networks for clients of web apps",
        (file) => Object.assign(file.network, { clientRanges: [{ name: "vpn", cidr: "10.99.0.0/16" }] }),
        "network.clientRanges: contains only private networks, and App Service sees a visitor's public address; add the public address of these clients.",
      ],
      [
        "a private network and a malformed one for clients of web apps",
        (file) =>
          Object.assign(file.network, {
            clientRanges: [
              { name: "vpn", cidr: "10.99.0.0/16" },
              { name: "home", cidr: "home" },
            ],
          }),
        'network.clientRanges[1].cidr: "home" is not an IPv4 network; write an address and a prefix length, such as 10.20.1.0/24.',
      ],
      [
        "a deployers' subnet that is not a subnet",
        (file) => Object.assign(file.network, { deployerSubnets: [{ name: "runners", id: "snet-runners" }] }),
        'network.deployerSubnets[0].id: "snet-runners" is not the Azure id of a subnet; write it as `az network vnet subnet show --query id` does.',
      ],
      [
        "one range with two names",
        (file) => Object.assign(file.network, { clientRanges: [{ ...office, name: "home" }] }),
        "network.clientRanges[0].cidr: 203.0.113.0/24 is already admitted by network.deployerRanges[0]; remove this entry.",
      ],
      [
        "a range whose name Azure refuses",
        (file) => Object.assign(file.network.deployerRanges[0], { name: "office-" }),
        'network.deployerRanges[0].name: "office-" is not a range name; use 1 to 30 lower-case letters, digits and hyphens, with no hyphen at the end.',
      ],
      [
        "port 22 open for nobody",
        (file) => Object.assign(file.network, { sshRanges: [{ ...office, name: "ssh" }] }),
        "network.sshRanges: opens port 22, but nobody may log in; name a person in network.sshAdministrators, or remove the ranges.",
      ],
      [
        "subnets that overlap",
        (file) => Object.assign(file.network, { subnets: { agents: "10.20.2.0/23" } }),
        "network.subnets.agents: 10.20.2.0/23 overlaps network.subnets.mysql (10.20.2.0/24); give each subnet its own addresses.",
        "network.subnets.agents: 10.20.2.0/23 overlaps network.subnets.webApp (10.20.3.0/24); give each subnet its own addresses.",
      ],
      [
        "a subnet outside the address space",
        (file) => Object.assign(file.network, { subnets: { vault: "10.30.1.0/24" } }),
        "network.subnets.vault: 10.30.1.0/24 is outside network.addressSpace (10.20.0.0/16); choose a part of it.",
      ],
      [
        "a subnet too small for Azure",
        (file) => Object.assign(file.network, { subnets: { webApp: "10.20.3.0/29", mysql: "10.20.2.0/30" } }),
        "network.subnets.mysql: 10.20.2.0/30 is too small for Azure; choose a /29 or larger here.",
        "network.subnets.webApp: 10.20.3.0/29 is too small for Azure; choose a /28 or larger here.",
      ],
      [
        "a subnet too small for four private endpoints",
        (file) => Object.assign(file.network, { subnets: { privateEndpoints: "10.20.5.0/29" } }),
        "network.subnets.privateEndpoints: 10.20.5.0/29 is too small for Azure; choose a /28 or larger here.",
      ],
      [
        "private endpoints among Vault's nodes",
        (file) => Object.assign(file.network, { subnets: { privateEndpoints: "10.20.1.0/28" } }),
        "network.subnets.privateEndpoints: 10.20.1.0/28 overlaps network.subnets.vault (10.20.1.0/24); give each subnet its own addresses.",
      ],
      [
        "private endpoints outside the address space",
        (file) => Object.assign(file.network, { subnets: { privateEndpoints: "10.30.5.0/28" } }),
        "network.subnets.privateEndpoints: 10.30.5.0/28 is outside network.addressSpace (10.20.0.0/16); choose a part of it.",
      ],
      [
        "private endpoints switched on with true",
        (file) => Object.assign(file.network, { subnets: { privateEndpoints: true } }),
        "network.subnets.privateEndpoints: is true or false, but should be a string; correct it (docs/environments.md explains it).",
      ],
      [
        "a subnet too small for its VMs",
        (file) => {
          file.network.subnets = { agents: "10.20.4.0/29" };
          file.agentVms[0].count = 4;
        },
        "network.subnets.agents: 10.20.4.0/29 has 3 addresses for 4 VMs (agentVms); choose a larger network, or fewer of them.",
      ],
      [
        "an address space that Azure reserves",
        (file) =>
          Object.assign(file.network, {
            addressSpace: "169.254.0.0/16",
            subnets: {
              vault: "169.254.1.0/24",
              mysql: "169.254.2.0/24",
              webApp: "169.254.3.0/24",
              agents: "169.254.4.0/24",
            },
          }),
        "network.addressSpace: 169.254.0.0/16 overlaps 169.254.0.0/16, which Azure reserves for other purposes; choose private addresses, such as 10.20.0.0/16.",
      ],
    ])("%s", refuses);
  });

  describe("a cloud:", () => {
    const government = { azureCloud: "AzureUSGovernment", location: "usgovvirginia" };
    it.each<Case>([
      [
        "that Azure does not have",
        (file) => Object.assign(file, { azureCloud: "AzureGermanCloud" }),
        'azureCloud: "AzureGermanCloud" is not a cloud of Azure; write AzureCloud, AzureUSGovernment, AzureChinaCloud.',
      ],
      [
        "the public one, with a region of another",
        (file) => Object.assign(file, { location: "usgovarizona" }),
        "location: usgovarizona is a region of AzureUSGovernment, but azureCloud is AzureCloud; set azureCloud to AzureUSGovernment, or choose a region of AzureCloud.",
      ],
      [
        "another one, with a region of the public one",
        (file) => Object.assign(file, { azureCloud: "AzureChinaCloud" }),
        "location: westeurope is a region of AzureCloud, but azureCloud is AzureChinaCloud; set azureCloud to AzureCloud, or choose a region of AzureChinaCloud.",
      ],
      [
        "with logs in another cloud",
        (file) =>
          Object.assign(file, {
            ...government,
            evidenceWorkspace: `/subscriptions/${guid}/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log`,
            evidenceLocation: "chinaeast2",
          }),
        "evidenceLocation: chinaeast2 is a region of AzureChinaCloud, but azureCloud is AzureUSGovernment; set azureCloud to AzureChinaCloud, or choose a region of AzureUSGovernment.",
      ],
      [
        "with a malformed region",
        (file) => Object.assign(file, { ...government, location: "US Gov Virginia" }),
        'location: "US Gov Virginia" is not an Azure region; write it as `az account list-locations` does, such as westeurope.',
      ],
      [
        "with a region that has no MySQL",
        (file) => Object.assign(file, { ...government, location: "usdodeast" }),
        "location: usdodeast has no MySQL Flexible Server; choose usgovvirginia, usgovarizona, usgovtexas.",
      ],
      [
        "with a region whose MySQL has no backups elsewhere",
        (file) => Object.assign(file, { ...government, mysql: { geoRedundantBackup: true } }),
        "mysql.geoRedundantBackup: MySQL has no backups in another region in usgovvirginia; set it to false, or set location to usgovarizona, usgovtexas.",
      ],
      [
        "with a region whose MySQL has no standby in another zone",
        (file) =>
          Object.assign(file, {
            ...{ azureCloud: "AzureChinaCloud", location: "chinaeast3" },
            mysql: { sku: "GP_Standard_D2ds_v4", highAvailability: true },
          }),
        "mysql.highAvailability: MySQL has no standby in another zone in chinaeast3; set it to false, or set location to chinanorth3.",
      ],
    ])("%s", refuses);
  });

  describe("an impossible server:", () => {
    it.each<Case>([
      ...[2, 4, 0, -3, "3"].map(
        (nodes): Case => [
          `${JSON.stringify(nodes)} nodes`,
          (file) => Object.assign(file.vault, { nodes }),
          `vault.nodes: ${JSON.stringify(nodes)} is not a size for a Raft cluster; choose 1, 3 or 5 (an even number tolerates as many failures as the odd number below it).`,
        ],
      ),
      [
        "a cluster with a public address",
        (file) => Object.assign(file.vault, { nodes: 3, publicAddress: true, zone: undefined }),
        "vault.publicAddress: a cluster of 3 nodes has only a private address; remove the field, or set vault.nodes to 1.",
      ],
      [
        "a cluster in one zone",
        (file) => Object.assign(file.vault, { nodes: 5, publicAddress: false, zone: "2" }),
        "vault.zone: is the zone of a single node, but a cluster of 5 nodes uses vault.zones; remove the field.",
      ],
      [
        "a zone twice",
        (file) => Object.assign(file.vault, { zones: ["1", "1"] }),
        'vault.zones: ["1","1"] names a zone twice; name each once.',
      ],
      [
        "no zones",
        (file) => Object.assign(file.vault, { zones: [] }),
        "vault.zones: [] is empty; name at least one zone, or leave the field out.",
      ],
      [
        "a fourth zone",
        (file) => Object.assign(file.vault, { zones: ["1", "4"] }),
        'vault.zones[1]: "4" is not an availability zone; write "1", "2" or "3", or leave it out.',
      ],
      [
        "a VM size with an Arm processor",
        (file) => Object.assign(file.agentVms[0], { vmSize: "Standard_D2ps_v5" }),
        'agentVms[0].vmSize: "Standard_D2ps_v5" has an Arm processor, and the image is for x64; choose a size without p, such as Standard_D2s_v5.',
      ],
      ...["Standard_D16ps_v5", "Standard_DC4ps_v5", "Standard_E96-24ps_v5"].map(
        (vmSize): Case => [
          `a ${vmSize}`,
          (file) => Object.assign(file.vault, { vmSize }),
          `vault.vmSize: "${vmSize}" has an Arm processor, and the image is for x64; choose a size without p, such as Standard_D2s_v5.`,
        ],
      ),
      [
        "a VM size with a letter before its name",
        (file) => Object.assign(file.vault, { vmSize: "aStandard_D2ps_v5" }),
        'vault.vmSize: "aStandard_D2ps_v5" is not a VM size; write it as `az vm list-skus` does, such as Standard_D2s_v5.',
      ],
      [
        "a VM size without premium disks",
        (file) => Object.assign(file.vault, { vmSize: "Standard_D2_v3" }),
        'vault.vmSize: "Standard_D2_v3" does not support premium disks, which the VMs have; choose a size with s, such as Standard_D2s_v5.',
      ],
      [
        "a VM size in capitals",
        (file) => Object.assign(file.vault, { vmSize: "STANDARD_D2S_V6" }),
        'vault.vmSize: "STANDARD_D2S_V6" is not a VM size; write it as `az vm list-skus` does, such as Standard_D2s_v5.',
      ],
      [
        "a zone as a number",
        (file) => Object.assign(file.vault, { zone: 1 }),
        'vault.zone: 1 is not an availability zone; write "1", "2" or "3", or leave it out.',
      ],
      [
        "a Vault release without fixes",
        (file) => Object.assign(file.vault, { version: "1.20.4" }),
        'vault.version: "1.20.4" is not a supported Vault version; write a release of 2.x, such as 2.2.2 (1.21.x works with a warning).',
      ],
      [
        "an invalid checksum",
        (file) => Object.assign(file.vault, { sha256: "1E0FFB7A" }),
        'vault.sha256: "1E0FFB7A" is not a SHA-256 checksum; write the 64 hexadecimal digits that `vault_<version>_SHA256SUMS` has for linux_amd64.zip.',
      ],
      [
        "another checksum than the project's",
        (file) => Object.assign(file.vault, { version: "2.0.3", sha256: "0".repeat(64) }),
        "vault.sha256: is not the checksum of Vault 2.0.3 (community) that the project knows, 1e0ffb7a82491219c7242da6e05e2d756b05d1097c29799a42228661f229bc2a; remove the field, and find out the source of the other checksum.",
      ],
      [
        "a checksum of an unknown edition",
        (file) => Object.assign(file.vault, { version: "2.0.3", sha256: "0".repeat(64), edition: "pro" }),
        'vault.edition: "pro" is not an edition; write community or enterprise.',
      ],
      [
        "an edition that does not exist",
        (file) => Object.assign(file.vault, { edition: "Enterprise" }),
        'vault.edition: "Enterprise" is not an edition; write community or enterprise.',
      ],
      [
        "more shares required than created",
        (file) => Object.assign(file.vault, { recoveryShares: 2 }),
        "vault.recoveryThreshold: 3 shares are required, but only 2 exist (vault.recoveryShares); lower this number or raise the other.",
      ],
      [
        "a single share is enough",
        (file) => Object.assign(file.vault, { recoveryThreshold: 1 }),
        "vault.recoveryThreshold: a single share of 5 would be enough, which Vault refuses; choose 2 or more.",
      ],
      [
        "a certificate renewed before its creation",
        (file) =>
          Object.assign(file.vault, {
            tls: { source: "generated", validityInMonths: 1, renewDaysBeforeExpiry: 30 },
          }),
        "vault.tls.renewDaysBeforeExpiry: 30 days are not less than the certificate's life (vault.tls.validityInMonths is 1); choose fewer days or more months.",
      ],
      [
        "a certificate without a source",
        (file) => Object.assign(file.vault, { tls: {} }),
        "vault.tls.source: is missing; add it (docs/environments.md explains it).",
      ],
      [
        "an unknown backend",
        (file) => Object.assign(file, { state: { backend: "s3" } }),
        'state.backend: "s3" is not a backend; set backend to local or azurerm.',
      ],
      [
        "a standby for a burstable MySQL",
        (file) => Object.assign(file, { mysql: { highAvailability: true } }),
        "mysql.highAvailability: a standby needs a General Purpose or Memory Optimized server, and B_Standard_B1ms is burstable; set mysql.sku to a SKU such as GP_Standard_D2ds_v4.",
      ],
      [
        "MySQL 5.7",
        (file) => Object.assign(file, { mysql: { version: "5.7" } }),
        'mysql.version: "5.7" is not a MySQL version that Azure offers; write 8.0.21 or 8.4.',
      ],
      [
        "zones for a Basic plan",
        (file) => Object.assign(file, { webAppPlan: { zoneRedundant: true, workers: 2 } }),
        "webAppPlan.zoneRedundant: zone redundancy needs a Premium plan with at least two workers; set webAppPlan.sku to a SKU such as P1v3 and webAppPlan.workers to 2.",
      ],
      [
        "autoscale of a Basic plan",
        (file) => Object.assign(file, { webAppPlan: { maxWorkers: 3 } }),
        "webAppPlan.maxWorkers: a Basic plan has a fixed number of workers; remove the field, or set webAppPlan.sku to a larger one, such as P1v3.",
      ],
      [
        "autoscale to no more workers",
        (file) => Object.assign(file, { webAppPlan: { sku: "P1v3", workers: 3, maxWorkers: 3 } }),
        "webAppPlan.maxWorkers: is not more than webAppPlan.workers (3), so there is nothing to add; choose a larger number, or remove the field.",
      ],
      [
        "autoscale to more workers than a Standard plan has",
        (file) => Object.assign(file, { webAppPlan: { sku: "S1", maxWorkers: 11 } }),
        "webAppPlan.maxWorkers: 11 workers are more than a plan S1 allows; choose 10 or less, or a larger webAppPlan.sku.",
      ],
      [
        "more workers than a Basic plan has",
        (file) => Object.assign(file, { webAppPlan: { workers: 4 } }),
        "webAppPlan.workers: 4 workers are more than a plan B1 allows; choose 3 or less, or a larger webAppPlan.sku.",
      ],
      [
        "a free plan",
        (file) => Object.assign(file, { webAppPlan: { sku: "F1" } }),
        'webAppPlan.sku: "F1" is not an App Service plan that can join a network; write B1 to B3, S1 to S3, or a Premium one such as P1v3.',
      ],
      [
        "a reboot at 25 o'clock",
        (file) => Object.assign(file.vault, { automaticRebootTime: "25:00" }),
        'vault.automaticRebootTime: "25:00" is not a time of day; write it as 03:30 (UTC).',
      ],
    ])("%s", refuses);
  });

  describe("a workload:", () => {
    const paths =
      "database/creds/short, database/creds/long, database/creds/migration, transit/encrypt/customer-key, transit/decrypt/customer-key, transit/rewrap/customer-key, transit/hmac/customer-key, transit/verify/customer-key, transit/keys/customer-key, transit/encrypt/archive-key, transit/decrypt/archive-key, transit/rewrap/archive-key, transit/hmac/archive-key, transit/verify/archive-key, transit/keys/archive-key";

    it.each<Case>([
      ...[
        "sys/mounts",
        "transit/encrypt/*",
        "transit/encrypt/customer-key/",
        "secret/data/x",
        "../sys",
        "",
      ].map(
        (path): Case => [
          `the path ${JSON.stringify(path)}`,
          (file) => Object.assign(file.webApps[0], { paths: [path] }),
          `webApps[0].paths[0]: ${JSON.stringify(path)} is not a Vault path for workloads; choose from ${paths}.`,
        ],
      ),
      [
        "an Enterprise path in the Community edition",
        (file) => Object.assign(file.agentVms[0], { paths: ["transform/encode/customer"] }),
        'agentVms[0].paths[0]: "transform/encode/customer" needs Vault Enterprise; set vault.edition to enterprise, or use a transit path.',
      ],
      [
        "a path twice",
        (file) =>
          Object.assign(file.agentVms[0], {
            paths: ["transit/keys/archive-key", "transit/keys/archive-key"],
          }),
        'agentVms[0].paths[1]: "transit/keys/archive-key" is already in this list; remove this entry.',
      ],
      [
        "a path twice, in a web app",
        (file) =>
          Object.assign(file.webApps[0], { paths: ["transit/keys/archive-key", "transit/keys/archive-key"] }),
        'webApps[0].paths[1]: "transit/keys/archive-key" is already in this list; remove this entry.',
      ],
      [
        "a transit key twice",
        (file) => Object.assign(file, { transitKeys: ["customer-key", "archive-key", "customer-key"] }),
        'transitKeys[2]: "customer-key" is already in this list; remove this entry.',
      ],
      [
        "a database role that does not exist",
        (file) => Object.assign(file.webApps[0], { databaseRole: "longer" }),
        'webApps[0].databaseRole: "longer" is not a database role; choose from short, long, migration, or add it to databaseRoles.',
      ],
      [
        "a database role that every JavaScript object has",
        (file) => Object.assign(file.webApps[0], { databaseRole: "constructor" }),
        'webApps[0].databaseRole: "constructor" is not a database role; choose from short, long, migration, or add it to databaseRoles.',
      ],
      [
        "agents without a database role",
        (file) => {
          delete file.agentVms[0].databaseRole;
        },
        "agentVms[0].databaseRole: is missing; add it (docs/environments.md explains it).",
      ],
      [
        "a database role with too many rights",
        (file) => addRole(file, { privileges: ["ALL PRIVILEGES"], defaultTtl: "1h", maxTtl: "1h" }),
        'databaseRoles.extra.privileges[0]: "ALL PRIVILEGES" is not a privilege that a workload can have on a database\'s tables; choose from SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES.',
      ],
      [
        "a privilege twice",
        (file) => addRole(file, { privileges: ["SELECT", "SELECT"], defaultTtl: "1h", maxTtl: "1h" }),
        'databaseRoles.extra.privileges[1]: "SELECT" is already in this list; remove this entry.',
      ],
      [
        "a role of a database that has none",
        (file) => {
          file.databaseRoles = {};
          for (const workload of file.webApps)
            Object.assign(workload, { databaseRole: undefined, paths: [] });
        },
        'agentVms[0].databaseRole: "short" is not a database role; add it to databaseRoles.',
      ],
      [
        "a role that does not exist, besides a malformed one that does",
        (file) => {
          addRole(file, { privileges: [], defaultTtl: "1h", maxTtl: "1h" });
          file.webApps[0].databaseRole = "extra";
          file.agentVms[0].databaseRole = "ekstra";
        },
        "databaseRoles.extra.privileges: [] is empty; name at least one privilege, such as SELECT.",
        'agentVms[0].databaseRole: "ekstra" is not a database role; choose from short, long, migration, extra, or add it to databaseRoles.',
      ],
      [
        "a malformed transit key, its path and that of another key",
        (file) => {
          file.transitKeys = ["Bad\u001b[2J"];
          file.databaseRoles = {};
          file.agentVms = [];
          file.webApps[0] = { name: "webapp", paths: ["transit/keys/Bad\u001b[2J", "transit/keys/good"] };
        },
        'transitKeys[0]: "Bad\\u001b[2J" is not a key name; use 1 to 64 lower-case letters, digits and hyphens.',
        `webApps[0].paths[1]: "transit/keys/good" is not a Vault path for workloads; choose from ${["encrypt", "decrypt", "rewrap", "hmac", "verify", "keys"].map((use) => `transit/${use}/Bad\\u{1b}[2J`).join(", ")}.`,
      ],
      [
        "an Enterprise path in a misspelt edition",
        (file) => {
          file.vault.edition = "enterprize";
          file.webApps[0].paths.push("transform/encode/customer");
        },
        'vault.edition: "enterprize" is not an edition; write community or enterprise.',
      ],
      [
        "a TTL above its maximum",
        (file) => addRole(file, { privileges: ["SELECT"], defaultTtl: "2h", maxTtl: "60m" }),
        "databaseRoles.extra.defaultTtl: 2h is more than 60m, the role's maxTtl; choose 60m or less.",
      ],
      [
        "a required login without its fields",
        (file) => Object.assign(file.webApps[0], { requireLogin: true }),
        "webApps[0].login: is missing, and requireLogin is true; name the app registration's clientId.",
      ],
      [
        "a login that is not required",
        (file) => Object.assign(file.webApps[0], { login: { clientId: guid } }),
        "webApps[0].login: has no effect, because requireLogin is not true; set requireLogin to true, or remove login.",
      ],
      [
        "a login to something that is not an app registration",
        (file) => Object.assign(file.webApps[0], { requireLogin: true, login: { clientId: "webapp" } }),
        'webApps[0].login.clientId: "webapp" is not an application id; write a GUID (`az ad app list --display-name NAME --query [].appId`).',
      ],
      [
        "a TTL above Vault's maximum",
        (file) => Object.assign(file.webApps[0], { tokenTtl: "33d" }),
        "webApps[0].tokenTtl: 33d is more than 768h, Vault's maximum; choose 768h or less.",
      ],
      [
        "an agent's TTL above its maximum, which is above the mount's",
        (file) => Object.assign(file.agentVms[0], { tokenTtl: "3h", tokenMaxTtl: "2h" }),
        "agentVms[0].tokenTtl: 3h is more than 2h, the group's tokenMaxTtl; choose 2h or less.",
        "agentVms[0].tokenMaxTtl: 2h is more than 1h, the azure auth mount's maximum; choose 1h or less.",
      ],
      [
        "a token that ends before its credentials",
        (file) => Object.assign(file.webApps[0], { tokenTtl: "10m" }),
        'webApps[0].tokenTtl: 10m is less than 24h, the maxTtl of the database role "long", and Vault revokes the credentials together with the token; raise it to 24h, or lower databaseRoles.long.maxTtl to 10m.',
        'webApps[0].tokenTtl: 10m is less than 15m, the maxTtl of the database role "migration", and Vault revokes the credentials together with the token; raise it to 15m, or lower databaseRoles.migration.maxTtl to 10m.',
      ],
      [
        "an agent's token that ends before its credentials",
        (file) => Object.assign(file.agentVms[0], { tokenTtl: "3m", tokenMaxTtl: "3m" }),
        'agentVms[0].tokenMaxTtl: 3m is less than 6m, the maxTtl of the database role "short", and Vault revokes the credentials together with the token; raise it to 6m, or lower databaseRoles.short.maxTtl to 3m.',
      ],
      [
        "an agent's default token that ends before its credentials",
        (file) => {
          delete file.agentVms[0].tokenMaxTtl;
          file.agentVms[0].databaseRole = "long";
        },
        'agentVms[0].tokenMaxTtl: 1h is less than 24h, the maxTtl of the database role "long", and Vault revokes the credentials together with the token; raise it to 24h, or lower databaseRoles.long.maxTtl to 1h.',
      ],
      [
        "a short token and a path that only contains a database role's path",
        (file) => {
          file.databaseRoles = { long: { privileges: ["SELECT"], defaultTtl: "1h", maxTtl: "24h" } };
          file.transitKeys = ["a"];
          file.agentVms = [];
          file.webApps[0] = { name: "webapp", tokenTtl: "10m", paths: ["my/database/creds/long"] };
        },
        'webApps[0].paths[0]: "my/database/creds/long" is not a Vault path for workloads; choose from database/creds/long, transit/encrypt/a, transit/decrypt/a, transit/rewrap/a, transit/hmac/a, transit/verify/a, transit/keys/a.',
      ],
      [
        "counted tokens, which would cost the application its database users",
        (file) => Object.assign(file.webApps[0], { tokenNumUses: 100 }),
        'webApps[0].tokenNumUses: cannot be set for a web app with the database role "long": the token ends with its last use, and Vault drops the application\'s database users. Remove tokenNumUses, and set a shorter tokenTtl.',
      ],
      ...["1.5h", "0m", "-3m", "3 h", "3H", "180", ""].map(
        (tokenTtl): Case => [
          `the TTL ${JSON.stringify(tokenTtl)}`,
          (file) => Object.assign(file.webApps[0], { tokenTtl }),
          `webApps[0].tokenTtl: ${JSON.stringify(tokenTtl)} is not a duration; write a whole number and a unit, such as 90s, 3m, 3h or 30d.`,
        ],
      ),
      [
        "fifty-one VMs in a group",
        (file) => Object.assign(file.agentVms[0], { count: 51 }),
        "agentVms[0].count: 51 is more than 50 VMs; add a second group.",
      ],
    ])("%s", refuses);
  });

  it("ten mistakes, and it reports all ten in one run", () => {
    const file = demo();
    file.colour = "red";
    file.name = "other";
    delete file.location;
    file.deployers[0].objectId = "me";
    file.network.deployerRanges.push({ name: "all", cidr: "0.0.0.0/0" });
    file.network.subnets = { mysql: "10.20.1.0/24" };
    file.vault.nodes = 4;
    file.vault.osDiskGb = "64";
    file.webApps[0].paths.push("sys/seal");
    file.agentVms[0].tokenTtl = "2h";
    expect(
      sentencesFor(file)
        .map((sentence) => sentence.split(":")[0])
        .sort(),
    ).toEqual([
      "agentVms[0].tokenTtl",
      "colour",
      "deployers[0].objectId",
      "location",
      "name",
      "network.deployerRanges[1].cidr",
      "network.subnets.mysql",
      "vault.nodes",
      "vault.osDiskGb",
      "webApps[0].paths[6]",
    ]);
  });
});

describe("A file that is not an environment at all is refused with the reason:", () => {
  it.each<[string, string | Uint8Array, string]>([
    ["empty", "", "(file): is empty; copy environments/demo.json and change the copy."],
    ["blank", "\uFEFF \n", "(file): is empty; copy environments/demo.json and change the copy."],
    [
      "a list",
      "[]",
      "(file): is a list, but should be an object; correct it (docs/environments.md explains it).",
    ],
    [
      "null",
      "null",
      "(file): is null, but should be an object; correct it (docs/environments.md explains it).",
    ],
    [
      "UTF-16, as some shells write",
      Buffer.from(`\uFEFF${JSON.stringify(demo())}`, "utf16le"),
      "(file): is not UTF-8 text; save it with the encoding UTF-8.",
    ],
    [
      "nested a hundred thousand levels deep",
      `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
      "(file): is nested more than 16 levels deep; remove the extra levels.",
    ],
  ])("%s", (_kind, text, sentence) => {
    expect(sentencesFor(text)).toEqual([sentence]);
  });

  it.each([
    ["cut off", JSON.stringify(demo()).slice(0, -5)],
    ["with one comma too many", JSON.stringify(demo()).replace(/}$/, ",\n}")],
    ["with a comment", `// mine\n${JSON.stringify(demo())}`],
    ["YAML", "name: demo\nlocation: westeurope\n"],
    ["with single quotes", "{'name': 'demo'}"],
    ["with a merge conflict", `<<<<<<< HEAD\n${JSON.stringify(demo())}`],
  ])("%s", (_kind, text) => {
    expect(sentencesFor(text)).toEqual([
      expect.stringMatching(
        /^\(file\): is not JSON \([^\n]+\); correct it there \(JSON has no comments and no comma after the last entry\)\.$/,
      ),
    ]);
  });

  it.each([
    ["line breaks and tabs", '{"a": \n\t x}', '{"a": x}'],
    ["a control character of a terminal", "\u007f{", '"?{"'],
  ])("with %s, which the reason does not repeat", (_kind, text, shown) => {
    expect(sentencesFor(text)).toEqual([expect.stringContaining(shown)]);
  });

  it("with one field twice, where JSON would silently take the last", () => {
    const text = JSON.stringify(demo()).replace('"cidr":', '"cidr":"10.0.0.0/8","cidr":');
    expect(sentencesFor(text)).toEqual([
      "network.deployerRanges[0].cidr: is in the file twice; remove one entry.",
    ]);
  });

  it.each(["", '"tags":', '"databaseRoles":', '"network":{"subnets":'])(
    "with the key __proto__ in {%s}, which changes nothing",
    (before) => {
      const text = JSON.stringify(demo()).replace(/}$/, "");
      const braces = before.split("{").length - 1;
      const inner =
        before === ""
          ? '"__proto__":{"vault":1}'
          : `${before}{"__proto__":{"polluted":"x"}}${"}".repeat(braces)}`;
      const fields = sentencesFor(`${text},${inner}}`);
      expect(
        fields.filter((sentence) => sentence.includes("__proto__: is not a field; remove it")),
      ).toHaveLength(1);
      expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    },
  );

  it("with a number that JSON cannot represent", () => {
    const text = JSON.stringify(demo()).replace(
      '"publicAddress":true',
      '"publicAddress":true,"osDiskGb":1e999',
    );
    expect(sentencesFor(text)).toEqual([
      "vault.osDiskGb: is larger than any valid number; write a smaller one.",
    ]);
  });

  it("a folder", () => {
    const folder = mkdtempSync(join(tmpdir(), "environment-"));
    mkdirSync(join(folder, "demo.json"));
    expect(() => loadEnvironment("demo", folder)).toThrow(
      "environments/demo.json cannot be used:\n  - (file): cannot be read (EISDIR); make it a file that you can read.",
    );
    rmSync(folder, { recursive: true });
  });
});

describe("ENVIRONMENT is refused when it is", () => {
  it("not the name of a file", () => {
    expect(() => loadEnvironment("staging")).toThrow(
      "environments/staging.json cannot be used:\n  - ENVIRONMENT: environments/staging.json does not exist; choose from demo, production, or copy such a file to that name.",
    );
  });

  it.each([
    ["empty", "", '""'],
    ["a path", "../../etc/passwd", '"../../etc/passwd"'],
    ["a file's name", "demo.json", '"demo.json"'],
    ["in capitals", "Production", '"Production"'],
    ["the schema", "schema", '"schema"'],
    ["a terminal's escape", "\u001b[2J", '"\\u001b[2J"'],
    ["endless", "x".repeat(5000), `"${"x".repeat(56)}...`],
  ])("%s", (_kind, name, shown) => {
    expect(() => loadEnvironment(name)).toThrow(
      `ENVIRONMENT cannot be used:\n  - ENVIRONMENT: ${shown} is not an environment; choose from demo, production.`,
    );
  });
});

describe("An environment file may have", () => {
  it.each<[string, (file: EnvironmentFile) => void]>([
    ["the demo's content", () => {}],
    [
      "any source, if the file allows it",
      (file) =>
        Object.assign(file.network, {
          allowAnySource: true,
          clientRanges: [{ name: "all", cidr: "0.0.0.0/0" }],
        }),
    ],
    [
      "deployers with private addresses only, if there are private endpoints and no web apps",
      (file) => {
        file.network.deployerRanges = [{ name: "vpn", cidr: "192.168.0.0/24" }];
        file.network.subnets = { privateEndpoints: "10.20.5.0/28" };
        file.webApps = [];
      },
    ],
    [
      "clients with private addresses only, if there are no web apps",
      (file) => {
        file.network.clientRanges = [{ name: "vpn", cidr: "10.99.0.0/16" }];
        file.webApps = [];
      },
    ],
    [
      "counted tokens of a web app without a database role",
      (file) => {
        file.webApps[0] = { name: "webapp", tokenNumUses: 100, paths: ["transit/keys/customer-key"] };
      },
    ],
    [
      "a tag with Azure's word in its middle",
      (file) => Object.assign(file, { tags: { "My.Azure": "1", notWindows: "1", ourMicrosoftAccount: "1" } }),
    ],
    ["a version whose checksum the project knows", (file) => Object.assign(file.vault, { version: "2.0.3" })],
    [
      "the checksum that the project knows",
      (file) =>
        Object.assign(file.vault, {
          version: "2.0.3",
          sha256: "1e0ffb7a82491219c7242da6e05e2d756b05d1097c29799a42228661f229bc2a",
        }),
    ],
    [
      "a checksum of a version that the project does not know",
      (file) => Object.assign(file.vault, { version: "2.1.9", sha256: "0".repeat(64) }),
    ],
    [
      "13 tags",
      (file) => Object.assign(file, { tags: Object.fromEntries([..."abcdefghijklm"].map((n) => [n, "1"])) }),
    ],
    ["no workload", (file) => Object.assign(file, { webApps: [], agentVms: [], databaseRoles: {} })],
    [
      "one range for Vault and SSH",
      (file) =>
        Object.assign(file.network, {
          sshRanges: [{ ...office, name: "ssh" }],
          sshAdministrators: [{ name: "Operators", objectId: guid, type: "Group" }],
        }),
    ],
    [
      "an Enterprise path in that edition",
      (file) => {
        file.vault.edition = "enterprise";
        file.webApps[0].paths = ["transform/encode/customer"];
      },
    ],
    ...["Standard_B2s", "Standard_DS2_v2", "Standard_E4-2s_v5", "Standard_D2ads_v6", "Standard_D2s_v7"].map(
      (vmSize): [string, (file: EnvironmentFile) => void] => [
        `a ${vmSize}`,
        (file) => Object.assign(file.vault, { vmSize }),
      ],
    ),
  ])("%s", (_what, change) => {
    const file = demo();
    change(file);
    expect(sentencesFor(file)).toEqual([]);
  });

  it("a byte order mark, which some editors write", () => {
    expect(sentencesFor(`\uFEFF${JSON.stringify(demo())}`)).toEqual([]);
  });
});

function refuses(_mistake: string, change: (file: EnvironmentFile) => void, ...sentences: string[]): void {
  const file = demo();
  change(file);
  expect([...sentencesFor(file)].sort()).toEqual([...sentences].sort());
}

function addRole(file: EnvironmentFile, extra: object): void {
  file.databaseRoles = {
    short: { privileges: ["SELECT"], defaultTtl: "3m", maxTtl: "6m" },
    long: { privileges: ["SELECT"], defaultTtl: "3h", maxTtl: "24h" },
    migration: { privileges: ["CREATE"], defaultTtl: "5m", maxTtl: "15m" },
    extra,
  };
}
