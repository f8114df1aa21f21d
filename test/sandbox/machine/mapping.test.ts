import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { nodeRelease } from "../../../cloud-init/agent-vm/node-release";
import { agentVmUserData } from "../../../cloud-init/agent-vm/user-data";
import { readCloudConfig, textOf } from "../../../cloud-init/cloud-config";
import { vaultRelease } from "../../../cloud-init/common/vault-release";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { expandCommandLine, parseCommandLine } from "../../../sandbox/machine/command-line";
import { ACCOUNTS, LISTENERS, PRIVATE_FOLDERS } from "../../../sandbox/machine/differences";
import { Machine } from "../../../sandbox/machine/machine";
import { Mapping } from "../../../sandbox/machine/mapping";
import { UnitDefinition } from "../../../sandbox/machine/unit-definition";
import { parseEnvironment } from "../../../sandbox/machine/unit-environment";
import { agentVm, vaultEnterpriseServer, vaultServer } from "../../cloud-init/examples";
import { nextAddress, shortFolder, vaultStandIn } from "./small-machine";

const mapping = new Mapping({
  root: "/r",
  address: "127.31.1.4",
  loopback: "127.10.31.1",
  auditRoot: "/r",
  hosts: new Map(),
  userId: 1000,
  groupId: 1001,
});

describe("A value of the VM", () => {
  it.each([
    ["/var/lib/vault/raft", "/r/var/lib/vault/raft"],
    ["/run/vault-tls", "/r/run/vault-tls"],
    ["/ramdisk", "/r/ramdisk"],
    ["/ramdisks", "/ramdisks"],
    ["/etc/vault.d/deployer-policy.hcl", "/r/etc/vault.d/deployer-policy.hcl"],
    ["/etc/vault-agent.d/agent.env", "/r/etc/vault-agent.d/agent.env"],
    ["/usr/local/sbin/x", "/r/usr/local/sbin/x"],
    ["/dev/null", "/dev/null"],
    ["/home/me/run/x", "/home/me/run/x"],
    ["https://example.com/run/x", "https://example.com/run/x"],
    ["https://sts.windows.net", "https://sts.windows.net"],
    ["vault:vault", "1000:1001"],
    ["vault-agent:app", "1000:1001"],
    ["vault:x", "vault:x"],
    ["127.0.0.1", "127.10.31.1"],
    ["0.0.0.0", "127.10.31.1 127.31.1.4"],
    ["/var/lib/app/current/server.js", "/r/var/lib/app/current/server.js"],
    ["127.0.0.1:8200", "127.10.31.1:8200"],
    ["127.0.0.1:8201", "127.10.31.1:8201"],
    ["127.0.0.1:82001", "127.0.0.1:82001"],
    ["10.127.0.0.1:8200", "10.127.0.0.1:8200"],
    ["https://127.0.0.1:8200/v1", "https://127.10.31.1:8200/v1"],
  ])("%s becomes %s", (value, expected) => expect(mapping.value(value)).toBe(expected));
});

describe("A file of the VM", () => {
  it("allows any domain of MySQL, and still restricts its options", () => {
    const rule = '"connection_url" = ["*.mysql.database.azure.com:3306)/?tls=true"]';
    expect(mapping.fileContent("/etc/vault.d/deployer-policy.hcl", rule)).toBe(
      '"connection_url" = ["*:3306)/?tls=true"]',
    );
  });

  it("allows deployers the audit log only at its own path and below the private root", () => {
    const rule = '"options" = [{ "file_path" = "/var/log/vault/memory/audit.log", "mode" = "0600" }]';
    const device = (path: string) => `{ "file_path" = "${path}", "mode" = "0600" }`;
    expect(mapping.fileContent("/etc/vault.d/deployer-policy.hcl", rule)).toBe(
      `"options" = [${device(mapping.path("/var/log/vault/memory/audit.log"))}, ${device("/var/log/vault/memory/audit.log")}]`,
    );
  });

  it("changes only if it is configuration", () => {
    const text =
      'path = "/run/x"\ngroup = "app"\naddress = "127.0.0.1:8200"\nsocket_group = "app"\nsocket_user = "vault-agent"\n';
    expect(mapping.fileContent("/etc/vault-agent.d/agent.hcl", text)).toBe(
      'path = "/r/run/x"\ngroup = "1001"\naddress = "127.10.31.1:8200"\nsocket_group = "1001"\nsocket_user = "1000"\n',
    );
    for (const path of ["/usr/local/sbin/x", "/etc/systemd/system/x.service", "/etc/vault.d/vault.env"]) {
      expect(mapping.fileContent(path, text)).toBe(text);
    }
  });
});

describe("A command of the VM", () => {
  it("runs below the private root, with its arguments", () => {
    expect(mapping.command(["/usr/bin/env", "server", "-config=/etc/vault.d/vault.hcl"])).toEqual([
      "/usr/bin/env",
      "server",
      "-config=/r/etc/vault.d/vault.hcl",
    ]);
  });

  it("gives files to the current user", () => {
    const words = ["/usr/bin/install", "--owner=vault-agent", "--group=app", "--mode=2750", "/ramdisk/app"];
    expect(mapping.command(words).slice(1)).toEqual([
      "--owner=1000",
      "--group=1001",
      "--mode=2750",
      "/r/ramdisk/app",
    ]);
  });

  it("is rejected if its program is missing", () => {
    expect(() => mapping.command(["/usr/bin/no-such-program"])).toThrow("/usr/bin/no-such-program");
  });
});

describe.each([
  ["vault-server", vaultServerUserData(vaultServer)],
  ["vault-server, Enterprise", vaultServerUserData(vaultEnterpriseServer)],
  ["agent-vm", agentVmUserData(agentVm)],
])("The user data of %s", (_, cloudConfig) => {
  let folder: ReturnType<typeof shortFolder>;
  let machine: Machine;
  let units: UnitDefinition[];
  const files = readCloudConfig(cloudConfig).write_files;

  beforeAll(async () => {
    folder = shortFolder();
    machine = await Machine.create({
      name: "vm",
      address: nextAddress(),
      loopback: nextAddress(),
      cloudConfig,
      folder: join(folder.path, "m"),
      proxyUrl: "http://127.0.0.1:9",
      caFile: "/ca.pem",
      programs: [
        { ...vaultRelease(vaultServer.vault), path: vaultStandIn(folder.path) },
        { ...vaultRelease(vaultEnterpriseServer.vault), path: vaultStandIn(folder.path) },
        { ...nodeRelease, path: process.execPath },
      ],
    });
    for (const unit of ["vault-install.service", "node-install.service"]) {
      if (files.some(({ path }) => path.endsWith(`/${unit}`)))
        expect(await machine.run(unit)).toMatchObject({ code: 0 });
    }
    const names = files
      .map(({ path }) => /\/([^/]+\.service)(?:\.d\/[^/]+)?$/.exec(path)?.[1])
      .filter((name) => name !== undefined);
    units = [...new Set(names)].map(
      (name) => UnitDefinition.load(name, (path) => machine.path(path)) as UnitDefinition,
    );
  });
  afterAll(() => folder.remove());

  const mapped = () =>
    new Mapping({
      root: machine.path("/").slice(0, -1),
      address: machine.address,
      loopback: machine.loopback,
      auditRoot: machine.path("/").slice(0, -1),
      hosts: new Map(),
      userId: 1000,
      groupId: 1001,
    });

  it("names only existing programs in its commands, and files below the root", () => {
    for (const { name, file } of units) {
      // In the sandbox, a disk is always formatted, as differences.ts says.
      if (name === "vault-data-format.service") continue;
      for (const key of ["ExecStartPre", "ExecStart", "ExecReload"]) {
        for (const line of file.all("Service", key)) {
          const words = expandCommandLine(parseCommandLine(line), { MAINPID: "1" });
          const [program = "", ...rest] = mapped().command(words);
          expect(() => accessSync(program, constants.X_OK)).not.toThrow();
          for (const word of rest) expectPlace(word);
        }
      }
    }
  });

  it("names only paths below the root and the machine's own address in its environment", () => {
    for (const { name, file } of units) {
      if (name === "vault-data-format.service") continue;
      for (const value of Object.values(parseEnvironment(file.all("Service", "Environment")))) {
        expectPlace(mapped().value(value));
      }
      for (const setting of file.all("Service", "EnvironmentFile")) {
        expect(existsSync(machine.path(setting.replace(/^-/, "")))).toBe(true);
      }
    }
  });

  it("has configuration without any path, listener or account of the VM", () => {
    for (const file of files.filter(({ path }) => /\.(hcl|ctmpl)$/.test(path))) {
      const text = mapped()
        .fileContent(file.path, textOf(file))
        .replaceAll(/#.*/g, "")
        // The one path that stays, in addition to itself below the private root.
        .replace(/, \{ "file_path" = "\/var\/log\/vault\/memory\/audit\.log"[^}]*\}/, "");
      for (const [, path] of text.matchAll(/"(\/[^"]+)"/g)) expectPlace(path as string);
      for (const listener of LISTENERS) expect(text).not.toContain(listener);
      expect(text).not.toMatch(new RegExp(`(?:owner|group|user)\\s*=\\s*"(?:${ACCOUNTS.join("|")})"`));
    }
  });

  it("is otherwise unchanged, with its modes", () => {
    for (const file of files) {
      const written = machine.path(file.path);
      expect((statSync(written).mode & 0o777).toString(8)).toBe(file.permissions.replace(/^0/, ""));
      if (/\.(hcl|ctmpl)$|logrotate/.test(file.path)) continue;
      expect(readFileSync(written, "utf8")).toBe(textOf(file));
    }
  });

  function expectPlace(text: string): void {
    if (text.startsWith("/")) expect([text, text.startsWith(machine.path("/"))]).toEqual([text, true]);
    for (const listener of LISTENERS) expect(text).not.toBe(listener);
    for (const folder of PRIVATE_FOLDERS) expect(text.startsWith(folder)).toBe(false);
  }
});
