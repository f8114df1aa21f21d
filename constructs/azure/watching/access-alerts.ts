import type { LogAlert } from "./alert";
import { byOthers, changed, groups, keyVaults, notBy, written } from "./log-queries";

/** Somebody changes rights, reads a key, or changes the system past the pipelines. */
export const accessAlerts: readonly LogAlert[] = [
  {
    name: "vault-rights-changed",
    severity: 2,
    every: "PT5M",
    window: "PT15M",
    way: "Write a policy and a role in Vault for themselves, log in with that role, read secrets",
    what: "Somebody other than a pipeline changed policies, roles, logins or audit devices of Vault.",
    why: "A person who can write a policy and a role can read every secret.",
    cure: "Ask the caller. Read `cdktf diff vault-config`, and deploy it to undo the change.",
    query: (system) =>
      written(
        system,
        "^(sys/polic(y|ies)/|sys/auth/|sys/audit/|auth/(jwt|azure|deployer|recovery|machine)/(role|config))",
      ),
  },
  {
    name: "database-access-changed",
    severity: 2,
    every: "PT5M",
    window: "PT15M",
    way: "Point Vault's database connection at their own MySQL server on Azure, which then sees the administrator log in; or write their own statements into a database role",
    what: "Somebody other than a pipeline changed Vault's database connection or database roles.",
    why: "Another server sees the administrator's password. Another role creates users with more rights.",
    cure: "Ask the caller. Deploy `vault-config`, then rotate the root credentials (`vault write -force database/rotate-root/mysql`).",
    query: (system) => written(system, "^database/(config|roles)/"),
  },
  {
    name: "role-assigned",
    severity: 2,
    every: "PT5M",
    window: "PT15M",
    way: "Assign themselves a role in Azure, for example on the recovery keys",
    what: "Somebody other than a pipeline assigned a role in Azure.",
    why: "A role on the recovery keys, the unseal key or the certificate opens Vault.",
    cure: "Find out who got which role (`az role assignment list --all`). Remove each role that is not in docs/security.md.",
    query: (system) =>
      changed(
        system,
        ["Microsoft.Authorization/roleAssignments/write"],
        `ResourceGroup in~ (${groups(system)}) or isempty(ResourceGroup)`,
      ),
  },
  {
    name: "recovery-keys-read",
    severity: 1,
    every: "PT5M",
    window: "PT15M",
    way: "Assign themselves a role in Azure, for example on the recovery keys",
    what: "Somebody read Vault's recovery keys, or tried.",
    why: "Enough of them create a root token.",
    cure: "If nobody is recovering Vault, create new recovery keys (docs/operations.md says how). Remove the caller's role.",
    query: (system) => byOthers(system, "SecretGet", "/secrets/vault-recovery-keys"),
  },
  {
    name: "certificate-key-read",
    severity: 2,
    every: "PT5M",
    window: "PT15M",
    way: "Read the TLS private key and impersonate Vault inside the network",
    what: "Somebody other than Vault read the private key of its certificate, or tried.",
    why: "With this key, an attacker inside the network can impersonate Vault and read what clients send.",
    cure: "Create a new version of the certificate in Key Vault. The VMs serve it within 75 minutes.",
    query: (system) => byOthers(system, "SecretGet", "/secrets/vault-tls"),
  },
  {
    name: "unwrap-by-others",
    severity: 0,
    every: "PT5M",
    window: "PT15M",
    way: "Take a snapshot of the data disk and unwrap Vault's root key",
    what: "Somebody other than Vault unwrapped with the unseal key, or tried.",
    why: "With Vault's root key and a copy of its data, an attacker reads every secret.",
    cure: "Remove the caller's rights. Rotate the unseal key, then every secret in Vault.",
    query: (system) => byOthers(system, "KeyUnwrap", "/keys/"),
  },
  {
    name: "disk-copied",
    severity: 1,
    every: "PT5M",
    window: "PT15M",
    way: "Take a snapshot of the data disk and unwrap Vault's root key",
    what: "Somebody other than a pipeline took a snapshot of a disk, or asked for a disk's content.",
    why: "With the unseal key, it is a copy of everything in Vault. The alert covers the whole subscription, because a copy may be in another resource group.",
    cure: "Delete the snapshot if nobody knows it. Check whether unwrap-by-others fired.",
    query: (system) =>
      changed(
        system,
        ["Microsoft.Compute/snapshots/write", "Microsoft.Compute/disks/beginGetAccess/action"],
        "true",
      ),
  },
  {
    name: "machine-changed",
    severity: 2,
    every: "PT5M",
    window: "PT15M",
    way: "Change user data, which Vault's VM applies as root within a minute, or run a command on the VM. Both give full control of that VM and its Vault",
    what: "Somebody other than a pipeline changed a VM, ran a command on it or gave it an extension.",
    why: "Each of these gives root on the VM.",
    cure: "Ask the caller. `scripts/deploy --plan` shows what differs from the code. A deployment undoes it.",
    query: (system) =>
      changed(system, [
        "Microsoft.Compute/virtualMachines/write",
        "Microsoft.Compute/virtualMachines/runCommand/action",
        "Microsoft.Compute/virtualMachines/runCommands/write",
        "Microsoft.Compute/virtualMachines/extensions/write",
        "Microsoft.Compute/virtualMachines/extensions/delete",
      ]),
  },
  {
    name: "application-changed",
    severity: 2,
    every: "PT5M",
    window: "PT15M",
    way: "Change the application's package or settings",
    what: "Somebody other than a pipeline changed a web app's settings, logged in to its deployment endpoint or wrote a package.",
    why: "The application sees the secrets that Vault gives it, and so does a changed package.",
    cure: "Ask the caller, and deploy `web-app` and `agent-vm` again.",
    query: (system) =>
      `union
(${changed(system, ["Microsoft.Web/sites/config/write", "Microsoft.Web/sites/write"])}),
(AppServiceAuditLogs
| where OperationName == "Authorization" and _ResourceId contains "/resourcegroups/rg-${system.environment}-vault/"
| extend Caller = User, CallerIpAddress = UserAddress${notBy("Caller", system.pipelines)}
| summarize Count = count() by Caller, CallerIpAddress),
(StorageBlobLogs
| where OperationName in ("PutBlob", "PutBlock", "PutBlockList", "DeleteBlob") and _ResourceId contains "/resourcegroups/rg-${system.environment}-vault/"
| where Uri contains "/app/"${notBy("RequesterObjectId", system.pipelines)}
| summarize Count = count() by Caller = RequesterObjectId, CallerIpAddress)`,
  },
  {
    name: "key-vault-deleted",
    severity: 1,
    every: "PT5M",
    window: "PT15M",
    way: "Delete a Key Vault, key or secret",
    what: "Somebody deleted a Key Vault, a key or a secret.",
    why: "Without the unseal key, Vault can no longer start. Soft delete keeps the key for 90 days.",
    cure: "Recover it: `az keyvault recover`, `az keyvault key recover`, `az keyvault secret recover`.",
    query: (system) =>
      `union
(${changed(system, ["Microsoft.KeyVault/vaults/delete"])}),
(${keyVaults(system)}
| where OperationName in ("KeyDelete", "SecretDelete", "CertificateDelete")
| summarize Count = count(), Operations = make_set(OperationName, 20) by Caller, CallerIpAddress = CallerIPAddress)`,
  },
  {
    name: "lock-lifted",
    severity: 1,
    every: "PT5M",
    window: "PT15M",
    way: "Remove a lock, then delete the data disk or MySQL",
    what: "Somebody other than a pipeline removed a lock.",
    why: "The next step deletes the data disk or MySQL.",
    cure: "Ask the caller. Deploy `vault-server` and `mysql`, which create the locks again.",
    query: (system) => changed(system, ["Microsoft.Authorization/locks/delete"]),
  },
  {
    name: "evidence-removed",
    severity: 1,
    every: "PT5M",
    window: "PT15M",
    way: "Delete a diagnostic setting, so that nothing receives a log",
    what: "Somebody other than a pipeline removed a diagnostic setting, a data collection rule or an alert.",
    why: "After that, nobody sees what happens.",
    cure: "Ask the caller. Deploy the stack that has it.",
    query: (system) =>
      changed(
        system,
        [
          "Microsoft.Insights/diagnosticSettings/delete",
          "Microsoft.Insights/dataCollectionRules/delete",
          "Microsoft.Insights/dataCollectionRuleAssociations/delete",
          "Microsoft.Insights/scheduledQueryRules/delete",
          "Microsoft.Insights/scheduledQueryRules/write",
          "Microsoft.Insights/metricAlerts/delete",
          "Microsoft.Insights/actionGroups/delete",
        ],
        `ResourceGroup in~ (${groups(system)}) or isempty(ResourceGroup)`,
      ),
  },
];
