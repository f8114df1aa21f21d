import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentVmUserData } from "../../cloud-init/agent-vm/user-data";
import { vaultServerUserData } from "../../cloud-init/vault-server/user-data";
import { itWithProgram } from "../program";
import { agentVm, nodeOfFive, snapshots, vaultEnterpriseServer } from "./examples";
import { filesOf, run, unpack } from "./machine";

/** The highest allowed result of `systemd-analyze security`: 0 is confined in every way, 10 in none. */
const ceilings = { root: 4, anyOther: 2 };

const machines = [
  // Enterprise before 2.0 in a cluster has every unit, as in files.test.ts.
  {
    machine: "vault-server",
    userData: vaultServerUserData({
      ...vaultEnterpriseServer,
      ...nodeOfFive,
      ...snapshots,
      vault: { version: "1.21.4", edition: "enterprise" },
      watched: true,
    }),
  },
  { machine: "agent-vm", userData: agentVmUserData(agentVm) },
];

describe.each(machines)("Services of $machine", ({ userData }) => {
  let root: string;
  const services = [...filesOf(userData)].filter(([path]) => path.endsWith(".service"));

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "machine-"));
    unpack(userData, root);
  });

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it("cannot reach IMDS without needing an identity: a compromised application cannot act as the VM", () => {
    for (const [path, text] of services.filter(([name]) =>
      /\/(app|haproxy|node-install|vault-install)\.service$/.test(name),
    ))
      expect([path, text]).toEqual([path, expect.stringMatching(/^IPAddressDeny=169\.254\.169\.254\b/m)]);
    // The wire server gives out the settings of the VM's extensions.
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
