import { readCloudConfig } from "../../cloud-init/cloud-config";
import { waitFor } from "../../lib/processes/wait-for";
import type { Guest } from "../../sandbox/guest/guest";
import { attempts, successes } from "./confinement";
import { SOON_MS } from "./scene";
import { failedUnits } from "./systemd";

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

/** Checks that apply to every kind of VM after its first boot. */
export function checkMachine(started: () => CheckedMachine): void {
  const files = () => readCloudConfig(started().userData).write_files;
  const output = (script: string) => started().vm.output(script);

  it("finishes cloud-init without errors and warnings", async () => {
    expect(await output("cloud-init status --long --format json || true")).toContain('"status": "done"');
    expect(await output("grep -E ' - .*(WARNING|ERROR|CRITICAL)' /var/log/cloud-init.log || true")).toBe("");
  });

  it("has user data that cloud-init's schema accepts", async () => {
    expect(await output("cloud-init schema --system 2>&1")).toMatch(/Valid schema/);
  });

  it("has no failed unit", async () => {
    expect(await failedUnits(started().vm)).toEqual([]);
  });

  it("has every unit active, done, or waiting for its timer", async () => {
    const units = files().flatMap(({ path }) => /^\/etc\/systemd\/system\/([^/]+)$/.exec(path)?.[1] ?? []);
    expect(units.length).toBeGreaterThanOrEqual(6);
    const states = await output(
      `for unit in ${units.join(" ")}; do
         echo "$unit $(for it in LoadState ActiveState Result; do systemctl show --property=$it --value $unit; done | xargs)"
       done`,
    );
    const bad = states.split("\n").filter((line) => !/ loaded (active|inactive) success$/.test(line));
    expect(bad).toEqual([]);
  });

  it("logs nothing with priority err about its units", async () => {
    expect(
      await output(
        "journalctl --boot --priority err --no-pager --quiet --unit 'vault*' --unit 'app*' --unit 'node*' --unit 'var-lib-vault.mount' --unit ramdisk.mount || true",
      ),
    ).toBe("");
  });

  it("reports the applied user data on the console", async () => {
    await waitFor(
      "the report of apply-user-data",
      async () => /user-data [0-9a-f]{12}: applied/.test(await started().vm.console()),
      { deadlineMs: SOON_MS, intervalMs: 1_000 },
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
    expect(await successes(vm, undefined, own)).toEqual(all);
    const services = files().flatMap(
      ({ path }) => /^\/etc\/systemd\/system\/(\S+\.service)$/.exec(path)?.[1] ?? [],
    );
    const done: Record<string, string[]> = {};
    for (const service of services) done[service] = (await successes(vm, service, own)).sort();
    expect(done).toEqual(
      Object.fromEntries(services.map((service) => [service, [...(allowed[service] ?? [])].sort()])),
    );
  });
}
