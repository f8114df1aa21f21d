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
