import { readFileSync, statSync } from "node:fs";
import type { LogRecord } from "../../../sandbox/azure/model/diagnostic-logs";
import type { Machine } from "../../../sandbox/machine/machine";
import type { Sandbox } from "../../../sandbox/system/sandbox";
import type { Logs, Row } from "../../kusto/log-tables";
import { firstBootsLog } from "./audit-log";
import { VAULT } from "./first-boots";

/** Units whose lines the agent collects, and their names in the journal. */
const units = { [VAULT]: "vault", "vault-watch.service": "vault-watch" } as const;

/**
 * Imitates Azure Monitor Agent and Azure's ingestion. It writes real lines of the machines and the stand-in's logs into the tables of
 * Log Analytics. A line of the journal gets the time at which it is collected, because the sandbox's journal has no times.
 */
export class Workspace {
  readonly #syslog: Row[] = [];
  readonly #taken = new Map<string, number>();

  constructor(
    private readonly sandbox: Sandbox,
    private readonly id: string,
  ) {}

  /** Returns the records that arrived since a moment. Default: all. */
  logs(since = ""): Logs {
    this.#takeJournals();
    const audit = this.sandbox.vaultNodes.flatMap(auditRows);
    const azure = this.sandbox.azure.diagnosticLogs.in(this.id);
    const of = (category: string, row: (record: LogRecord) => Row) =>
      azure.filter((record) => record.category === category).map(row);
    const logs: Logs = {
      Syslog: this.#syslog,
      VaultAudit_CL: audit,
      AzureActivity: of("Administrative", activity),
      AzureDiagnostics: of("AuditEvent", keyVaultEvent),
      AppServiceAuditLogs: of("AppServiceAuditLogs", deploymentLogin),
      StorageBlobLogs: of("StorageWrite", blobWrite),
    };
    return Object.fromEntries(
      Object.entries(logs).map(([table, rows]) => [
        table,
        rows.filter(({ TimeGenerated }) => TimeGenerated >= since),
      ]),
    );
  }

  #takeJournals(): void {
    const TimeGenerated = new Date().toISOString();
    for (const machine of this.sandbox.vaultNodes)
      for (const [unit, ProcessName] of Object.entries(units)) {
        const output = machine.output(unit);
        const key = `${machine.name} ${unit}`;
        for (const SyslogMessage of output
          .slice(this.#taken.get(key) ?? 0)
          .split("\n")
          .filter(Boolean))
          this.#syslog.push({
            TimeGenerated,
            Computer: machine.name,
            Facility: "daemon",
            ProcessName,
            SyslogMessage,
          });
        this.#taken.set(key, output.length);
      }
  }
}

function auditRows(machine: Machine): Row[] {
  const FilePath = machine.path(firstBootsLog);
  const isThere = statSync(FilePath, { throwIfNoEntry: false })?.isFile() ?? false;
  const lines = isThere ? readFileSync(FilePath, "utf8").split("\n").filter(Boolean) : [];
  return lines.map((RawData) => ({
    TimeGenerated: new Date((JSON.parse(RawData) as { time: string }).time).toISOString(),
    Computer: machine.name,
    FilePath,
    RawData,
  }));
}

const groupOf = (resourceId: string): string => /\/resourceGroups\/([^/]+)/i.exec(resourceId)?.[1] ?? "";

function activity({ time, operation, resourceId, caller = "", status }: LogRecord): Row {
  return {
    TimeGenerated: time,
    OperationNameValue: operation.toUpperCase(),
    ActivityStatusValue: status < 400 ? "Success" : "Failure",
    ResourceGroup: groupOf(resourceId).toUpperCase(),
    Claims_d: JSON.stringify({ "http://schemas.microsoft.com/identity/claims/objectidentifier": caller }),
    _ResourceId: resourceId.toLowerCase(),
  };
}

function keyVaultEvent({ time, operation, resourceId, caller = "", status, uri }: LogRecord): Row {
  return {
    TimeGenerated: time,
    ResourceProvider: "MICROSOFT.KEYVAULT",
    ResourceGroup: groupOf(resourceId).toUpperCase(),
    Category: "AuditEvent",
    OperationName: operation,
    requestUri_s: uri,
    identity_claim_oid_g: caller,
    httpStatusCode_d: status,
    _ResourceId: resourceId.toLowerCase(),
  };
}

function deploymentLogin({ time, operation, resourceId, caller = "" }: LogRecord): Row {
  return {
    TimeGenerated: time,
    OperationName: operation,
    User: caller,
    _ResourceId: resourceId.toLowerCase(),
  };
}

function blobWrite({ time, operation, resourceId, caller = "", status, uri }: LogRecord): Row {
  return {
    TimeGenerated: time,
    OperationName: operation,
    StatusCode: String(status),
    Uri: uri,
    RequesterObjectId: caller,
    _ResourceId: resourceId.toLowerCase(),
  };
}
