import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { itWithProgram } from "../program";
import { machinesWithEveryFile } from "./examples";
import { filesOf, run, unpack } from "./machine";

/** The highest allowed result of `systemd-analyze security`: 0 is confined in every way, 10 in none. */
const ceilings = { root: 4, anyOther: 2 };

describe.each(machinesWithEveryFile)("Services of $machine", ({ userData }) => {
  let root: string;
  const services = [...filesOf(userData)].filter(([path]) => path.endsWith(".service"));

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "machine-"));
    unpack(userData, root);
  });

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it("reach IMDS only if they need an identity, so a compromised application cannot act as the VM", () => {
    for (const [path, text] of services.filter(([name]) =>
      /\/(app|haproxy|node-install|vault-install)\.service$/.test(name),
    ))
      expect([path, text]).toEqual([path, expect.stringMatching(/^IPAddressDeny=169\.254\.169\.254\b/m)]);
    // The wire server returns the settings of the VM's extensions.
    for (const [path, text] of services.filter(([name]) => /\/(app|haproxy)\.service$/.test(name)))
      expect([path, text]).toEqual([
        path,
        expect.stringMatching(/^IPAddressDeny=169\.254\.169\.254 168\.63\.129\.16$/m),
      ]);
  });

  const exposureOf = (service: string): number => {
    const folder = join(root, "etc/systemd/system");
    const { output } = run("env", [
      `SYSTEMD_UNIT_PATH=${folder}:`,
      ...["systemd-analyze", "security", "--offline=yes", "--no-pager", join(root, service)],
    ]);
    return Number(/Overall exposure level for \S+: ([\d.]+)/.exec(output)?.[1]);
  };

  itWithProgram("systemd-analyze", "are confined below the ceiling for their user", () => {
    expect(services.length).toBeGreaterThanOrEqual(4);
    for (const [path, text] of services) {
      const ceiling = /^User=/m.test(text) ? ceilings.anyOther : ceilings.root;
      expect(`${path} ${exposureOf(path) <= ceiling}`).toBe(`${path} true`);
    }
  });
});
