import { UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";
import type { Guest } from "../../sandbox/guest/guest";
import { BOOT_MS, SOON_MS } from "./scene";

/** Waits until cloud-init has finished a boot, with or without errors. */
export function untilCloudInitIsDone(vm: Guest): Promise<void> {
  return untilConsoleOr(
    vm,
    /Reached target cloud-init\.target/,
    async () => (await vm.run("[ -e /run/cloud-init/result.json ]")).code === 0,
    BOOT_MS,
  );
}

/** Waits until a unit becomes active after the VM's start. An oneshot unit is active after its work. */
export async function untilUnitIsActive(vm: Guest, unit: string, deadlineMs = SOON_MS): Promise<void> {
  const line = new RegExp(`(Started|Finished|Mounted) ${unit.replaceAll(".", "\\.")}`);
  try {
    await untilConsoleOr(vm, line, async () => (await stateOf(vm, unit)) === "active", deadlineMs);
  } catch (error) {
    throw new UserError(`${error}\n${await journalOf(vm, unit)}`);
  }
}

/** Milliseconds between two questions to the guest. Each costs an emulated processor seconds. */
const ASK_MS = 15_000;

/** systemd writes no lines to the console while a unit uses it, so the guest is asked, too, but rarely. */
async function untilConsoleOr(
  vm: Guest,
  line: RegExp,
  ask: () => Promise<boolean>,
  deadlineMs: number,
): Promise<void> {
  let asked = Date.now();
  await waitFor(
    `${line} on the console of ${vm.name}`,
    async () => {
      if (line.test(await vm.consoleSinceStart())) return true;
      if (Date.now() - asked < ASK_MS) return false;
      const answer = await ask();
      asked = Date.now();
      return answer;
    },
    { deadlineMs, intervalMs: 500 },
  );
}

/** Returns the console's reports of applied user data: one for each version. */
export async function appliedUserData(vm: Guest): Promise<Set<string>> {
  return new Set((await vm.console()).match(/user-data [0-9a-f]{12}: applied/g));
}

export async function stateOf(vm: Guest, unit: string): Promise<string> {
  return vm.output(`systemctl is-active ${unit} || true`);
}

/** Returns the last log lines of a unit in this boot. */
export async function journalOf(vm: Guest, unit: string, lines = 40): Promise<string> {
  return vm.output(
    `systemctl status --no-pager --lines=0 ${unit} || true; journalctl --boot --no-pager --lines=${lines} --unit=${unit}`,
  );
}

/** Returns failed units, each with its last log lines. */
export async function failedUnits(vm: Guest): Promise<string[]> {
  const text = await vm.output("systemctl list-units --failed --plain --no-legend | awk '{print $1}'");
  const units = text.split("\n").filter((unit) => unit !== "");
  return Promise.all(units.map((unit) => journalOf(vm, unit)));
}
