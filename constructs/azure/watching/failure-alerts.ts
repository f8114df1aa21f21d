import { DISK_PERCENT, LEASES } from "../../../environments/alert-limits";
import type { LogAlert } from "./alert";
import { audited, countedByNode, journalOf, list, newestState, reportsOf } from "./log-queries";

/** Vault, a VM, a backup or the database fails or soon will. */
export const failureAlerts: readonly LogAlert[] = [
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
| where Used > ${DISK_PERCENT}
| project Computer, Name, Used`,
  },
  {
    name: "leases-near-limit",
    severity: 2,
    every: "PT1H",
    window: "PT1H",
    what: `Vault has more than ${LEASES.toLocaleString("en")} leases. Above 256,000, Vault itself warns.`,
    why: "Vault keeps each lease in memory and reads all of them when it starts, so it gets slower and may not start in time.",
    cure: "Vault's audit log shows which client logs in or requests credentials most often. Correct it, or lower the lifetime of its tokens or credentials and deploy.",
    query: (system) =>
      `${newestState(system)}
| extend Leases = toint(State.metrics.leases)
| where Leases > ${LEASES}
| project Computer, Leases`,
  },
  {
    name: "leases-not-revoked",
    severity: 2,
    every: "PT1H",
    window: "PT1H",
    what: "Vault has given up revoking leases that ended.",
    why: "The database users of these leases still work.",
    cure: "Repair MySQL or its connection in Vault. Then run `scripts/deploy`, which revokes them.",
    query: (system) =>
      `${newestState(system)}
| extend Leases = toint(State.metrics.irrevocableLeases)
| where Leases > 0
| project Computer, Leases`,
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
];
