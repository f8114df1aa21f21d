/** Types of columns that the queries use. */
export type ColumnType = "string" | "datetime" | "dynamic" | "real";

const text = "string";

/**
 * Columns of the tables of Log Analytics that the queries may use. Source: Azure Monitor Logs reference, tables by category.
 * AzureDiagnostics has the columns of Key Vault's log.
 */
export const logTables = {
  Syslog: {
    TimeGenerated: "datetime",
    Computer: text,
    Facility: text,
    ProcessName: text,
    SeverityLevel: text,
    SyslogMessage: text,
  },
  VaultAudit_CL: { TimeGenerated: "datetime", Computer: text, FilePath: text, RawData: text },
  AzureActivity: {
    TimeGenerated: "datetime",
    OperationNameValue: text,
    ActivityStatusValue: text,
    ResourceGroup: text,
    CallerIpAddress: text,
    Claims_d: "dynamic",
    _ResourceId: text,
  },
  AzureDiagnostics: {
    TimeGenerated: "datetime",
    ResourceProvider: text,
    ResourceGroup: text,
    Category: text,
    OperationName: text,
    CallerIPAddress: text,
    requestUri_s: text,
    identity_claim_oid_g: text,
    httpStatusCode_d: "real",
    _ResourceId: text,
  },
  AppServiceAuditLogs: {
    TimeGenerated: "datetime",
    OperationName: text,
    User: text,
    UserAddress: text,
    _ResourceId: text,
  },
  StorageBlobLogs: {
    TimeGenerated: "datetime",
    OperationName: text,
    StatusCode: text,
    Uri: text,
    RequesterObjectId: text,
    CallerIpAddress: text,
    _ResourceId: text,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ColumnType>>>>;

export type TableName = keyof typeof logTables;

/** A row. A dynamic column has its JSON as text. */
export type Row = { TimeGenerated: string } & Readonly<Record<string, string | number>>;

/** The rows of a workspace, by table. */
export type Logs = Partial<Record<TableName, readonly Row[]>>;
