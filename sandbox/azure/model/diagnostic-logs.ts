import { fields, list, propertiesOf, text } from "../services/resource-manager/resource-type";
import type { ResourceStore } from "./resource-store";

/** What a request leaves in one of Azure's logs, beside who sent it and how it ended. */
export interface Trace {
  /** As diagnostic settings name it. */
  category: string;
  /** What the request was about, a resource's id. */
  resourceId: string;
  /** In the words of that log, such as SecretGet. */
  operation: string;
}

export interface LogRecord extends Trace {
  time: string;
  /** Principal id; undefined for whoever showed no valid token. */
  caller?: string;
  /** Of HTTP: refused requests are logged, too. */
  status: number;
  uri: string;
}

/** The category of the activity log in which changes are, whoever made them and whatever became of them. */
export const administrative = "Administrative";

const kept = 10_000;

/** Azure Monitor's way of logs: to the workspaces that diagnostic settings name, and to no other place. */
export class DiagnosticLogs {
  readonly #byWorkspace = new Map<string, LogRecord[]>();
  readonly #store: ResourceStore;

  constructor(store: ResourceStore) {
    this.#store = store;
  }

  add(record: LogRecord): void {
    for (const workspace of this.#workspacesFor(record)) {
      const records = this.#byWorkspace.get(workspace) ?? [];
      records.push(record);
      if (records.length > kept) records.splice(0, kept / 10);
      this.#byWorkspace.set(workspace, records);
    }
  }

  /** What arrived in a Log Analytics workspace, oldest first. */
  in(workspaceId: string): readonly LogRecord[] {
    return this.#byWorkspace.get(workspaceId.toLowerCase()) ?? [];
  }

  /** The activity log is the subscription's; each other log is that of its resource. */
  #workspacesFor({ category, resourceId }: Trace): string[] {
    const { subscriptionId } = this.#store;
    const watched = category === administrative ? `/subscriptions/${subscriptionId}` : resourceId;
    return this.#store
      .ofType("Microsoft.Insights/diagnosticSettings")
      .filter(({ id }) => sourceOf(id) === watched.toLowerCase())
      .map(propertiesOf)
      .filter(({ logs }) => list(logs).some((log) => log["category"] === category && log["enabled"] === true))
      .flatMap((setting) => text(fields(setting)["workspaceId"])?.toLowerCase() ?? []);
  }
}

/** Of a diagnostic setting: what it takes the logs from. */
const sourceOf = (settingId: string): string =>
  settingId.toLowerCase().replace(/\/providers\/microsoft\.insights\/diagnosticsettings\/[^/]+$/, "");
