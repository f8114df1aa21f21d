import * as ipaddr from "ipaddr.js";
import { z } from "zod";
import type { RestoreRequest } from "../cloud-init/vault-server/user-data";
import { DEFAULT_VAULT, OLDEST_VAULT, SUPPORTED_VAULT } from "../cloud-init/vault-server/vault-version";
import { seconds } from "./duration";

/** An IPv4 network in CIDR notation without host bits, such as `10.20.1.0/24`. */
const cidr = z
  .string()
  .superRefine((value, context) => {
    const message = cidrProblem(value);
    if (message) context.addIssue({ code: "custom", message });
  })
  .meta({
    pattern: "^[0-9.]+/[0-9]+$",
    patternErrorMessage:
      "is not an IPv4 network; write an address and a prefix length, such as 10.20.1.0/24.",
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
    return "is not an IPv4 network; write an address and a prefix length, such as 10.20.1.0/24.";
  }
  const network = `${ipaddr.IPv4.networkAddressFromCIDR(value).toString()}/${value.split("/")[1]}`;
  return network === value ? undefined : `has host bits set; write ${network}.`;
}

const duration = z
  .string()
  .regex(
    /^[1-9]\d{0,6}[smhd]$/,
    "is not a duration; write a whole number and a unit, such as 90s, 3m, 3h or 30d.",
  )
  .meta({ examples: ["3m", "768h"] });

const noObjectId =
  'is not an Entra object id; write a GUID (`az ad user show --id NAME --query id`), or "signed-in-user" for the person who deploys.';
const objectId = z.union([z.guid(noObjectId), z.literal("signed-in-user")], noObjectId);

const displayName = z
  .string()
  .min(1, "is empty; name the person, group or pipeline.")
  .max(100, "is longer than 100 characters; shorten it.")
  .regex(/^\P{Cc}*$/u, "contains a control character; remove it.");

const resourceGroupName = z
  .string()
  .regex(
    /^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$/u,
    "is not a resource group name; use 1 to 90 letters, digits and _ ( ) - . with no period at the end.",
  );

const deployer = z.strictObject({
  name: displayName.describe("Name of the deployer, for the reader of this file."),
  objectId: objectId.describe(
    "Entra object id of a user or a service principal (groups cannot log in to Vault by token). `signed-in-user` means the person who runs the deployment. Use it only for a demo by one person.",
  ),
  type: z
    .enum(
      ["User", "ServicePrincipal"],
      "is not a type of deployer; write User or ServicePrincipal (a group cannot log in to Vault, name its members).",
    )
    .default("User")
    .describe("Type of principal in Azure's role assignments."),
});

const principal = z.strictObject({
  name: displayName.describe("Name of the person or group, for the reader of this file."),
  objectId: z
    .guid("is not an Entra object id; write a GUID (`az ad group show --group NAME --query id`).")
    .describe(
      "Entra object id of a user, a group or a service principal. A group can read the recovery keys in Key Vault, but its members cannot log in to Vault as a group. Name the people who will use the keys.",
    ),
  type: z
    .enum(
      ["User", "Group", "ServicePrincipal"],
      "is not a type of principal; write User, Group or ServicePrincipal.",
    )
    .default("User")
    .describe("Type of principal in Azure's role assignments."),
});

const namedRange = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/,
      "is not a range name; use 1 to 30 lower-case letters, digits and hyphens, with no hyphen at the end.",
    )
    .describe("Name of the network's owner. The web apps' access restrictions show it."),
  cidr: cidr.describe("The network that may connect."),
});

/** Each list is one security rule. Key Vault's firewall accepts 1000 entries, App Service's restrictions accept 512. */
const rangeList = z.array(namedRange).max(100, "contains more than 100 ranges; join some of them.");

const deployerSubnet = z.strictObject({
  name: displayName.describe(
    "Name of the machines that deploy from the subnet, for the reader of this file.",
  ),
  id: z
    .string()
    .regex(
      /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/$%"]+\/providers\/Microsoft\.Network\/virtualNetworks\/[^/$%"]+\/subnets\/[^/$%"]+$/,
      "is not the Azure id of a subnet; write it as `az network vnet subnet show --query id` does.",
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
        .describe("State in a storage account. Terraform uses an Entra login, never an account key."),
      resourceGroup: resourceGroupName.describe("The storage account's resource group."),
      storageAccount: z
        .string()
        .regex(
          /^[a-z0-9]{3,24}$/,
          "is not a storage account name; use 3 to 24 lower-case letters and digits.",
        )
        .describe("The storage account's name."),
      container: z
        .string()
        .regex(
          /^[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){2,62}$/,
          "is not a container name; use 3 to 63 lower-case letters, digits and single hyphens.",
        )
        .describe("The blob container's name."),
    }),
  ],
  "is not a backend; set backend to local or azurerm.",
);

const subnets = z.strictObject({
  vault: cidr.default("10.20.1.0/24").describe("Vault's nodes."),
  mysql: cidr.default("10.20.2.0/24").describe("Delegated to MySQL Flexible Server. At least a /29."),
  webApp: cidr
    .default("10.20.3.0/24")
    .describe("Delegated to App Service. At least a /28. Vault binds the web apps' tokens to it."),
  agents: cidr.default("10.20.4.0/24").describe("VMs that run Vault Agent."),
});

const network = z.strictObject({
  addressSpace: cidr
    .default("10.20.0.0/16")
    .describe("The virtual network's address space. It contains the four subnets."),
  subnets: subnets.prefault({}).describe("The four subnets."),
  deployerRanges: rangeList
    .min(
      1,
      "is empty; name the networks from which people and pipelines deploy, because only these reach Vault and Key Vault.",
    )
    .describe("Networks that reach Vault (8200), the Key Vaults and the web apps' deployment endpoint."),
  deployerSubnets: z
    .array(deployerSubnet)
    .max(100, "contains more than 100 subnets; deploy from fewer.")
    .default([])
    .describe(
      "Azure subnets in the same region from which people and pipelines deploy. From these, the firewalls of Key Vault and storage accounts see no public address. Each subnet needs the service endpoints Microsoft.KeyVault, Microsoft.Storage and Microsoft.Web.",
    ),
  clientRanges: rangeList
    .default([])
    .describe(
      "Further networks that reach Vault (8200) and the web apps. Web apps see only public addresses, so private networks reach only Vault.",
    ),
  sshRanges: rangeList
    .default([])
    .describe("Networks that reach port 22. If the list is empty, the port is closed."),
  sshAdministrators: z
    .array(principal)
    .default([])
    .describe(
      "People who can log in to the VMs with Entra ID, as root. Root on Vault's VM can read Vault's memory.",
    ),
  allowAnySource: z.boolean().default(false).describe("Allows a range of 0.0.0.0/0."),
  privateDnsZone: z
    .string()
    .regex(
      /^(?=.{1,57}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/,
      "is not a DNS zone; write at least two labels of lower-case letters, digits and hyphens, such as demo.internal, 57 characters at most.",
    )
    .optional()
    .describe("Private DNS zone in which Vault's name is `vault`. Default: `<name>.internal`."),
});

const tls = z.discriminatedUnion(
  "source",
  [
    z.strictObject({
      source: z
        .literal("generated")
        .describe("Key Vault creates a self-signed certificate and renews it. Clients pin it."),
      validityInMonths: z
        .int()
        .min(1, "is less than a month; choose 1 or more.")
        .max(24, "is longer than 24 months; choose 24 or less.")
        .default(12)
        .describe("Validity of each certificate, in months."),
      renewDaysBeforeExpiry: z
        .int()
        .min(7, "leaves less than a week; choose 7 or more.")
        .max(180, "is more than 180 days; choose 180 or less.")
        .default(30)
        .describe("Key Vault renews the certificate this many days before it expires."),
    }),
    z.strictObject({
      source: z
        .literal("existing")
        .describe("An existing certificate in a Key Vault of the same subscription."),
      keyVault: z
        .string()
        .regex(
          /^(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$/,
          "is not a Key Vault name; use 3 to 24 letters, digits and single hyphens, starting with a letter.",
        )
        .describe("The Key Vault's name."),
      resourceGroup: resourceGroupName.describe("The Key Vault's resource group."),
      certificate: z
        .string()
        .regex(
          /^[A-Za-z0-9-]{1,127}$/,
          "is not a certificate name; use 1 to 127 letters, digits and hyphens.",
        )
        .describe(
          "The certificate's name. The certificate must contain Vault's private name and, with a public address, its public name.",
        ),
    }),
  ],
  "is not a source; set source to generated or existing.",
);

/**
 * Letters after the number of processors describe a size's features. Source: Azure, virtual machine naming
 * conventions.
 */
const vmSize = z
  .string()
  .regex(
    /^Standard_[A-Z]+\d+(?:-\d+)?[a-z]*(?:_[A-Z][A-Za-z0-9]+)?(?:_v\d+)?$/,
    "is not a VM size; write it as `az vm list-skus` does, such as Standard_D2s_v5.",
  )
  .superRefine((size, context) => {
    const features = /^Standard_[A-Z]+\d+(?:-\d+)?([a-z]*)/.exec(size)?.[1];
    if (features === undefined) return;
    const message = features.includes("p")
      ? "has an Arm processor, and the image is for x64; choose a size without p, such as Standard_D2s_v5."
      : !features.includes("s") && !/^Standard_[DG]S\d/.test(size)
        ? "does not support premium disks, which the VMs have; choose a size with s, such as Standard_D2s_v5."
        : undefined;
    if (message) context.addIssue({ code: "custom", message });
  });

const availabilityZone = z.enum(
  ["1", "2", "3"],
  'is not an availability zone; write "1", "2" or "3", or leave it out.',
);

const snapshots = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe("Take snapshots of Vault's data, and keep them in a storage account of their own."),
  interval: duration
    .refine(
      (interval) =>
        !/^\d+s$/.test(interval) && seconds(interval) >= 5 * 60 && seconds(interval) <= 7 * 86_400,
      "is not an interval for snapshots; choose between 5m and 7d, without seconds.",
    )
    .default("1h")
    .describe("Time from one snapshot to the next: what may be lost with the data disk."),
  retentionDays: z
    .int()
    .min(1, "is less than a day; choose 1 or more.")
    .max(365, "is more than a year; choose 365 or less.")
    .default(30)
    .describe(
      "How long a snapshot is kept, in days. With `protectData` nobody can delete or change one before that.",
    ),
  replication: z
    .enum(["LRS", "ZRS"], "is not a replication for snapshots; write LRS or ZRS.")
    .default("ZRS")
    .describe(
      "`ZRS` keeps each snapshot in three zones of the region; `LRS` in one, for a region without zones. A change makes a new storage account.",
    ),
});

const vault = z.strictObject({
  version: z
    .string()
    .regex(
      SUPPORTED_VAULT,
      `is not a supported Vault version; write a release of 2.x, such as ${DEFAULT_VAULT} (1.21.x works with a warning).`,
    )
    .default(DEFAULT_VAULT)
    .describe(
      `Vault's exact version for the server and for Vault Agent: 2.x, or ${OLDEST_VAULT} and later 1.21. A version with known vulnerabilities causes a warning with their names.`,
    ),
  sha256: z
    .string()
    .regex(
      /^[0-9a-f]{64}$/,
      "is not a SHA-256 checksum; write the 64 hexadecimal digits that `vault_<version>_SHA256SUMS` has for linux_amd64.zip.",
    )
    .optional()
    .describe(
      "Checksum of the release archive for linux_amd64, for a version that the project's table does not know. Without it, the VMs rely only on HashiCorp's signature.",
    ),
  edition: z
    .enum(["community", "enterprise"], "is not an edition; write community or enterprise.")
    .default("community")
    .describe(
      "Enterprise adds the `transform` engine and needs a licence in Key Vault under the secret name `vault-license`.",
    ),
  nodes: z
    .union(
      [z.literal(1), z.literal(3), z.literal(5)],
      "is not a size for a Raft cluster; choose 1, 3 or 5 (an even number tolerates as many failures as the odd number below it).",
    )
    .default(1)
    .describe(
      "Number of Vault nodes. 3 or 5 nodes are a Raft cluster behind a private load balancer. It can lose one or two nodes without an outage.",
    ),
  vmSize: vmSize.default("Standard_D2s_v5").describe("Size of the nodes' VMs."),
  zone: availabilityZone.optional().describe("Availability zone of a single node's VM, disk and address."),
  zones: z
    .array(availabilityZone)
    .min(1, "is empty; name at least one zone, or leave the field out.")
    .refine((zones) => new Set(zones).size === zones.length, "names a zone twice; name each once.")
    .default(["1", "2", "3"])
    .describe("Availability zones of a cluster. The nodes use them in turn."),
  osDiskGb: z
    .int()
    .min(30, "is smaller than Ubuntu's image; choose 30 or more.")
    .max(4095, "is larger than the maximum of an OS disk; choose 4095 or less.")
    .default(64)
    .describe("OS disk, in GiB."),
  dataDiskGb: z
    .int()
    .min(4, "is too small for Raft; choose 4 or more.")
    .max(32_767, "is larger than the maximum of a managed disk; choose 32767 or less.")
    .default(32)
    .describe("Data disk, in GiB. It outlives the VM."),
  encryptionAtHost: z
    .boolean()
    .default(false)
    .describe(
      "Also encrypt temporary disks and caches. The subscription must have the feature EncryptionAtHost registered.",
    ),
  publicAddress: z
    .boolean()
    .default(false)
    .describe("Give Vault a public address with a DNS label. It is open only to the named ranges."),
  tls: tls.prefault({ source: "generated" }).describe("Source of the TLS certificate."),
  keyVaultSku: z
    .enum(["standard", "premium"], "is not a Key Vault SKU; write standard or premium.")
    .default("standard")
    .describe("`premium` keeps the unseal key in a hardware security module."),
  snapshots: snapshots.prefault({}).describe("Snapshots of Vault's data."),
  firstBoot: z
    .enum(["initialize", "adopt"], "is not a first-boot mode; write initialize or adopt.")
    .default("initialize")
    .describe(
      "`initialize` creates a new Vault on a new data disk. `adopt` uses an existing Vault on a restored or moved disk.",
    ),
  recoveryShares: z
    .int()
    .min(1, "is less than one share; choose 1 or more.")
    .max(255, "is more than 255 shares; choose 255 or less.")
    .default(5)
    .describe("Number of shares of the recovery key."),
  recoveryThreshold: z
    .int()
    .min(1, "is less than one share; choose 1 or more.")
    .max(255, "is more than 255 shares; choose 255 or less.")
    .default(3)
    .describe("Number of shares that are needed together."),
  automaticRebootTime: z
    .string()
    .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "is not a time of day; write it as 03:30 (UTC).")
    .default("03:30")
    .describe(
      "Time of day (UTC) at which a VM reboots if a security update requires it. Vault unseals itself afterwards.",
    ),
  deployerTokenTtl: duration.default("1h").describe("Lifetime of a deployer's Vault token."),
  minTlsVersion: z
    .enum(["1.2", "1.3"], "is not a TLS version that Vault may accept; write 1.2 or 1.3.")
    .default("1.2")
    .describe("The oldest TLS version that clients can use."),
});

const mysql = z.strictObject({
  version: z
    .enum(["8.0.21", "8.4"], "is not a MySQL version that Azure offers; write 8.0.21 or 8.4.")
    .default("8.4")
    .describe("MySQL's version."),
  sku: z
    .string()
    .regex(
      /^(?:B|GP|MO)_Standard_[A-Za-z0-9_]+$/,
      "is not a MySQL SKU; write it as B_Standard_B1ms or GP_Standard_D2ds_v4.",
    )
    .default("B_Standard_B1ms")
    .describe("The server's size."),
  storageGb: z
    .int()
    .min(20, "is less than Azure's minimum; choose 20 or more.")
    .max(16_384, "is more than Azure's maximum; choose 16384 or less.")
    .default(20)
    .describe("Storage, in GiB. It grows automatically."),
  backupRetentionDays: z
    .int()
    .min(1, "is less than Azure's minimum; choose 1 or more.")
    .max(35, "is more than Azure's maximum; choose 35 or less.")
    .default(7)
    .describe("Retention of backups, in days."),
  geoRedundantBackup: z.boolean().default(false).describe("Also keep backups in the paired region."),
  highAvailability: z
    .boolean()
    .default(false)
    .describe("A standby in another zone. The burstable SKUs (B_...) do not support it."),
  databaseName: z
    .string()
    .regex(
      /^(?!(?:mysql|sys|information_schema|performance_schema)$)[a-z][a-z0-9_]{0,63}$/,
      "is not a name for the application's database; use 1 to 64 lower-case letters, digits and underscores, and none of MySQL's own (mysql, sys, information_schema, performance_schema).",
    )
    .default("customers")
    .describe("The application's database."),
  administratorLogin: z
    .string()
    .regex(
      /^(?!(?:root|admin|administrator|guest|public|azure_superuser)$)[a-z][a-z0-9_]{0,31}$/,
      "is not an administrator name; use 1 to 32 lower-case letters, digits and underscores, and none that Azure reserves (root, admin, administrator, guest, public, azure_superuser).",
    )
    .default("vaultadmin")
    .describe("The administrator. After Vault rotates the password, only Vault knows it."),
  passwordVersion: z
    .int()
    .min(1, "is less than 1; choose 1 or more.")
    .max(1_000_000, "is more than a million; choose the next number after the one in use.")
    .default(1)
    .describe("Raise it to create a new administrator password, for example after the loss of Vault."),
  slowQuerySeconds: z
    .int()
    .min(0, "is negative; choose 0 or more.")
    .max(3600, "is more than an hour; choose 3600 or less.")
    .default(2)
    .describe("MySQL logs queries that take longer, in seconds."),
});

const databaseRole = z.strictObject({
  privileges: z
    .array(
      z.enum(
        ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES"],
        "is not a privilege that a workload can have on a database's tables; choose from SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES.",
      ),
    )
    .min(1, "is empty; name at least one privilege, such as SELECT.")
    .describe("Privileges of the role's users in the application's database."),
  defaultTtl: duration.describe("Lease of the credentials."),
  maxTtl: duration.describe("Maximum lifetime of the credentials, including renewals."),
});

const roleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, "is not a role name; use 1 to 32 lower-case letters, digits and hyphens.");

const transitKeyName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}$/, "is not a key name; use 1 to 64 lower-case letters, digits and hyphens.");

const workloadName = z
  .string()
  .regex(
    /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,23}$/,
    "is not a workload name; use 1 to 24 lower-case letters, digits and single hyphens, starting with a letter, because Azure limits the length of names.",
  );

const policyPath = z
  .string()
  .describe("A path in Vault, such as `transit/encrypt/customer-key`. The capability follows from the path.");

const webApp = z.strictObject({
  name: workloadName.describe("Name of the workload. Its Vault role is `<name>-role`."),
  paths: z
    .array(policyPath)
    .default([])
    .describe("Vault paths that its policy allows, besides its database role's credentials."),
  databaseRole: roleName.optional().describe("Database role whose credentials it can read."),
  requireLogin: z
    .boolean()
    .default(false)
    .describe("People must sign in with Entra ID before App Service passes a request to the application."),
  login: z
    .strictObject({
      clientId: z
        .guid(
          "is not an application id; write a GUID (`az ad app list --display-name NAME --query [].appId`).",
        )
        .describe("Application (client) id of the app registration that people sign in to."),
    })
    .optional()
    .describe(
      "The sign-in for `requireLogin`. It needs no client secret, because an identity acts for the application.",
    ),
  tokenTtl: duration.default("768h").describe("Lifetime of its Vault token."),
  tokenNumUses: z
    .int()
    .min(1, "is less than one use; choose 1 or more, or remove it to allow any number.")
    .max(1_000_000, "is more than a million uses; choose less, or remove it to allow any number.")
    .optional()
    .describe(
      "Number of uses of a token. It makes the token a service token, because batch tokens have no counter. Not for a web app with a database role, because its database users end with the token.",
    ),
});

const agentVmGroup = z.strictObject({
  name: workloadName.describe("Name of the workload. Its Vault role is `<name>-role`."),
  count: z
    .int()
    .min(1, "is less than one VM; choose 1 or more, or remove the group.")
    .max(50, "is more than 50 VMs; make a second group.")
    .default(1)
    .describe("Number of VMs. They are all equal."),
  vmSize: vmSize.default("Standard_D2s_v5").describe("Size of each VM."),
  zone: availabilityZone.optional().describe("Availability zone of the VMs."),
  osDiskGb: z
    .int()
    .min(30, "is smaller than Ubuntu's image; choose 30 or more.")
    .max(4095, "is larger than the maximum of an OS disk; choose 4095 or less.")
    .default(64)
    .describe("OS disk, in GiB."),
  encryptionAtHost: z
    .boolean()
    .default(false)
    .describe(
      "Also encrypt temporary disks and caches. The subscription must have the feature EncryptionAtHost registered.",
    ),
  paths: z
    .array(policyPath)
    .default([])
    .describe("Vault paths that its policy allows, besides its database role's credentials."),
  databaseRole: roleName.describe("Database role whose credentials Vault Agent renders."),
  tokenTtl: duration.default("1h").describe("Lifetime of Vault Agent's token. The agent renews it."),
  tokenMaxTtl: duration
    .default("1h")
    .describe(
      "Maximum lifetime of that token. The azure mount allows at most one hour. After that, the agent logs in again.",
    ),
});

/**
 * One environment: everything that differs between a demo and production. The schema checks it before any other work.
 * Descriptions appear in docs/environments.md and in editors that complete environments/*.json.
 */
export const environmentSchema = z.strictObject({
  $schema: z
    .string()
    .optional()
    .describe("`./schema.json`. It tells editors the fields, their meaning and their defaults."),
  name: z
    .string()
    .regex(
      /^[a-z][a-z0-9]{1,9}$/,
      "is not an environment name; use 2 to 10 lower-case letters and digits, starting with a letter, because Key Vault names (24 characters) contain it.",
    )
    .describe("The file's name. It is part of every resource's name."),
  location: z
    .string()
    .regex(
      /^[a-z0-9]+$/,
      "is not an Azure region; write it as `az account list-locations` does, such as westeurope.",
    )
    .describe("Azure region."),
  tags: z
    .record(
      z.string().meta({
        pattern: "^[A-Za-z][A-Za-z0-9_.-]{0,127}$",
        patternErrorMessage:
          "is not a tag name; use 1 to 128 letters, digits and _ . -, starting with a letter.",
      }),
      z
        .string()
        .max(256, "is longer than the 256 characters that Azure allows; shorten it.")
        .regex(
          /^(?!.*[$%]\{)\P{Cc}*$/u,
          "contains a control character, or ${ or %{ which Terraform would evaluate; remove it.",
        ),
    )
    .default({})
    .describe(
      "Tags on every resource that accepts tags. At most 13, because the project also sets `environment` and `project`.",
    ),
  tagsFromPolicy: z
    .array(
      z
        .string()
        .regex(
          /^[A-Za-z][A-Za-z0-9 _.:-]{0,127}$/,
          "is not a tag name; use 1 to 128 letters, digits, spaces and _ . : -, starting with a letter.",
        ),
    )
    .max(50, "contains more than 50 tags, the limit of a resource; remove some.")
    .default([])
    .describe(
      "Names of tags that your Azure Policy sets on resources. Deployments do not change them. Without this list, each deployment would remove them.",
    ),
  deployers: z
    .array(deployer)
    .min(
      1,
      "is empty; name at least one person or pipeline, because only deployers can configure Vault after its first boot.",
    )
    .describe(
      "People and pipelines that can deploy the stacks and configure Vault, but cannot read its secrets.",
    ),
  deployerLogin: z
    .strictObject({
      clientId: z
        .guid(
          "is not an application id; write a GUID (`az ad app list --display-name NAME --query [].appId`).",
        )
        .describe("Application (client) id of the app registration."),
      appRole: z
        .string()
        .regex(
          /^[A-Za-z0-9][A-Za-z0-9_.-]{0,119}$/,
          "is not the value of an app role; write 1 to 120 letters, digits and _ . - as the app registration has it.",
        )
        .describe("Value of the deployers' app role, such as Vault.Deploy."),
    })
    .optional()
    .describe(
      "A separate app registration for the deployers' login in Vault. With it, Vault refuses their tokens for Azure Resource Manager, which every tool requests.",
    ),
  recoveryKeyReaders: z
    .array(principal)
    .default([])
    .describe(
      "People who can read Vault's recovery keys. A deployer cannot be in this list. If the list is empty, nobody can read them until an owner of the subscription grants the right.",
    ),
  state: state.prefault({ backend: "local" }).describe("The place of Terraform's state."),
  additionalSubscriptions: z
    .array(z.guid('is not a subscription id; write a GUID (`az account list --query "[].id"`).'))
    .default([])
    .describe("Further subscriptions in which the custom role Virtual Machine Reader is assignable."),
  network: network.describe("Addresses and access."),
  ubuntu: z
    .enum(["24.04", "26.04"], "is not an Ubuntu version for the VMs; write 24.04 or 26.04.")
    .default("24.04")
    .describe(
      "Ubuntu version of new VMs. Running VMs keep theirs. Nobody has tried 26.04: first create a VM with it in a separate environment.",
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
  webApps: z.array(webApp).default([]).describe("Workloads on App Service. They log in with `jwt`."),
  webAppPlan: z
    .strictObject({
      sku: z
        .string()
        .regex(
          /^(?:B[1-3]|S[1-3]|P[1-3]v2|P[0-3]v[34]|P[1-5]mv[34])$/,
          "is not an App Service plan that can join a network; write B1 to B3, S1 to S3, or a Premium one such as P1v3.",
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
        .describe("Distribute the workers over zones. This needs a Premium SKU and at least two workers."),
    })
    .prefault({})
    .describe("The App Service plan."),
  agentVms: z
    .array(agentVmGroup)
    .default([])
    .describe("Groups of VMs with Vault Agent. They log in with `azure`."),
  logRetentionDays: z
    .int()
    .min(30, "is less than Azure's minimum; choose 30 or more.")
    .max(730, "is more than Azure's maximum; choose 730 or less.")
    .default(30)
    .describe("Retention of logs in Log Analytics, in days."),
  evidenceWorkspace: z
    .string()
    .regex(
      /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/$%"]+\/providers\/Microsoft\.OperationalInsights\/workspaces\/[^/$%"]+$/,
      "is not the Azure id of a Log Analytics workspace; write it as `az monitor log-analytics workspace show --query id` does.",
    )
    .optional()
    .describe(
      "Azure id of your security team's Log Analytics workspace, in which deployers cannot delete anything. It receives the logs of the Key Vaults, MySQL, the web apps and the package store, the subscription's activity log, and from the VMs Vault's audit log and the journal. Alerts on these logs come with it. docs/operations-alerts.md says which table the workspace must have.",
    ),
  evidenceLocation: z
    .string()
    .regex(
      /^[a-z0-9]+$/,
      "is not a region of Azure; write it as `az account list-locations` does, such as westeurope.",
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
                "is not a name for a receiver; use 1 to 50 letters, digits, spaces, _ and -.",
              )
              .describe("Who this is; the messages show it."),
            address: z
              .email("is not a mail address; write it as somebody@example.com.")
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
              "is not the Azure id of an action group; write it as `az monitor action-group show --query id` does.",
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
      "Sets `prevent_destroy` on resources whose deletion loses data (Key Vaults, unseal key, data disk, snapshots, MySQL), and CanNotDelete locks on the data disk and MySQL. Azure then also refuses to change a snapshot.",
    ),
});

export type Environment = z.infer<typeof environmentSchema> & {
  /** In no file: what scripts/restore asks for, in one deployment. */
  readonly restore?: RestoreRequest;
  /** In no file: that scripts/deploy was told --no-snapshot. */
  readonly upgradeWithoutSnapshot?: boolean;
};
export type WebAppWorkload = z.infer<typeof webApp>;
export type AgentVmWorkload = z.infer<typeof agentVmGroup>;
export type NamedRange = z.infer<typeof namedRange>;
export type Deployer = z.infer<typeof deployer>;
export type Principal = z.infer<typeof principal>;
