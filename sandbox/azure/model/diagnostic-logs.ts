import { fields, list, propertiesOf, text } from "./fields";
import type { ResourceStore } from "./resource-store";

/** A request's entry in an Azure log, apart from the caller and the result. */
export interface Trace {
  /** The category in diagnostic settings. */
  category: string;
  /** Id of the resource that the request is about. */
  resourceId: string;
  /** The log's own name, such as SecretGet. */
  operation: string;
}

export interface LogRecord extends Trace {
  time: string;
  /** Principal id. Undefined for a caller without a valid token. */
  caller?: string;
  /** The HTTP status. Refused requests are logged, too. */
  status: number;
  uri: string;
}

/** The activity log's category for changes, by any caller and with any result. */
export const administrative = "Administrative";

const kept = 10_000;

/** Azure Monitor's logs. They go only to the workspaces that diagnostic settings name. */
export class DiagnosticLogs {
  readonly #byWorkspace = new Map<string, LogRecord[]>();

  constructor(private readonly store: ResourceStore) {}

  add(record: LogRecord): void {
    for (const workspace of this.#workspacesFor(record)) {
      const records = this.#byWorkspace.get(workspace) ?? [];
      records.push(record);
      if (records.length > kept) records.splice(0, kept / 10);
      this.#byWorkspace.set(workspace, records);
    }
  }

  /** The records of a Log Analytics workspace, oldest first. */
  in(workspaceId: string): readonly LogRecord[] {
    return this.#byWorkspace.get(workspaceId.toLowerCase()) ?? [];
  }

  /** The activity log belongs to the subscription. Each other log belongs to its resource. */
  #workspacesFor({ category, resourceId }: Trace): string[] {
    const { subscriptionId } = this.store;
    const watched = category === administrative ? `/subscriptions/${subscriptionId}` : resourceId;
    return this.store
      .ofType("Microsoft.Insights/diagnosticSettings")
      .filter(({ id }) => sourceOf(id) === watched.toLowerCase())
      .map(propertiesOf)
      .filter(({ logs }) => list(logs).some((log) => log["category"] === category && log["enabled"] === true))
      .flatMap((setting) => text(fields(setting)["workspaceId"])?.toLowerCase() ?? []);
  }
}

/** Returns the source of a diagnostic setting's logs. */
const sourceOf = (settingId: string): string =>
  settingId.toLowerCase().replace(/\/providers\/microsoft\.insights\/diagnosticsettings\/[^/]+$/, "");
