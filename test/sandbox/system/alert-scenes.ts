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
  /** The system takes snapshots. */
  readonly snapshots: boolean;
  readonly firing: readonly string[];
}

/** Scenes that tests collect. The queries run on all scenes at once, because the start of the engine and the translation of the queries take longest. */
export class AlertScenes {
  readonly #scenes: Scene[] = [];

  add(
    what: string,
    firing: readonly string[],
    logs: Logs,
    { at = new Date(), snapshots = false }: { at?: Date | undefined; snapshots?: boolean } = {},
  ): void {
    this.#scenes.push({ what, logs, at, snapshots, firing });
  }

  /** The expected alerts, by event. */
  get expected(): Record<string, readonly string[]> {
    return Object.fromEntries(this.#scenes.map(({ what, firing }) => [what, firing]));
  }

  /** The alerts that fire, by event, in the order of the table. */
  firing(watched: Omit<WatchedSystem, "snapshots">): Record<string, readonly string[]> {
    const alertsOf = (snapshots: boolean) => {
      const system = { ...watched, snapshots };
      return logAlertsOf(system).map(({ name, query, window }) => {
        return { name, id: `${name} ${snapshots}`, query: query(system), window };
      });
    };
    const all = [true, false].flatMap(alertsOf).map(({ id, query, window }) => [id, { query, window }]);
    const scenes = this.#scenes.map(({ logs, at, snapshots }) => {
      return { logs, at, queries: alertsOf(snapshots).map(({ id }) => id) };
    });
    const results = runQueries(Object.fromEntries(all), scenes);
    return Object.fromEntries(
      this.#scenes.map(({ what, snapshots }, index) => [
        what,
        alertsOf(snapshots)
          .filter(({ id }) => results[index]?.[id]?.length)
          .map(({ name }) => name),
      ]),
    );
  }
}

/** Returns the queries' parameters for a sandbox in which every deployer is a person. */
export function watchedSystem(sandbox: Sandbox, environment: string): Omit<WatchedSystem, "snapshots"> {
  const [identity] = sandbox.azure.resources.ofType("Microsoft.ManagedIdentity/userAssignedIdentities");
  return {
    environment,
    nodes: sandbox.vaultNodes.map(({ name }) => name),
    vaultPrincipalId: String(identity?.properties?.["principalId"]),
    pipelines: [],
    certificateDays: 14,
  };
}
