import * as ipaddr from "ipaddr.js";
import { z } from "zod";
import { DEFAULT_VAULT, OLDEST_VAULT, SUPPORTED_VAULT } from "../cloud-init/vault-server/vault-version";

/** `10.20.1.0/24`: an IPv4 network in CIDR notation, without host bits. */
const cidr = z
  .string()
  .superRefine((value, context) => {
    const message = cidrProblem(value);
    if (message) context.addIssue({ code: "custom", message });
  })
  .meta({
    pattern: "^[0-9.]+/[0-9]+$",
    patternErrorMessage: "is no IPv4 network; write an address and a prefix length, such as 10.20.1.0/24.",
    examples: ["10.20.1.0/24"],
  });

function cidrProblem(value: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(value)) {
    return `has no prefix length; write ${value}/32 for this one address.`;
  }
  if (ipaddr.IPv6.isValid(value.split("/")[0] ?? "")) {
    return "is an IPv6 network, and the system's networks are IPv4; write the IPv4 network.";
  }
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(value) || /\/0\d/.test(value)) {
    return "is no IPv4 network; write an address and a prefix length, such as 10.20.1.0/24.";
  }
  const network = `${ipaddr.IPv4.networkAddressFromCIDR(value).toString()}/${value.split("/")[1]}`;
  return network === value ? undefined : `has host bits set; write ${network}.`;
}

const duration = z
  .string()
  .regex(
    /^[1-9]\d{0,6}[smhd]$/,
    "is no duration; write a whole number and a unit, such as 90s, 3m, 3h or 30d.",
  )
  .meta({ examples: ["3m", "768h"] });

const noObjectId =
  'is no Entra object id; write a GUID (`az ad user show --id NAME --query id`), or "signed-in-user" for whoever deploys.';
const objectId = z.union([z.guid(noObjectId), z.literal("signed-in-user")], noObjectId);

const displayName = z
  .string()
  .min(1, "is empty; name the person, group or pipeline.")
  .max(100, "is longer than 100 characters; shorten it.")
  .regex(/^\P{Cc}*$/u, "holds a control character; remove it.");

const resourceGroupName = z
  .string()
  .regex(
    /^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$/u,
    "is no resource group's name; use 1 to 90 letters, digits and _ ( ) - . with no period at the end.",
  );

const deployer = z.strictObject({
  name: displayName.describe("Who this is, for the reader of this file."),
  objectId: objectId.describe(
    "Entra object id of a user or a service principal (groups cannot log in to Vault by token). `signed-in-user` stands for whoever runs the deployment: for a demo of one person only.",
  ),
  type: z
    .enum(
      ["User", "ServicePrincipal"],
      "is no kind of deployer; write User or ServicePrincipal (a group cannot log in to Vault, name its members).",
    )
    .default("User")
    .describe("Kind of principal, as Azure's role assignments name it."),
});

const principal = z.strictObject({
  name: displayName.describe("Who this is, for the reader of this file."),
  objectId: z
    .guid("is no Entra object id; write a GUID (`az ad group show --group NAME --query id`).")
    .describe(
      "Entra object id of a user, a group or a service principal. A group reads the recovery keys in Key Vault, but its members cannot log in to Vault by it: name those who are to use the keys.",
    ),
  type: z
    .enum(
      ["User", "Group", "ServicePrincipal"],
      "is no kind of principal; write User, Group or ServicePrincipal.",
    )
    .default("User")
    .describe("Kind of principal, as Azure's role assignments name it."),
});

const namedRange = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/,
      "is no name for a range; use 1 to 30 lower-case letters, digits and hyphens, with no hyphen at the end.",
    )
    .describe("Whose network this is; the web apps' access restrictions show it."),
  cidr: cidr.describe("The network that may connect."),
});

/** Each list is one security rule; Key Vault's firewall takes 1000 entries, App Service's restrictions 512. */
const rangeList = z.array(namedRange).max(100, "holds more than 100 ranges; join some of them.");

const deployerSubnet = z.strictObject({
  name: displayName.describe("Which machines deploy from there, for the reader of this file."),
  id: z
    .string()
    .regex(
      /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/$%"]+\/providers\/Microsoft\.Network\/virtualNetworks\/[^/$%"]+\/subnets\/[^/$%"]+$/,
      "is no subnet's Azure id; write it as `az network vnet subnet show --query id` does.",
    )
    .describe("The subnet's Azure id."),
});

const state = z.discriminatedUnion(
  "backend",
  [
    z.strictObject({
      backend: z.literal("local").describe("State files in the folder `state/`, for one person."),
    }),
    z.strictObject({
      backend: z
        .literal("azurerm")
        .describe("State in a storage account, reached with an Entra login and never with an account key."),
      resourceGroup: resourceGroupName.describe("The storage account's resource group."),
      storageAccount: z
        .string()
        .regex(/^[a-z0-9]{3,24}$/, "is no storage account name; use 3 to 24 lower-case letters and digits.")
        .describe("The storage account's name."),
      container: z
        .string()
        .regex(
          /^[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){2,62}$/,
          "is no container name; use 3 to 63 lower-case letters, digits and single hyphens.",
        )
        .describe("The blob container's name."),
    }),
  ],
  "names no backend; set backend to local or azurerm.",
);

const subnets = z.strictObject({
  vault: cidr.default("10.20.1.0/24").describe("Vault's nodes."),
  mysql: cidr.default("10.20.2.0/24").describe("Delegated to MySQL Flexible Server; at least a /29."),
  webApp: cidr
    .default("10.20.3.0/24")
    .describe("Delegated to App Service; at least a /28. Vault binds the web apps' tokens to it."),
  agents: cidr.default("10.20.4.0/24").describe("VMs that run Vault Agent."),
});

const network = z.strictObject({
  addressSpace: cidr
    .default("10.20.0.0/16")
    .describe("The virtual network's address space; holds the four subnets."),
  subnets: subnets.prefault({}).describe("The four subnets."),
  deployerRanges: rangeList
    .min(
      1,
      "is empty; name the networks from which people and pipelines deploy, or they reach neither Vault nor Key Vault.",
    )
    .describe(
      "Networks from which Vault (8200), the Key Vaults and the web apps' deployment endpoint are reached.",
    ),
  deployerSubnets: z
    .array(deployerSubnet)
    .max(100, "holds more than 100 subnets; deploy from fewer.")
    .default([])
    .describe(
      "Subnets of Azure in the same region from which people and pipelines deploy: there the firewalls of Key Vault and storage accounts see no public address. Each needs the service endpoints Microsoft.KeyVault, Microsoft.Storage and Microsoft.Web.",
    ),
  clientRanges: rangeList
    .default([])
    .describe(
      "Further networks from which Vault (8200) and the web apps are reached. Web apps see public addresses only: of private networks, Vault alone is reached.",
    ),
  sshRanges: rangeList.default([]).describe("Networks from which port 22 is reached. Empty: shut."),
  sshAdministrators: z
    .array(principal)
    .default([])
    .describe(
      "Who may log in to the VMs by Entra ID, as root. Whoever is root on Vault's VM can read Vault's memory.",
    ),
  allowAnySource: z
    .boolean()
    .default(false)
    .describe("Opt-in without which a range of 0.0.0.0/0 is refused."),
  privateDnsZone: z
    .string()
    .regex(
      /^(?=.{1,57}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/,
      "is no DNS zone; write at least two labels of lower-case letters, digits and hyphens, such as demo.internal, 57 characters at most.",
    )
    .optional()
    .describe("Private DNS zone in which Vault is `vault`. Default: `<name>.internal`."),
});

const tls = z.discriminatedUnion(
  "source",
  [
    z.strictObject({
      source: z
        .literal("generated")
        .describe("Key Vault makes a self-signed certificate and renews it; clients pin it."),
      validityInMonths: z
        .int()
        .min(1, "is less than a month; choose 1 or more.")
        .max(24, "is longer than 24 months; choose 24 or less.")
        .default(12)
        .describe("How long each certificate is valid, in months."),
      renewDaysBeforeExpiry: z
        .int()
        .min(7, "leaves less than a week; choose 7 or more.")
        .max(180, "is more than 180 days; choose 180 or less.")
        .default(30)
        .describe("When Key Vault makes the next one, in days before expiry."),
    }),
    z.strictObject({
      source: z
        .literal("existing")
        .describe("A certificate brought along, kept in a Key Vault of the same subscription."),
      keyVault: z
        .string()
        .regex(
          /^(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$/,
          "is no Key Vault name; use 3 to 24 letters, digits and single hyphens, starting with a letter.",
        )
        .describe("The Key Vault's name."),
      resourceGroup: resourceGroupName.describe("The Key Vault's resource group."),
      certificate: z
        .string()
        .regex(/^[A-Za-z0-9-]{1,127}$/, "is no certificate name; use 1 to 127 letters, digits and hyphens.")
        .describe(
          "The certificate's name; it must carry Vault's private name and, with a public address, its public one.",
        ),
    }),
  ],
  "names no source; set source to generated or existing.",
);

/** Letters after the number of processors say what a size can do. Source: Azure, virtual machine naming conventions. */
const vmSize = z
  .string()
  .regex(
    /^Standard_[A-Z]+\d+(?:-\d+)?[a-z]*(?:_[A-Z][A-Za-z0-9]+)?(?:_v\d+)?$/,
    "is no VM size; write it as `az vm list-skus` does, such as Standard_D2s_v5.",
  )
  .superRefine((size, context) => {
    const features = /^Standard_[A-Z]+\d+(?:-\d+)?([a-z]*)/.exec(size)?.[1];
    if (features === undefined) return;
    const message = features.includes("p")
      ? "has an Arm processor, and the image is for x64; choose a size without p, such as Standard_D2s_v5."
      : !features.includes("s") && !/^Standard_[DG]S\d/.test(size)
        ? "cannot carry premium disks, which the VMs have; choose a size with s, such as Standard_D2s_v5."
        : undefined;
    if (message) context.addIssue({ code: "custom", message });
  });

const availabilityZone = z.enum(
  ["1", "2", "3"],
  'is no availability zone; write "1", "2" or "3", or leave it out.',
);

const vault = z.strictObject({
  version: z
    .string()
    .regex(
      SUPPORTED_VAULT,
      `is no supported Vault version; write a release of 2.x, such as ${DEFAULT_VAULT} (1.21.x works with a warning).`,
    )
    .default(DEFAULT_VAULT)
    .describe(
      `Vault's version, pinned for the server and for Vault Agent: 2.x, or ${OLDEST_VAULT} and later 1.21. A version with known vulnerabilities gets a warning that names them.`,
    ),
  sha256: z
    .string()
    .regex(
      /^[0-9a-f]{64}$/,
      "is no SHA-256 checksum; write the 64 hexadecimal digits that `vault_<version>_SHA256SUMS` has for linux_amd64.zip.",
    )
    .optional()
    .describe(
      "Checksum of the release archive for linux_amd64, for a version that the project's table does not know. Without it, the VMs rely on HashiCorp's signature alone.",
    ),
  edition: z
    .enum(["community", "enterprise"], "is no edition; write community or enterprise.")
    .default("community")
    .describe(
      "Enterprise adds the `transform` engine and needs a licence in Key Vault under the secret name `vault-license`.",
    ),
  nodes: z
    .union(
      [z.literal(1), z.literal(3), z.literal(5)],
      "is no size for a Raft cluster; choose 1, 3 or 5 (an even count tolerates no more failures than the odd one below it).",
    )
    .default(1)
    .describe(
      "Number of Vault nodes. 3 or 5 make a Raft cluster behind a private load balancer, which loses one or two of them without an outage.",
    ),
  vmSize: vmSize.default("Standard_D2s_v5").describe("Size of the nodes' VMs."),
  zone: availabilityZone.optional().describe("Availability zone of a single node: its VM, disk and address."),
  zones: z
    .array(availabilityZone)
    .min(1, "is empty; name at least one zone, or leave the field out.")
    .refine((zones) => new Set(zones).size === zones.length, "names a zone twice; name each once.")
    .default(["1", "2", "3"])
    .describe("Availability zones of a cluster. Its nodes are placed in them in turn."),
  osDiskGb: z
    .int()
    .min(30, "is smaller than Ubuntu's image; choose 30 or more.")
    .max(4095, "is larger than an OS disk may be; choose 4095 or less.")
    .default(64)
    .describe("OS disk, in GiB."),
  dataDiskGb: z
    .int()
    .min(4, "is too small for Raft; choose 4 or more.")
    .max(32_767, "is larger than a managed disk may be; choose 32767 or less.")
    .default(32)
    .describe("Data disk, in GiB; outlives the VM."),
  encryptionAtHost: z
    .boolean()
    .default(false)
    .describe(
      "Encrypt temporary disks and caches too; the subscription must have the feature EncryptionAtHost registered.",
    ),
  publicAddress: z
    .boolean()
    .default(false)
    .describe("Give Vault a public address with a DNS label, open to the named ranges only."),
  tls: tls.prefault({ source: "generated" }).describe("Where the TLS certificate comes from."),
  keyVaultSku: z
    .enum(["standard", "premium"], "is no Key Vault SKU; write standard or premium.")
    .default("standard")
    .describe("`premium` keeps the unseal key in a hardware security module."),
  firstBoot: z
    .enum(["initialize", "adopt"], "is no way to begin; write initialize or adopt.")
    .default("initialize")
    .describe(
      "`initialize` makes a new Vault on a new data disk. `adopt` takes over a Vault that was made elsewhere: a restored or a moved disk.",
    ),
  recoveryShares: z
    .int()
    .min(1, "is less than one share; choose 1 or more.")
    .max(255, "is more than 255 shares; choose 255 or less.")
    .default(5)
    .describe("Shares of the recovery key."),
  recoveryThreshold: z
    .int()
    .min(1, "is less than one share; choose 1 or more.")
    .max(255, "is more than 255 shares; choose 255 or less.")
    .default(3)
    .describe("Shares that are needed together."),
  automaticRebootTime: z
    .string()
    .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "is no time of day; write it as 03:30 (UTC).")
    .default("03:30")
    .describe("When a VM reboots if a security update wants it (UTC). Vault unseals itself afterwards."),
  deployerTokenTtl: duration.default("1h").describe("How long a deployer's Vault token lives."),
  minTlsVersion: z
    .enum(["1.2", "1.3"], "is no version of TLS that Vault should take; write 1.2 or 1.3.")
    .default("1.2")
    .describe("The oldest version of TLS that clients may use."),
});

const mysql = z.strictObject({
  version: z
    .enum(["8.0.21", "8.4"], "is no MySQL version of Azure; write 8.0.21 or 8.4.")
    .default("8.4")
    .describe("MySQL's version."),
  sku: z
    .string()
    .regex(
      /^(?:B|GP|MO)_Standard_[A-Za-z0-9_]+$/,
      "is no MySQL SKU; write it as B_Standard_B1ms or GP_Standard_D2ds_v4.",
    )
    .default("B_Standard_B1ms")
    .describe("The server's size."),
  storageGb: z
    .int()
    .min(20, "is less than Azure's minimum; choose 20 or more.")
    .max(16_384, "is more than Azure's maximum; choose 16384 or less.")
    .default(20)
    .describe("Storage, in GiB; grows by itself."),
  backupRetentionDays: z
    .int()
    .min(1, "is less than Azure's minimum; choose 1 or more.")
    .max(35, "is more than Azure's maximum; choose 35 or less.")
    .default(7)
    .describe("How long backups are kept, in days."),
  geoRedundantBackup: z.boolean().default(false).describe("Keep backups in the paired region too."),
  highAvailability: z
    .boolean()
    .default(false)
    .describe("A standby in another zone; not for the burstable SKUs (B_...)."),
  databaseName: z
    .string()
    .regex(
      /^(?!(?:mysql|sys|information_schema|performance_schema)$)[a-z][a-z0-9_]{0,63}$/,
      "is no name for the application's database; use 1 to 64 lower-case letters, digits and underscores, and none of MySQL's own (mysql, sys, information_schema, performance_schema).",
    )
    .default("customers")
    .describe("The application's database."),
  administratorLogin: z
    .string()
    .regex(
      /^(?!(?:root|admin|administrator|guest|public|azure_superuser)$)[a-z][a-z0-9_]{0,31}$/,
      "is no administrator name; use 1 to 32 lower-case letters, digits and underscores, and none that Azure reserves (root, admin, administrator, guest, public, azure_superuser).",
    )
    .default("vaultadmin")
    .describe("The administrator, whose password only Vault knows once it has rotated it."),
  passwordVersion: z
    .int()
    .min(1, "is less than 1; choose 1 or more.")
    .max(1_000_000, "is more than a million; choose the next number after the one in use.")
    .default(1)
    .describe("Raise it to have a new administrator password made, for example after Vault was lost."),
  slowQuerySeconds: z
    .int()
    .min(0, "is negative; choose 0 or more.")
    .max(3600, "is more than an hour; choose 3600 or less.")
    .default(2)
    .describe("Queries that take longer are logged, in seconds."),
});

const databaseRole = z.strictObject({
  privileges: z
    .array(
      z.enum(
        ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES"],
        "is no privilege on a database's tables that a workload may hold; choose from SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES.",
      ),
    )
    .min(1, "is empty; name at least one privilege, such as SELECT.")
    .describe("What the role's users may do in the application's database."),
  defaultTtl: duration.describe("Lease of the credentials."),
  maxTtl: duration.describe("Longest life of the credentials, renewals included."),
});

const roleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, "is no role name; use 1 to 32 lower-case letters, digits and hyphens.");

const transitKeyName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}$/, "is no key name; use 1 to 64 lower-case letters, digits and hyphens.");

const workloadName = z
  .string()
  .regex(
    /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,23}$/,
    "is no workload name; use 1 to 24 lower-case letters, digits and single hyphens, starting with a letter, so that Azure's names stay within their limits.",
  );

const policyPath = z
  .string()
  .describe("A path in Vault, such as `transit/encrypt/customer-key`. The capability follows from the path.");

const webApp = z.strictObject({
  name: workloadName.describe("Name of the workload; its Vault role is `<name>-role`."),
  paths: z
    .array(policyPath)
    .default([])
    .describe("Paths in Vault that its policy allows, besides its database role's credentials."),
  databaseRole: roleName.optional().describe("Database role whose credentials it may read."),
  requireLogin: z
    .boolean()
    .default(false)
    .describe("People sign in with Entra ID before App Service lets a request through to the application."),
  login: z
    .strictObject({
      clientId: z
        .guid("is no application id; write a GUID (`az ad app list --display-name NAME --query [].appId`).")
        .describe("Application (client) id of the app registration that people sign in to."),
    })
    .optional()
    .describe(
      "How people sign in, with `requireLogin`. No client secret: an identity speaks for the application.",
    ),
  tokenTtl: duration.default("768h").describe("Life of its Vault token."),
  tokenNumUses: z
    .int()
    .min(1, "is less than one use; choose 1 or more, or remove it to allow any number.")
    .max(1_000_000, "is more than a million uses; choose less, or remove it to allow any number.")
    .optional()
    .describe(
      "Number of uses of a token; makes it a service token, since batch tokens cannot be counted. Not for a web app with a database role: its database users end with the token.",
    ),
});

const agentVmGroup = z.strictObject({
  name: workloadName.describe("Name of the workload; its Vault role is `<name>-role`."),
  count: z
    .int()
    .min(1, "is less than one VM; choose 1 or more, or remove the group.")
    .max(50, "is more than 50 VMs; make a second group.")
    .default(1)
    .describe("Number of VMs, all alike."),
  vmSize: vmSize.default("Standard_D2s_v5").describe("Size of each VM."),
  zone: availabilityZone.optional().describe("Availability zone of the VMs."),
  osDiskGb: z
    .int()
    .min(30, "is smaller than Ubuntu's image; choose 30 or more.")
    .max(4095, "is larger than an OS disk may be; choose 4095 or less.")
    .default(64)
    .describe("OS disk, in GiB."),
  encryptionAtHost: z
    .boolean()
    .default(false)
    .describe(
      "Encrypt temporary disks and caches too; the subscription must have the feature EncryptionAtHost registered.",
    ),
  paths: z
    .array(policyPath)
    .default([])
    .describe("Paths in Vault that its policy allows, besides its database role's credentials."),
  databaseRole: roleName.describe("Database role whose credentials Vault Agent renders."),
  tokenTtl: duration.default("1h").describe("Life of Vault Agent's token, renewed by the agent."),
  tokenMaxTtl: duration
    .default("1h")
    .describe(
      "Longest life of that token, at most the hour that the azure mount grants; then the agent logs in anew.",
    ),
});

/**
 * One environment: everything that differs between a demo and production, checked before anything is built.
 * Descriptions become docs/environments.md and, in editors, the completion of environments/*.json.
 */
export const environmentSchema = z.strictObject({
  $schema: z
    .string()
    .optional()
    .describe("`./schema.json`: from there, editors know the fields, their meaning and their defaults."),
  name: z
    .string()
    .regex(
      /^[a-z][a-z0-9]{1,9}$/,
      "is no environment name; use 2 to 10 lower-case letters and digits, starting with a letter, since Key Vault names (24 characters) carry it.",
    )
    .describe("Same as the file's name; part of every resource's name."),
  location: z
    .string()
    .regex(
      /^[a-z0-9]+$/,
      "is no Azure region; write it as `az account list-locations` does, such as westeurope.",
    )
    .describe("Azure region."),
  tags: z
    .record(
      z.string().meta({
        pattern: "^[A-Za-z][A-Za-z0-9_.-]{0,127}$",
        patternErrorMessage:
          "is no tag name; use 1 to 128 letters, digits and _ . -, starting with a letter.",
      }),
      z
        .string()
        .max(256, "is longer than the 256 characters that Azure allows; shorten it.")
        .regex(
          /^(?!.*[$%]\{)\P{Cc}*$/u,
          "holds a control character, or ${ or %{ which Terraform would evaluate; remove it.",
        ),
    )
    .default({})
    .describe(
      "Tags on every resource that can carry them: 13 at most, besides `environment` and `project`, which the project sets.",
    ),
  tagsFromPolicy: z
    .array(
      z
        .string()
        .regex(
          /^[A-Za-z][A-Za-z0-9 _.:-]{0,127}$/,
          "is no tag name; use 1 to 128 letters, digits, spaces and _ . : -, starting with a letter.",
        ),
    )
    .max(50, "holds more than the 50 tags that a resource carries; remove some.")
    .default([])
    .describe(
      "Names of tags that an Azure Policy of yours sets on resources. Deployments leave them as they are; without this each one would take them away.",
    ),
  deployers: z
    .array(deployer)
    .min(
      1,
      "is empty; name at least one person or pipeline, or nobody could configure Vault after its first boot.",
    )
    .describe("Who may deploy the stacks and configure Vault, but read no secret of it."),
  deployerLogin: z
    .strictObject({
      clientId: z
        .guid("is no application id; write a GUID (`az ad app list --display-name NAME --query [].appId`).")
        .describe("Application (client) id of the app registration."),
      appRole: z
        .string()
        .regex(
          /^[A-Za-z0-9][A-Za-z0-9_.-]{0,119}$/,
          "is no app role's value; write 1 to 120 letters, digits and _ . - as the app registration has it.",
        )
        .describe("Value of the app role that deployers have, such as Vault.Deploy."),
    })
    .optional()
    .describe(
      "An app registration of its own for the deployers' login in Vault: with it Vault refuses their tokens for Azure Resource Manager, which every tool asks for.",
    ),
  recoveryKeyReaders: z
    .array(principal)
    .default([])
    .describe(
      "Who may read Vault's recovery keys; never a deployer. Empty: nobody, until an owner of the subscription grants it.",
    ),
  state: state.prefault({ backend: "local" }).describe("Where Terraform keeps its state."),
  additionalSubscriptions: z
    .array(z.guid('is no subscription id; write a GUID (`az account list --query "[].id"`).'))
    .default([])
    .describe("Further subscriptions in which the custom role Virtual Machine Reader may be assigned."),
  network: network.describe("Addresses and who may connect."),
  ubuntu: z
    .enum(["24.04", "26.04"], "is no Ubuntu that the VMs can have; write 24.04 or 26.04.")
    .default("24.04")
    .describe(
      "Ubuntu of VMs that are yet to be made; those that run keep theirs. 26.04 was not tried: first make a VM with it in an environment of its own.",
    ),
  vault: vault.prefault({}).describe("The Vault server."),
  mysql: mysql.prefault({}).describe("The MySQL server."),
  databaseRoles: z
    .record(roleName, databaseRole)
    .default({
      short: { privileges: ["SELECT", "INSERT", "UPDATE", "DELETE"], defaultTtl: "3m", maxTtl: "6m" },
      long: { privileges: ["SELECT", "INSERT", "UPDATE", "DELETE"], defaultTtl: "3h", maxTtl: "24h" },
      migration: {
        privileges: ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "INDEX"],
        defaultTtl: "5m",
        maxTtl: "15m",
      },
    })
    .describe("Roles of Vault's database engine."),
  transitKeys: z
    .array(transitKeyName)
    .min(1, "is empty; name at least one key, such as customer-key.")
    .default(["customer-key", "archive-key"])
    .describe("Keys of Vault's transit engine."),
  webApps: z.array(webApp).default([]).describe("Workloads on App Service, which log in by `jwt`."),
  webAppPlan: z
    .strictObject({
      sku: z
        .string()
        .regex(
          /^(?:B[1-3]|S[1-3]|P[1-3]v2|P[0-3]v[34]|P[1-5]mv[34])$/,
          "is no App Service plan that can join a network; write B1 to B3, S1 to S3, or a Premium one such as P1v3.",
        )
        .default("B1")
        .describe("The plan's SKU, shared by the web apps."),
      workers: z
        .int()
        .min(1, "is less than one worker; choose 1 or more.")
        .max(30, "is more than 30 workers; choose 30 or less.")
        .default(1)
        .describe("Number of workers."),
      zoneRedundant: z
        .boolean()
        .default(false)
        .describe("Spread the workers over zones; Premium SKUs with at least two workers."),
    })
    .prefault({})
    .describe("The App Service plan."),
  agentVms: z
    .array(agentVmGroup)
    .default([])
    .describe("Groups of VMs with Vault Agent, which log in by `azure`."),
  logRetentionDays: z
    .int()
    .min(30, "is less than Azure's minimum; choose 30 or more.")
    .max(730, "is more than Azure's maximum; choose 730 or less.")
    .default(30)
    .describe("How long Log Analytics keeps logs, in days."),
  evidenceWorkspace: z
    .string()
    .regex(
      /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/$%"]+\/providers\/Microsoft\.OperationalInsights\/workspaces\/[^/$%"]+$/,
      "is no Log Analytics workspace's Azure id; write it as `az monitor log-analytics workspace show --query id` does.",
    )
    .optional()
    .describe(
      "Azure id of a Log Analytics workspace of your security team, in which deployers may delete nothing: the logs of the Key Vaults, MySQL, the web apps and the package store and the subscription's activity log go there. Alerts on these logs are made with it, and the VMs send Vault's audit log and their journal (docs/operations-alerts.md says which table the workspace must have).",
    ),
  evidenceLocation: z
    .string()
    .regex(
      /^[a-z0-9]+$/,
      "is no region of Azure; write it as `az account list-locations` does, such as westeurope.",
    )
    .optional()
    .describe(
      "Region of `evidenceWorkspace`, if it is another than `location`: Azure wants rules about its logs there.",
    ),
  alerts: z
    .strictObject({
      emails: z
        .array(
          z.strictObject({
            name: z
              .string()
              .regex(
                /^[A-Za-z0-9][A-Za-z0-9 _-]{0,49}$/,
                "is no receiver's name; use 1 to 50 letters, digits, spaces, _ and -.",
              )
              .describe("Who this is; the messages show it."),
            address: z
              .email("is no mail address; write it as somebody@example.com.")
              .describe("The mail address."),
          }),
        )
        .max(50, "holds more than 50 receivers; use a mailing list.")
        .default([])
        .describe("Who gets a mail for each alert."),
      actionGroups: z
        .array(
          z
            .string()
            .regex(
              /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/$%"]+\/providers\/(?:M|m)icrosoft\.(?:I|i)nsights\/actionGroups\/[^/$%"]+$/,
              "is no action group's Azure id; write it as `az monitor action-group show --query id` does.",
            ),
        )
        .max(4, "holds more than 4 action groups; Azure takes 5 for an alert, and one is that of emails.")
        .default([])
        .describe(
          "Azure ids of action groups that somebody else keeps: for phones, on-call services and webhooks, whose addresses are secrets.",
        ),
    })
    .prefault({})
    .describe("Who hears of alerts. There are alerts only with `evidenceWorkspace`."),
  protectData: z
    .boolean()
    .default(true)
    .describe(
      "`prevent_destroy` on what would take data with it (Key Vaults, unseal key, data disk, MySQL), and CanNotDelete locks on the data disk and MySQL.",
    ),
});

export type Environment = z.infer<typeof environmentSchema>;
export type WebAppWorkload = z.infer<typeof webApp>;
export type AgentVmWorkload = z.infer<typeof agentVmGroup>;
export type NamedRange = z.infer<typeof namedRange>;
export type Deployer = z.infer<typeof deployer>;
export type Principal = z.infer<typeof principal>;
