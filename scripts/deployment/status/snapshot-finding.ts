import { seconds } from "../../../environments/duration";
import type { Environment } from "../../../environments/schema";
import { type Finding, note, unseen, well, wrong } from "./finding";

/** A line of vault-snapshot on a node's serial console. */
const LINE = /vault-snapshot (?:(\d{8}T\d{6}Z)[\w.-]*: stored, (.*)|(\d{8}T\d{6}Z): failed: (.*))/g;

/**
 * Returns the newest snapshot in the nodes' reports, and its age.
 * @param consoles the nodes' serial consoles
 */
export function snapshotFinding(
  consoles: readonly string[],
  settings: Environment["vault"]["snapshots"],
  now: Date,
): Finding {
  if (!settings.enabled) {
    return note(
      "snapshots",
      "are off (vault.snapshots.enabled), so data that the data disk loses cannot be restored.",
    );
  }
  const reports = consoles
    .flatMap((console) => [...console.matchAll(LINE)])
    .map(([, stored, what = "", failed, reason = ""]) => ({
      time: timeOf(stored ?? failed ?? ""),
      says: (stored ? what : reason).replace(/[\s.]+$/, ""),
      stored: stored !== undefined,
    }))
    .sort((a, b) => b.time.getTime() - a.time.getTime());
  const [last] = reports;
  const stored = reports.find((report) => report.stored);
  if (!last) {
    return unseen(
      "snapshots",
      "no node has reported one on its serial console. A VM reports its first one within the interval after its start.",
    );
  }
  const age = stored
    ? `the newest is of ${iso(stored.time)}, ${hours(now, stored.time)} old`
    : "there is none";
  if (!last.stored) return wrong("snapshots", `the last one failed (${last.says}); ${age}.`);
  const limit = 2 * seconds(settings.interval) * 1000;
  if (stored && now.getTime() - stored.time.getTime() > limit) {
    return wrong(
      "snapshots",
      `${age}, and one is due every ${settings.interval}. \`journalctl -u vault-snapshot\` on the leader says why.`,
    );
  }
  return well("snapshots", `${age} (${last.says})`);
}

/** Parses a time such as `20261126T030000Z`. */
function timeOf(text: string): Date {
  return new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}

const iso = (time: Date): string => `${time.toISOString().slice(0, 16)}Z`;
const hours = (now: Date, then: Date): string =>
  `${Math.max(0, (now.getTime() - then.getTime()) / 3_600_000).toFixed(1)} h`;
