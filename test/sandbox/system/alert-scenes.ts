import type { WatchedSystem } from "../../../constructs/azure/watching/alert";
import { logAlertsOf } from "../../../constructs/azure/watching/log-alerts";
import type { Sandbox } from "../../../sandbox/system/sandbox";
import { runQueries } from "../../kusto/kusto-engine";
import type { Logs } from "../../kusto/log-tables";

/** An event, its log records, and the alerts that must fire. */
interface Scene {
  readonly what: string;
  readonly logs: Logs;
  readonly at: Date;
  readonly firing: readonly string[];
}

/** Scenes that tests collect. The queries run on all scenes at once, because the start of the engine and the translation of the queries take longest. */
export class AlertScenes {
  readonly #scenes: Scene[] = [];

  add(what: string, firing: readonly string[], logs: Logs, at = new Date()): void {
    this.#scenes.push({ what, logs, at, firing });
  }

  /** The expected alerts, by event. */
  get expected(): Record<string, readonly string[]> {
    return Object.fromEntries(this.#scenes.map(({ what, firing }) => [what, firing]));
  }

  /** The alerts that fire, by event, in the order of the table. */
  firing(system: WatchedSystem): Record<string, readonly string[]> {
    const alerts = logAlertsOf(system);
    const queries = alerts.map(({ name, query, window }) => [name, { query: query(system), window }]);
    const results = runQueries(Object.fromEntries(queries), this.#scenes);
    return Object.fromEntries(
      this.#scenes.map(({ what }, index) => [
        what,
        alerts.map(({ name }) => name).filter((name) => results[index]?.[name]?.length),
      ]),
    );
  }
}

/** Returns the queries' parameters for a sandbox in which every deployer is a person. */
export function watchedSystem(sandbox: Sandbox, environment: string): WatchedSystem {
  const [identity] = sandbox.azure.resources.ofType("Microsoft.ManagedIdentity/userAssignedIdentities");
  return {
    environment,
    nodes: sandbox.vaultNodes.map(({ name }) => name),
    vaultPrincipalId: String(identity?.properties?.["principalId"]),
    pipelines: [],
    snapshots: false,
    certificateDays: 14,
  };
}
