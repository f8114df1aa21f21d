/** The data of an environment that the queries need. Every string may be a Terraform reference. */
export interface WatchedSystem {
  readonly environment: string;
  /** Names of the VMs that run Vault; at synth. */
  readonly nodes: readonly string[];
  /** Object id of Vault's identity. */
  readonly vaultPrincipalId: string;
  /** Object ids of the pipelines that deploy. Their changes raise no alert. */
  readonly pipelines: readonly string[];
  /** True if Vault's nodes take at least one snapshot a day. */
  readonly snapshots: boolean;
  /** If Vault's certificate has fewer days left, its renewal is overdue. */
  readonly certificateDays: number;
}

/** An alert from a query over the logs. Each row of the result raises one. */
export interface LogAlert {
  readonly name: string;
  /** 0 critical, 1 error, 2 warning, 3 informational. Source: Azure Monitor. */
  readonly severity: 0 | 1 | 2 | 3;
  /** The interval between two runs of the query, and the time that it looks back. Durations of ISO 8601. */
  readonly every: "PT5M" | "PT1H";
  readonly window: "PT5M" | "PT15M" | "PT1H" | "P2D";
  /** A sentence about the finding, for the people who get the message. */
  readonly what: string;
  readonly why: string;
  readonly cure: string;
  /** The row of docs/security.md, "What a deployer can still do", whose trace this alert finds. */
  readonly way?: string;
  /** Returns false if the system has nothing to watch. The default is true. */
  readonly applies?: (system: WatchedSystem) => boolean;
  /** A query in Kusto, without times, because Azure adds the time range. */
  readonly query: (system: WatchedSystem) => string;
}

/** An alert on a number that Azure measures without the VMs' help. */
export interface MetricAlert {
  readonly name: string;
  readonly severity: 0 | 1 | 2 | 3;
  readonly of: "nodes" | "keyVault" | "mysql";
  readonly namespace: string;
  readonly metric: string;
  readonly aggregation: "Average" | "Maximum" | "Total";
  readonly operator: "LessThan" | "GreaterThan";
  readonly threshold: number;
  readonly what: string;
  readonly why: string;
  readonly cure: string;
}

const list = (texts: readonly string[]): string => texts.map((text) => `"${text}"`).join(", ");

/** Returns the lines of a program in the nodes' journals. */
const journalOf = (program: string, nodes: readonly string[]): string =>
  `Syslog
| where ProcessName == "${program}" and Computer in (${list(nodes)})`;

/** Returns a program's reports that contain a text. A report begins with the program's name. */
const reportsOf = (program: string, text: string, nodes: readonly string[]): string =>
  `${journalOf(program, nodes)}
| where SyslogMessage startswith "${program} " and SyslogMessage contains "${text}"`;

/** Counts the lines of each node, and shows one line of it. */
const countedByNode = "| summarize Count = count(), Message = take_any(SyslogMessage) by Computer";

/** Returns a condition that excludes pipelines. Kusto does not accept an empty list. */
const notBy = (column: string, pipelines: readonly string[]): string =>
  pipelines.length > 0 ? `\n| where ${column} !in (${list(pipelines)})` : "";

/** Returns the newest line of vault-watch on each node, as `State`. */
const newestState = ({ nodes }: WatchedSystem): string =>
  `${journalOf("vault-watch", nodes)}
| where SyslogMessage startswith "{"
| summarize arg_max(TimeGenerated, SyslogMessage) by Computer
| extend State = parse_json(SyslogMessage)`;

/** Returns Vault's responses in its audit log. */
const audited = ({ nodes }: WatchedSystem): string =>
  `VaultAudit_CL
| where Computer in (${list(nodes)})
| extend Line = parse_json(RawData)
| where tostring(Line.type) == "response"
| extend Path = tostring(Line.request.path), Operation = tostring(Line.request.operation), Error = tostring(Line.error)
| extend Caller = tostring(Line.auth.display_name), Address = tostring(Line.request.remote_address)`;

/** Returns writes to a matching path of Vault, except by pipelines. */
const written = (system: WatchedSystem, path: string): string =>
  `${audited(system)}
| where Operation in ("create", "update", "delete") and Path matches regex @"${path}"${notBy(
    "Caller",
    system.pipelines.map((id) => `deployer-${id}`),
  )}
| summarize Count = count(), Paths = make_set(Path, 20) by Caller, Address`;

/** Returns the names of the system's resource groups. */
const groups = ({ environment }: WatchedSystem): string =>
  list(["", "-recovery", "-snapshots"].map((end) => `rg-${environment}-vault${end}`));

/** Returns changes in Azure, except by pipelines. */
const changed = (
  system: WatchedSystem,
  operations: readonly string[],
  where = `ResourceGroup in~ (${groups(system)})`,
): string =>
  `AzureActivity
| where OperationNameValue in~ (${list(operations)})
| where ${where}
| extend Caller = tostring(Claims_d["http://schemas.microsoft.com/identity/claims/objectidentifier"])${notBy("Caller", system.pipelines)}
| summarize Count = count(), Operations = make_set(OperationNameValue, 20) by Caller, CallerIpAddress`;

/** Returns the requests to the Key Vaults. */
const keyVaults = (system: WatchedSystem): string =>
  `AzureDiagnostics
| where ResourceProvider =~ "MICROSOFT.KEYVAULT" and Category == "AuditEvent" and ResourceGroup in~ (${groups(system)})
| extend Caller = coalesce(column_ifexists("identity_claim_oid_g", ""), column_ifexists("identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g", ""))
| extend Uri = column_ifexists("requestUri_s", "")`;

/** Returns requests of one operation, except by Vault. */
const byOthers = (system: WatchedSystem, operation: string, path: string): string =>
  `${keyVaults(system)}
| where OperationName == "${operation}" and Uri contains "${path}"
| where Caller != "${system.vaultPrincipalId}"
| summarize Count = count() by Caller, CallerIPAddress, Uri`;

/** Every alert on logs: the rules, the workbook and docs/operations-alerts.md come from here. */
export const logAlerts: readonly LogAlert[] = [
  {
    name: "sealed",
    severity: 0,
    every: "PT5M",
    window: "PT5M",
    what: "A node's Vault is sealed.",
    why: "A sealed Vault answers nobody. It unseals itself unless the unseal key or its Key Vault cannot be reached.",
    cure: "Read `journalctl -u vault` on the node: it says what Key Vault answered. Enable the key, or give Vault's identity its role back; Vault then unseals itself.",
    query: (system) => `${newestState(system)}\n| where tobool(State.sealed)\n| project Computer`,
  },
  {
    name: "unreachable",
    severity: 0,
    every: "PT5M",
    window: "PT5M",
    what: "A node's Vault does not answer on its own VM.",
    why: "Its process is down or hangs. systemd restarts it every five seconds, and that has not helped.",
    cure: "Read `journalctl -u vault -u vault-certificate -u vault-install` on the node: the first unit that fails says why.",
    query: (system) => `${newestState(system)}\n| where not(tobool(State.answered))\n| project Computer`,
  },
  {
    name: "no-leader",
    severity: 0,
    every: "PT5M",
    window: "PT5M",
    what: "An unsealed node knows no active node.",
    why: "Without a leader the cluster answers nobody. More than half of the nodes must run.",
    cure: "Start the VMs that are down. If more than half of the disks are lost, restore a snapshot.",
    query: (system) =>
      `${newestState(system)}
| where tobool(State.answered) and not(tobool(State.sealed)) and not(tobool(State.leader))
| project Computer`,
  },
  {
    name: "silent",
    severity: 1,
    every: "PT5M",
    window: "PT15M",
    what: "A node has said nothing for 15 minutes.",
    why: "The VM or its connection is down, or somebody removed the agent. No other alert sees this node either.",
    cure: "Check whether the VM runs (`az vm get-instance-view`). If it does, check the extension AzureMonitorLinuxAgent and the data collection rule.",
    query: ({ nodes, ...system }) =>
      `datatable(Computer: string) [${list(nodes)}]
| join kind=leftanti (
${newestState({ nodes, ...system })}
| project Computer
) on Computer`,
  },
  {
    name: "audit-blocked",
    severity: 0,
    every: "PT5M",
    window: "PT5M",
    what: "Vault refuses requests, although it is unsealed and has a leader.",
    why: "Vault answers a request only after an audit device has logged it. Both devices are full or broken.",
    cure: "Free space on the node's OS disk, or in /var/log/vault/memory. Vault then answers at once.",
    query: (system) =>
      `${newestState(system)}
| where not(tobool(State.sealed)) and tobool(State.leader) and not(tobool(State.audited))
| project Computer`,
  },
  {
    name: "audit-stopped",
    severity: 1,
    every: "PT5M",
    window: "PT15M",
    what: "No line of the active node's audit log has arrived for 15 minutes.",
    why: "vault-watch alone adds a line each minute, so the log does not reach the workspace. Evidence is lost.",
    cure: "Check whether /var/log/vault/first-boot-audit.log grows. If it does, check the agent and the data collection rule. If not, create a root token with the recovery keys, and list the audit devices.",
    query: (system) =>
      `${newestState(system)}
| where tobool(State.answered) and not(tobool(State.sealed)) and not(tobool(State.standby))
| join kind=leftanti (VaultAudit_CL | distinct Computer) on Computer
| project Computer`,
  },
  {
    name: "audit-device-failed",
    severity: 1,
    every: "PT5M",
    window: "PT15M",
    what: "An audit device of Vault cannot write.",
    why: "The other device still logs each request. If it fails too, Vault answers nobody.",
    cure: "Free space on the disk that the line names. docs/security.md says where the audit logs are.",
    query: ({ nodes }) =>
      `${journalOf("vault", nodes)}
| where SyslogMessage contains "underlying pipeline error" or SyslogMessage contains "failed to audit"
${countedByNode}`,
  },
  {
    name: "certificate-ends",
    severity: 1,
    every: "PT1H",
    window: "PT1H",
    what: "Vault's certificate ends soon.",
    why: "After the end, every client refuses Vault. Key Vault should have renewed the certificate, and the VM should have fetched it.",
    cure: "Read `journalctl -u vault-certificate` on the node. Renew the certificate in Key Vault if it has no newer version.",
    query: (system) =>
      `${newestState(system)}
| extend Days = toint(State.certificateDays)
| where Days < ${system.certificateDays}
| project Computer, Days`,
  },
  {
    name: "disk-full",
    severity: 1,
    every: "PT5M",
    window: "PT15M",
    what: "A disk of a node is more than four fifths full.",
    why: "A full data disk stops Raft, and so Vault. A full OS disk stops the permanent audit log.",
    cure: "Find out what fills it (`du -x`). To enlarge it, raise `vault.dataDiskGb` or `vault.osDiskGb` and deploy.",
    query: (system) =>
      `${newestState(system)}
| mv-expand Disk = State.disks
| extend Name = tostring(Disk.name), Used = toint(Disk.used)
| where Used > 80
| project Computer, Name, Used`,
  },
  {
    name: "snapshot-failed",
    severity: 2,
    every: "PT5M",
    window: "PT1H",
    applies: ({ snapshots }) => snapshots,
    what: "Vault's VM could not take or store a snapshot of Vault's data.",
    why: "If you need a snapshot now, you lose more data than planned.",
    cure: "The line says why. Correct the cause, then run `systemctl start vault-snapshot` on the active node.",
    query: ({ nodes }) =>
      `${reportsOf("vault-snapshot", ": failed:", nodes)}
${countedByNode}`,
  },
  {
    name: "snapshot-old",
    severity: 1,
    every: "PT1H",
    window: "P2D",
    applies: ({ snapshots }) => snapshots,
    what: "Vault's nodes have stored no snapshot for two days.",
    why: "If the data disks are lost, everything after the last snapshot is lost.",
    cure: "Read `journalctl -u vault-snapshot` on the active node, and see whether `vault-snapshot.timer` runs.",
    query: ({ nodes }) =>
      `${reportsOf("vault-snapshot", ": stored,", nodes)}
| summarize Stored = count()
| where Stored == 0`,
  },
  {
    name: "drill-failed",
    severity: 2,
    every: "PT5M",
    window: "PT1H",
    applies: ({ snapshots }) => snapshots,
    what: "A drill could not restore the newest snapshot into a second Vault.",
    why: "You may not be able to restore it when you need it.",
    cure: "The line says why. Often Key Vault refuses a version of the unseal key. Correct the cause, then run `scripts/restore --drill`.",
    query: ({ nodes }) =>
      `${reportsOf("vault-restore", "drill failed:", nodes)}
${countedByNode}`,
  },
  {
    name: "drill-old",
    severity: 2,
    every: "PT1H",
    window: "P2D",
    applies: ({ snapshots }) => snapshots,
    what: "No drill has passed for two days. In its first two hours, a new Vault cannot have one.",
    why: "Nobody has seen that a snapshot can be restored.",
    cure: "Read `journalctl -u vault-restore-drill` on the nodes, and see whether `vault-restore-drill.timer` runs.",
    query: ({ nodes }) =>
      `${reportsOf("vault-restore", "drill passed", nodes)}
| summarize Passed = count()
| where Passed == 0`,
  },
  {
    name: "failed-logins",
    severity: 2,
    every: "PT5M",
    window: "PT15M",
    what: "One address failed to log in to Vault ten times or more within 15 minutes.",
    why: "A workload has lost its role or its identity, or somebody attacks.",
    cure: "Compare the address with the VMs and subnets. `Error` says what Vault found wrong.",
    query: (system) =>
      `${audited(system)}
| where Path matches regex @"^auth/[^/]+/login$" and isnotempty(Error)
| summarize Count = count(), Paths = make_set(Path, 20), Error = take_any(Error) by Address
| where Count >= 10`,
  },
  {
    name: "database-credentials-fail",
    severity: 1,
    every: "PT5M",
    window: "PT15M",
    what: "Vault cannot make database users.",
    why: "MySQL is down, refuses Vault, or has lost the user that Vault logs in as. Workloads stop when their leases end.",
    cure: "Check MySQL in Azure. If it runs, Vault's connection is wrong: read `vault read database/config/mysql`, and deploy `vault-config`.",
    query: (system) =>
      `${audited(system)}
| where Path startswith "database/creds/" and isnotempty(Error) and Error !has "permission denied"
| summarize Count = count(), Error = take_any(Error) by Path`,
  },
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

/** Returns the alerts that apply to a system. */
export const logAlertsOf = (system: WatchedSystem): readonly LogAlert[] =>
  logAlerts.filter(({ applies }) => applies?.(system) ?? true);

/** Every alert on Azure's metrics. */
export const metricAlerts: readonly MetricAlert[] = [
  {
    name: "machine-down",
    severity: 0,
    of: "nodes",
    namespace: "Microsoft.Compute/virtualMachines",
    metric: "VmAvailabilityMetric",
    aggregation: "Average",
    operator: "LessThan",
    threshold: 1,
    what: "Azure says that a VM of Vault does not run.",
    why: "This alert needs no agent on the VM, so it works when the VM sends nothing.",
    cure: "Start the VM. If Azure cannot, delete it and deploy `vault-server`. The data disk stays, and the new VM attaches it.",
  },
  {
    name: "key-vault-unavailable",
    severity: 1,
    of: "keyVault",
    namespace: "Microsoft.KeyVault/vaults",
    metric: "Availability",
    aggregation: "Average",
    operator: "LessThan",
    threshold: 99,
    what: "The Key Vault of the unseal key answers with errors.",
    why: "A running Vault continues. A Vault that starts now stays sealed until Key Vault answers.",
    cure: "Read Azure's status page. Do not restart a node until Key Vault answers.",
  },
  {
    name: "mysql-storage",
    severity: 1,
    of: "mysql",
    namespace: "Microsoft.DBforMySQL/flexibleServers",
    metric: "storage_percent",
    aggregation: "Maximum",
    operator: "GreaterThan",
    threshold: 85,
    what: "MySQL's storage is more than 85% full.",
    why: "It grows automatically up to its maximum. A full MySQL accepts no writes.",
    cure: "Find out what fills it. Raise `mysql.storageGb`.",
  },
  {
    name: "mysql-refuses",
    severity: 2,
    of: "mysql",
    namespace: "Microsoft.DBforMySQL/flexibleServers",
    metric: "aborted_connections",
    aggregation: "Total",
    operator: "GreaterThan",
    threshold: 20,
    what: "MySQL refuses logins.",
    why: "Somebody guesses passwords, or an application still uses a user that Vault has removed.",
    cure: "MySQL's audit log in the workspace names the user and the address.",
  },
];
