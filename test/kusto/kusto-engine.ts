import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkTool } from "../../scripts/check-tools/check-tool";
import { type Logs, logTables } from "./log-tables";

/** Returns the Python of duckdb-kql, which runs Kusto on DuckDB. scripts/install-check-tools installs it. */
function python(): string | undefined {
  const program = checkTool("duckdb-kql");
  const beside = program && join(dirname(realpathSync(program)), "python3");
  return beside && existsSync(beside) ? beside : undefined;
}

/** Returns the reason why no query can run here, or undefined if queries can run. */
export function kustoMissing(): string | undefined {
  return python() ? undefined : "duckdb-kql is missing. Run scripts/install-check-tools.";
}

/** A query and its window, an ISO 8601 duration. */
export interface WindowedQuery {
  readonly query: string;
  readonly window: string;
}

/** The logs of a workspace at a moment. */
export interface LogScene {
  readonly logs: Logs;
  readonly at: Date;
  /** Names of the queries that run. */
  readonly queries: readonly string[];
}

/** The rows of each query's result, by the query's name. */
export type QueryResults = Readonly<Record<string, readonly (readonly unknown[])[]>>;

/** Runs queries on a workspace's logs as alerts run them: each query sees only the rows of its window. @returns the results of each scene */
export function runQueries(
  queries: Readonly<Record<string, WindowedQuery>>,
  scenes: readonly LogScene[],
): readonly QueryResults[] {
  const windows = [...new Set(Object.values(queries).map(({ window }) => window))];
  const input = {
    tables: logTables,
    queries: mapped(queries, (one) => ({ ...one, query: withColumns(one.query) })),
    scenes: scenes.map(({ logs, at, queries: names }) => ({
      rows: logs,
      queries: names,
      begins: Object.fromEntries(
        windows.map((window) => [window, new Date(at.getTime() - milliseconds(window)).toISOString()]),
      ),
      end: at.toISOString(),
    })),
  };
  const { stdout, stderr, status } = spawnSync(python() ?? "", [join(__dirname, "run-queries.py")], {
    input: JSON.stringify(input),
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`duckdb-kql failed: ${stderr}`);
  return JSON.parse(stdout) as QueryResults[];
}

const mapped = <Value, Result>(
  values: Readonly<Record<string, Value>>,
  map: (value: Value) => Result,
): Record<string, Result> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));

/** duckdb-kql has no column_ifexists. This replaces a call by the column if the tables have it, otherwise by its default. */
const withColumns = (query: string): string =>
  query.replace(/column_ifexists\("(\w+)", ("[^"]*")\)/g, (_, column: string, otherwise: string) =>
    Object.values(logTables).some((columns) => column in columns) ? column : otherwise,
  );

/** Converts a duration such as PT15M or P2D. */
function milliseconds(duration: string): number {
  const [, days = "0", hours = "0", minutes = "0"] =
    /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(duration) ?? [];
  const total = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000;
  if (total === 0) throw new Error(`${duration} is not a duration.`);
  return total;
}
