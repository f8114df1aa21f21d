import { accessAlerts } from "./access-alerts";
import type { LogAlert, WatchedSystem } from "./alert";
import { failureAlerts } from "./failure-alerts";

/** Every alert on logs: the rules, the workbook and docs/operations-alerts.md come from here. */
export const logAlerts: readonly LogAlert[] = [...failureAlerts, ...accessAlerts];

/** Returns the alerts that apply to a system. */
export const logAlertsOf = (system: WatchedSystem): readonly LogAlert[] =>
  logAlerts.filter(({ applies }) => applies?.(system) ?? true);
