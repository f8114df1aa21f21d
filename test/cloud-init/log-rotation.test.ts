import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vaultServerUserData } from "../../cloud-init/vault-server/user-data";
import { itWithProgram } from "../program";
import { describeUnless, mountsMissing } from "../sandbox/programs-there";
import { vaultServer } from "./examples";
import { filesOf, run } from "./machine";

const megabyte = 1024 * 1024;

describe("Vault's audit logs", () => {
  const files = filesOf(vaultServerUserData(vaultServer));
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rotation-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs logrotate as on the VM, a minute after its last run. It leaves out users and Vault's reload. */
  const rotate = (megabytes: number): string[] => {
    const log = join(folder, "audit.log");
    writeFileSync(log, "");
    truncateSync(log, megabytes * megabyte);
    const configuration = configurationOf("/var/log/vault/*.log")
      .replace("/var/log/vault/*.log", join(folder, "*.log"))
      .replace(/^ *su .*$/m, "")
      .replace(/postrotate[\s\S]*endscript/, "");
    writeFileSync(join(folder, "configuration"), configuration, { mode: 0o644 });
    const today = new Date().toISOString().slice(0, 10).replaceAll(/-0?/g, "-");
    writeFileSync(join(folder, "state"), `logrotate state -- version 2\n"${log}" ${today}-0:0:0\n`, {
      mode: 0o600,
    });
    const { status, output } = run("logrotate", [
      "--state",
      join(folder, "state"),
      join(folder, "configuration"),
    ]);
    expect({ status, output }).toEqual({ status: 0, output: "" });
    return readdirSync(folder).filter((name) => name.startsWith("audit.log"));
  };

  itWithProgram("logrotate", "are rotated before the day is over if a flood fills them", () => {
    expect(rotate(201)).toEqual(["audit.log.1"]);
  });

  itWithProgram("logrotate", "are rotated once a day otherwise", () => {
    expect(rotate(199)).toEqual(["audit.log"]);
  });

  /** Returns the part of the configuration for some files. */
  function configurationOf(pattern: string): string {
    const parts = (files.get("/etc/logrotate.d/vault") ?? "").split(/^(?=\/)/m);
    return parts.find((part) => part.startsWith(`${pattern} {`)) ?? "";
  }

  it("are kept for 30 days unless a flood fills them, but not at all in memory", () => {
    const [disk, memory] = ["/var/log/vault/*.log", "/var/log/vault/memory/*.log"].map((pattern) =>
      configurationOf(pattern)
        .match(/^ +(?:daily|rotate \d+)$/gm)
        ?.map((line) => line.trim()),
    );
    expect(disk).toEqual(["daily", "rotate 30"]);
    expect(memory).toEqual(["rotate 0"]);
  });

  it("on the disk continue in a new file after a rotation, because Vault reloads", () => {
    const [, script] =
      /postrotate\n([\s\S]*?)\n *endscript/.exec(configurationOf("/var/log/vault/*.log")) ?? [];
    expect(script?.trim()).toBe(
      "if systemctl is-active --quiet vault.service; then systemctl reload vault.service; fi",
    );
  });

  it("are checked every five minutes", () => {
    const timer = files.get("/etc/systemd/system/logrotate.timer.d/vault.conf");
    expect(timer).toMatch(/^OnCalendar=\nOnCalendar=\*:0\/5$/m);
  });

  it("are not checked before their user exists, because logrotate would fail", () => {
    expect(files.get("/etc/systemd/system/logrotate.service.d/vault.conf")).toMatch(
      /^ExecCondition=\/usr\/bin\/getent passwd vault$/m,
    );
  });

  it("in memory can be looked for by Vault's user before Vault has started, because logrotate would fail", () => {
    expect(files.get("/etc/systemd/system/var-log-vault-memory.mount")).toMatch(/^Options=.*\bmode=0755\b/m);
  });

  describeUnless(mountsMissing(), "on separate disks", () => {
    itWithProgram("logrotate", "are emptied in memory if memory and disk are full", () => {
      const memory = "/var/log/vault/memory/*.log";
      const configuration = configurationOf(memory)
        .replace(memory, "$0/memory/*.log")
        .replace(/^ *su .*$/m, "");
      expect(configuration).toContain("$0/memory");
      const { output } = run("unshare", [
        "-rm",
        "sh",
        "-c",
        [
          'mount -t tmpfs -o size=64k,mode=755 tmpfs "$0"; mkdir "$0/memory"',
          'mount -t tmpfs -o size=40m,mode=755 tmpfs "$0/memory"',
          `cat >"$0/configuration" <<END\n${configuration}END`,
          'echo "logrotate state -- version 2" >"$0/state"; chmod 600 "$0/state"; chmod 644 "$0/configuration"',
          'cat /dev/zero >"$0/memory/audit.log" 2>/dev/null; cat /dev/zero >"$0/filler" 2>/dev/null',
          'stat --format %s "$0/memory/audit.log"',
          'logrotate --state "$0/state" "$0/configuration" 2>/dev/null',
          'stat --format %s "$0/memory/audit.log"',
        ].join("\n"),
        folder,
      ]);
      expect(output).toBe(`${40 * megabyte}\n0\n`);
    });
  });
});
