import { AGENT_VM_FILES } from "../../cloud-init/agent-vm/managed-files";
import { agentVmUserData } from "../../cloud-init/agent-vm/user-data";
import { UNITS_FILE } from "../../cloud-init/common/managed-units";
import { vaultServerFiles } from "../../cloud-init/vault-server/managed-files";
import { vaultServerUserData } from "../../cloud-init/vault-server/user-data";
import { agentVm, nodeOfFive, snapshots, vaultEnterpriseServer, vaultServer } from "./examples";
import { filesOf } from "./machine";

const withFront = { ...vaultServer, vault: { ...vaultServer.vault, version: "1.21.4" } };

const servers = {
  "vault-server": vaultServer,
  "vault-server with a front": withFront,
  "vault-server, Enterprise": vaultEnterpriseServer,
  "vault-server, NVMe": { ...vaultServer, diskController: "NVMe" as const },
  "vault-server, node of five": { ...vaultServer, ...nodeOfFive },
  "vault-server with a front, node of five": { ...withFront, ...nodeOfFive },
  "vault-server with snapshots and a front": { ...withFront, ...snapshots },
  "vault-server that is watched": { ...vaultServer, watched: true },
};

const machines = [
  ...Object.entries(servers).map(([machine, settings]) => ({
    machine,
    table: vaultServerFiles(settings),
    userData: vaultServerUserData(settings),
  })),
  { machine: "agent-vm", table: AGENT_VM_FILES, userData: agentVmUserData(agentVm) },
];

describe.each(machines)("the effects of changes to $machine's files", ({ table, userData }) => {
  const files = filesOf(userData);
  const units = table.units.map(({ name }) => name);
  const unitOf = (path: string) =>
    units.find(
      (name) => path === `/etc/systemd/system/${name}` || path.startsWith(`/etc/systemd/system/${name}.d/`),
    );
  const variables = (path: string) =>
    [...(files.get(path) ?? "").matchAll(/^([A-Z_0-9]+)=/gm)].map(([, name]) => `${path}#${name}`);
  const read = [...table.units.flatMap(({ reads }) => reads), ...table.readAtEachUse];

  it("cover every file, and every variable of an environment file that is not read as a whole", () => {
    const said = (path: string): boolean =>
      read.includes(path) ||
      unitOf(path) !== undefined ||
      (path.endsWith(".env") && variables(path).every((variable) => read.includes(variable)));
    expect([...files.keys()].filter((path) => !said(path))).toEqual([]);
  });

  it("name only existing files, variables and units", () => {
    const there = [...files.keys()].flatMap((path) => [path, ...variables(path)]);
    expect(read.filter((input) => !there.includes(input))).toEqual([]);
    expect(units.filter((name) => ![...files.keys()].some((path) => unitOf(path) === name))).toEqual([]);
  });

  it("never list one file both as a unit's input and as read at each use", () => {
    const byUnits = new Set(table.units.flatMap(({ reads }) => reads));
    expect(table.readAtEachUse.filter((input) => byUnits.has(input))).toEqual([]);
  });

  it("have an entry for each unit with a program or file of the user data", () => {
    for (const [path, text] of files) {
      const unit = path.endsWith(".service") ? unitOf(path) : undefined;
      const { reads = [], onChange } = table.units.find(({ name }) => name === unit) ?? {};
      if (unit === undefined || onChange === "nothing") continue;
      // A drop-in's value replaces the unit's.
      const overridden = [...files.keys()].some((file) => file === `${path}.d/front.conf`)
        ? ["/etc/vault.d/listener.hcl"]
        : [];
      const named = [...files.keys()].filter(
        (file) =>
          !file.endsWith(".env") && new RegExp(`^(Exec|Environment).*[ =+]${file}(\\s|$)`, "m").test(text),
      );
      expect({
        unit,
        missing: named.filter((file) => !reads.includes(file) && !overridden.includes(file)),
      }).toEqual({ unit, missing: [] });
    }
  });

  // Otherwise apply-user-data waits in vain for the end of the unit's start. systemd forgets a unit that is inactive, and to which
  // no other unit refers: neither the boot's target nor a timer.
  it("restart only units whose end systemd does not forget", () => {
    const enabled = table.units.filter((unit) => unit.enabled).map(({ name }) => name);
    const forgettable = table.units.filter(
      ({ name, onChange }) =>
        onChange === "restart" &&
        /^Type=oneshot$/m.test(files.get(`/etc/systemd/system/${name}`) ?? "") &&
        !enabled.includes(name) &&
        !enabled.includes(name.replace(/service$/, "timer")),
    );
    for (const { name } of forgettable) {
      const lines = (files.get(`/etc/systemd/system/${name}`) ?? "").split("\n");
      expect({ name, lines }).toEqual({ name, lines: expect.arrayContaining(["RemainAfterExit=yes"]) });
      expect({ name, lines: lines.filter((line) => line.startsWith("ExecCondition=")) }).toEqual({
        name,
        lines: [],
      });
    }
  });

  it("are in the user data", () => {
    expect(JSON.parse(files.get(UNITS_FILE) ?? "")).toEqual({ units: table.units });
  });
});
