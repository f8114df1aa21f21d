import type { WatchedSystem } from "./alert";

export const list = (texts: readonly string[]): string => texts.map((text) => `"${text}"`).join(", ");

/** Returns the lines of a program in the nodes' journals. */
export const journalOf = (program: string, nodes: readonly string[]): string =>
  `Syslog
| where ProcessName == "${program}" and Computer in (${list(nodes)})`;

/** Returns a program's reports that contain a text. A report begins with the program's name. */
export const reportsOf = (program: string, text: string, nodes: readonly string[]): string =>
  `${journalOf(program, nodes)}
| where SyslogMessage startswith "${program} " and SyslogMessage contains "${text}"`;

/** Counts the lines of each node, and shows one line of it. */
export const countedByNode = "| summarize Count = count(), Message = take_any(SyslogMessage) by Computer";

/** Returns a condition that excludes pipelines. Kusto does not accept an empty list. */
export const notBy = (column: string, pipelines: readonly string[]): string =>
  pipelines.length > 0 ? `\n| where ${column} !in (${list(pipelines)})` : "";

/** Returns the newest line of vault-watch on each node, as `State`. */
export const newestState = ({ nodes }: WatchedSystem): string =>
  `${journalOf("vault-watch", nodes)}
| where SyslogMessage startswith "{"
| summarize arg_max(TimeGenerated, SyslogMessage) by Computer
| extend State = parse_json(SyslogMessage)`;

/** Returns Vault's metrics over time. */
export const metricsOverTime = ({ nodes }: WatchedSystem): string =>
  `${journalOf("vault-watch", nodes)}
| where SyslogMessage startswith "{"
| extend Metrics = parse_json(SyslogMessage).metrics
| where isnotempty(Metrics)
| summarize Leases = max(toint(Metrics.leases)), RequestsInFlight = max(toint(Metrics.requestsInFlight)), MemoryMb = max(toint(Metrics.memoryMb)) by bin(TimeGenerated, 5m)`;

/** Returns Vault's responses in its audit log. */
export const audited = ({ nodes }: WatchedSystem): string =>
  `VaultAudit_CL
| where Computer in (${list(nodes)})
| extend Line = parse_json(RawData)
| where tostring(Line.type) == "response"
| extend Path = tostring(Line.request.path), Operation = tostring(Line.request.operation), Error = tostring(Line.error)
| extend Caller = tostring(Line.auth.display_name), Address = tostring(Line.request.remote_address)`;

/** Returns writes to a matching path of Vault, except by pipelines. */
export const written = (system: WatchedSystem, path: string): string =>
  `${audited(system)}
| where Operation in ("create", "update", "delete") and Path matches regex @"${path}"${notBy(
    "Caller",
    system.pipelines.map((id) => `deployer-${id}`),
  )}
| summarize Count = count(), Paths = make_set(Path, 20) by Caller, Address`;

/** Returns the names of the system's resource groups. */
export const groups = ({ environment }: WatchedSystem): string =>
  list(["", "-recovery", "-snapshots"].map((end) => `rg-${environment}-vault${end}`));

/** Returns changes in Azure, except by pipelines. */
export const changed = (
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
export const keyVaults = (system: WatchedSystem): string =>
  `AzureDiagnostics
| where ResourceProvider =~ "MICROSOFT.KEYVAULT" and Category == "AuditEvent" and ResourceGroup in~ (${groups(system)})
| extend Caller = coalesce(column_ifexists("identity_claim_oid_g", ""), column_ifexists("identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g", ""))
| extend Uri = column_ifexists("requestUri_s", "")`;

/** Returns requests of one operation, except by Vault. */
export const byOthers = (system: WatchedSystem, operation: string, path: string): string =>
  `${keyVaults(system)}
| where OperationName == "${operation}" and Uri contains "${path}"
| where Caller != "${system.vaultPrincipalId}"
| summarize Count = count() by Caller, CallerIPAddress, Uri`;
