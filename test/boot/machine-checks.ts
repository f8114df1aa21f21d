import { z } from "zod";
import { readCloudConfig, textOf } from "../../cloud-init/cloud-config";
import { UNITS_FILE } from "../../cloud-init/common/managed-units";
import { waitFor } from "../../lib/processes/wait-for";
import type { Guest } from "../../sandbox/guest/guest";
import { attempts, successes, unconfinedSuccesses } from "./confinement";
import { SOON_MS } from "./scene";
import { appliedUserData, failedUnits } from "./systemd";

export interface CheckedMachine {
  readonly vm: Guest;
  readonly userData: string;
  /** The expected TCP listeners. */
  readonly listeners: readonly string[];
  /** Attempts on this machine's own secrets, besides the attempts in confinement.ts. */
  readonly attempts: Readonly<Record<string, string>>;
  /** The attempts that each unit needs to succeed. All others must fail. */
  readonly allowed: Readonly<Record<string, readonly string[]>>;
}

/** Milliseconds in which a started unit becomes active under TCG. */
const SETTLED_MS = 2 * 60_000;

const unitsSchema = z.object({ units: z.array(z.object({ name: z.string(), enabled: z.boolean() })) });

/** /run/cloud-init/status.json. `cloud-init status` shows the same, and needs Python. */
const statusSchema = z.object({
  v1: z.object({ stage: z.null(), datasource: z.string() }).catchall(z.unknown()),
});

/**
 * Says what is wrong with a unit after the boot. A timer, a mount and a service that stays are active if they are enabled. A
 * program that ends is not active, except while its timer runs it.
 */
function problemsOf(
  { name, enabled }: { name: string; enabled: boolean },
  found: Readonly<Record<string, string>>,
): string[] {
  const {
    LoadState,
    UnitFileState,
    ActiveState = "",
    Result,
    Type,
    RemainAfterExit,
    NeedDaemonReload,
  } = found;
  const ends = Type === "oneshot" && RemainAfterExit === "no";
  const states = ends ? ["inactive", "activating"] : enabled ? ["active"] : ["active", "inactive"];
  const right = {
    [`${name} is ${LoadState}`]: LoadState === "loaded",
    [`${name} is ${ActiveState}`]: states.includes(ActiveState),
    [`${name} is ${UnitFileState}`]: !enabled || UnitFileState === "enabled",
    [`${name} ended with ${Result}`]: Result === undefined || ["success", "exec-condition"].includes(Result),
    [`${name} has changed since systemd read it`]: NeedDaemonReload === "no",
  };
  return Object.keys(right).filter((problem) => !right[problem]);
}

const linesOf = (text: string) => text.split("\n").filter((line) => line !== "");

const nameAndValue = (line: string) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)];

/** Checks that apply to every kind of VM after its first boot. */
export function checkMachine(started: () => CheckedMachine): void {
  const files = () => readCloudConfig(started().userData).write_files;
  const output = (script: string) => started().vm.output(script);

  it("finishes cloud-init without errors and warnings", async () => {
    const {
      stage: _,
      datasource,
      ...stages
    } = statusSchema.parse(JSON.parse(await output("cat /run/cloud-init/status.json"))).v1;
    expect(datasource).toMatch(/NoCloud/);
    const clean = { errors: [], recoverable_errors: {} };
    expect(Object.values(stages)).toEqual(Array(4).fill(expect.objectContaining(clean)));
    expect(await output("grep -E ' - .*(WARNING|ERROR|CRITICAL)' /var/log/cloud-init.log || true")).toBe("");
  });

  it("has user data that cloud-init's schema accepts", async () => {
    // cloud-init itself validates it at each boot. Another validation costs an emulated processor up to a minute.
    const log = await output("grep --extended-regexp 'schema|user-data validation' /var/log/cloud-init.log");
    expect(log).toMatch(/schema-cloud-config-v1\.json/);
    expect(log).not.toMatch(
      /Ignoring schema validation|Skipping user-data validation|failed schema validation/,
    );
  });

  it("has no failed unit", async () => {
    expect(await failedUnits(started().vm)).toEqual([]);
  });

  it("has each unit in the state that the user data declare", async () => {
    const table = files().find(({ path }) => path === UNITS_FILE);
    const units = unitsSchema.parse(JSON.parse(table ? textOf(table) : "")).units;
    expect(units.length).toBeGreaterThanOrEqual(6);
    const shown = "Id,LoadState,UnitFileState,ActiveState,Result,Type,RemainAfterExit,NeedDaemonReload";
    // A timer or a change of the user data may start a unit again.
    await waitFor(
      "each unit to be in its declared state",
      async () => {
        const states = await output(
          `systemctl show --property=${shown} ${units.map(({ name }) => `'${name}'`).join(" ")}`,
        );
        const found = states.split("\n\n").map((text) => Object.fromEntries(linesOf(text).map(nameAndValue)));
        const problems = units.flatMap((unit, index) => problemsOf(unit, found[index] ?? {}));
        expect(problems).toEqual([]);
        return true;
      },
      { deadlineMs: SETTLED_MS, intervalMs: 5_000 },
    );
  });

  it("logs nothing with priority err about its units", async () => {
    const lines = linesOf(
      await output(
        "journalctl --boot --priority err --no-pager --quiet --unit 'vault*' --unit 'app*' --unit 'node*' --unit haproxy --unit 'var-lib-vault.mount' --unit ramdisk.mount 2>/dev/null || true",
      ),
    );
    expect(lines).toEqual([]);
  });

  it("reports the applied user data on the console", async () => {
    await waitFor(
      "the report of apply-user-data",
      async () => (await appliedUserData(started().vm)).size > 0,
      { deadlineMs: SOON_MS, intervalMs: 3_000 },
    );
  });

  it("has each file of the user data, owned by root and with its mode", async () => {
    const paths = files().map(({ path }) => path);
    const found = await output(`stat --format '%n %U:%G %a' ${paths.join(" ")}`);
    expect(found.split("\n").sort()).toEqual(
      files()
        .map(({ path, owner, permissions }) => `${path} ${owner} ${permissions.replace(/^0/, "")}`)
        .sort(),
    );
  });

  it("listens only at the expected addresses", async () => {
    const sockets = await output("ss --no-header --tcp --listening --numeric | awk '{print $4}' | sort");
    // Skips the forwards for Azure's network inside the guest, and the system's resolver.
    const own = sockets.split("\n").filter((it) => !/^169\.254\.169\.|:53$/.test(it));
    expect(own).toEqual([...started().listeners].sort());
  });

  it("confines each service to its necessary actions", async () => {
    const { vm, attempts: own, allowed } = started();
    const all = Object.keys({ ...attempts, ...own });
    // Unconfined, all attempts succeed. So a failure inside a unit proves its confinement.
    expect(await unconfinedSuccesses(vm, own)).toEqual(all);
    const text = (path: string) =>
      files()
        .filter((file) => file.path === path || file.path.startsWith(`${path}.d/`))
        .map(textOf)
        .join("\n");
    const services = files().flatMap(
      ({ path }) => /^\/etc\/systemd\/system\/(\S+\.service)$/.exec(path)?.[1] ?? [],
    );
    const units = services.map((service) => [service, text(`/etc/systemd/system/${service}`)]);
    const done = await successes(vm, Object.fromEntries(units), own);
    for (const found of Object.values(done)) found.sort();
    expect(done).toEqual(
      Object.fromEntries(services.map((service) => [service, [...(allowed[service] ?? [])].sort()])),
    );
  });
}
