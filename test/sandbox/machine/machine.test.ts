import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { identityOf } from "../../../lib/processes/process-identity";
import { waitFor } from "../../../lib/processes/wait-for";
import type { Machine } from "../../../sandbox/machine/machine";
import { requireFree, requirePrograms } from "../../../sandbox/machine/requirements";
import {
  gone,
  installed,
  nextAddress,
  type SmallMachineOptions,
  shortFolder,
  smallMachine,
  vaultStandIn,
} from "./small-machine";

const deadlineMs = 10_000;
const service = (lines: string, unit = "") => `[Unit]\n${unit}\n[Service]\n${lines}\n`;
const program = (text: string) => `#!/bin/bash\n${text}\n`;
const VAULT_HCL = {
  "/etc/vault.d/vault.hcl": 'address = "127.0.0.1:8200"\n',
  "/etc/vault.d/vault.env": "X=1\n",
};

describe("A machine", () => {
  let folder: ReturnType<typeof shortFolder>;
  const machines: Machine[] = [];
  let number = 0;
  const create = async (options: SmallMachineOptions): Promise<Machine> => {
    number += 1;
    const machine = await smallMachine(join(folder.path, String(number)), options);
    machines.push(machine);
    return machine;
  };
  const boot = async (options: SmallMachineOptions): Promise<Machine> => {
    const machine = await create(options);
    await machine.boot();
    return machine;
  };
  beforeAll(() => {
    folder = shortFolder();
  });
  afterEach(async () => {
    const off = machines.splice(0);
    await Promise.all(off.map((machine) => machine.powerOff()));
    await gone(...off);
  });
  afterAll(() => folder.remove());

  describe("starts", () => {
    it("units in the order of After=, each after the end of the previous units", async () => {
      const unit = (name: string, after: string) =>
        service(`Type=oneshot\nExecStart=/usr/local/bin/say ${name}`, `After=${after}`);
      const machine = await boot({
        files: {
          "/usr/local/bin/say": program(
            'echo "$1 begins" >>"$TMPDIR/order"; sleep 0.1; echo "$1 ends" >>"$TMPDIR/order"',
          ),
        },
        units: {
          "third.service": unit("third", "second.service"),
          "first.service": unit("first", ""),
          "second.service": unit("second", "first.service"),
        },
        enable: ["third.service", "first.service", "second.service"],
      });
      const order = () => readFileSync(machine.path("/tmp/order"), "utf8").trim().split("\n");
      await waitFor("all six lines", () => order().length === 6, { deadlineMs });
      expect(order()).toEqual(
        ["first", "second", "third"].flatMap((name) => [`${name} begins`, `${name} ends`]),
      );
    });

    it("the units that a unit wants, and a unit of Type=notify when it listens", async () => {
      const machine = await boot({
        files: VAULT_HCL,
        units: {
          "after.service": service(
            "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true",
            "Wants=vault.service\nAfter=vault.service",
          ),
        },
        enable: ["after.service"],
      });
      await machine.untilActive("after.service", { deadlineMs });
      expect(machine.output("vault.service")).toContain("listening");
    });

    it("no unit of Type=notify that ends before it listens, which counts as failed", async () => {
      const machine = await create({
        files: VAULT_HCL,
        programs: installed(vaultStandIn(folder.path, "echo no key; exit 3")),
      });
      await machine.boot();
      await expect(machine.start("vault.service")).rejects.toThrow(/vault.service failed.*no key/s);
    });

    it("a command that ends at once, and knows its result", async () => {
      const machine = await boot({ units: { "x.service": service("Type=oneshot\nExecStart=/bin/false") } });
      for (let i = 0; i < 20; i++) expect((await machine.run("x.service")).code).toBe(1);
      expect(machine.state("x.service")).toBe("failed");
    });

    it("ExecStartPre= first, and ignores a failure after a hyphen", async () => {
      const machine = await boot({
        units: {
          "good.service": service("Type=oneshot\nExecStartPre=-/bin/false\nExecStart=/bin/echo here"),
          "bad.service": service("Type=oneshot\nExecStartPre=/bin/false\nExecStart=/bin/echo here"),
        },
      });
      expect(await machine.run("good.service")).toEqual({ code: 0, output: "here\n" });
      const bad = await machine.run("bad.service");
      expect([bad.code, bad.output.includes("here")]).toEqual([1, false]);
    });

    // The first is over before the program has started.
    it.each(["1ms", "100ms"])("no unit for longer than TimeoutStartSec=%s", async (limit) => {
      const machine = await boot({
        units: {
          "slow.service": service(`Type=oneshot\nTimeoutStartSec=${limit}\nExecStart=/bin/sleep 1000`),
        },
      });
      const { code, output } = await machine.run("slow.service");
      expect([code, output]).toEqual([137, expect.stringContaining(`took longer than ${limit}`)]);
    });

    it("a unit after it has created the unit's folders, and keeps them as the unit says", async () => {
      const lines = (more: string) =>
        `Type=oneshot\nRuntimeDirectory=own\nRuntimeDirectoryMode=0700\nLogsDirectory=own\nLogsDirectoryMode=0750\nUMask=0077\n` +
        `Environment=FOLDER=/run/own\nExecStart=/usr/local/bin/write\n${more}`;
      const machine = await boot({
        files: {
          "/usr/local/bin/write": program(
            'stat --format=%a "$FOLDER"; echo x >"$FOLDER/file"; stat --format=%a "$FOLDER/file"',
          ),
        },
        units: {
          "keeps.service": service(lines("RuntimeDirectoryPreserve=yes")),
          "drops.service": service(lines("")),
        },
      });
      expect((await machine.run("keeps.service")).output).toBe("700\n600\n");
      expect(existsSync(machine.path("/run/own/file"))).toBe(true);
      expect((statSync(machine.path("/var/log/own")).mode & 0o777).toString(8)).toBe("750");
      await machine.run("drops.service");
      expect(existsSync(machine.path("/run/own"))).toBe(false);
    });

    it("every unit with the way to Azure in its environment, even if the unit sets another", async () => {
      const machine = await boot({
        files: { "/etc/vault.d/vault.env": "HTTPS_PROXY=http://elsewhere\nOWN=file\n" },
        units: {
          "x.service": service(
            "Type=oneshot\nEnvironment=OWN=unit OTHER=/run/x\nEnvironmentFile=/etc/vault.d/vault.env\nExecStart=/usr/bin/env",
          ),
        },
      });
      const lines = (await machine.run("x.service")).output.split("\n");
      for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]) {
        expect(lines).toContain(`${name}=http://127.0.0.1:9`);
      }
      expect(lines).toContain("NO_PROXY=127.0.0.0/8,localhost");
      expect(lines).toContain("no_proxy=127.0.0.0/8,localhost");
      expect(lines).toContain("OWN=file");
      expect(lines).toContain(`OTHER=${machine.path("/run/x")}`);
      expect(lines.some((line) => line.startsWith("SSL_CERT_FILE="))).toBe(true);
      expect(lines.some((line) => line.startsWith("HOME="))).toBe(false);
    });

    it("a unit of a user with that user's name and home, as systemd does", async () => {
      const machine = await boot({
        units: { "x.service": service("Type=oneshot\nUser=vault\nExecStart=/usr/bin/env") },
      });
      const lines = (await machine.run("x.service")).output.split("\n");
      expect(lines).toEqual(
        expect.arrayContaining([`HOME=${machine.path("/")}`, "USER=vault", "LOGNAME=vault"]),
      );
    });
  });

  describe("restarts", () => {
    const counting = (lines: string) => ({
      files: { "/usr/local/bin/count": program('echo x >>"$TMPDIR/count"; exit "$1"') },
      units: { "x.service": service(lines) },
    });
    const count = (machine: Machine) =>
      existsSync(machine.path("/tmp/count"))
        ? readFileSync(machine.path("/tmp/count"), "utf8").length / 2
        : 0;

    it.each([
      ["Type=oneshot\nRestart=on-failure\nExecStart=/usr/local/bin/count 1", true],
      ["Type=oneshot\nRestart=on-failure\nExecStart=/usr/local/bin/count 0", false],
      ["Type=oneshot\nExecStart=/usr/local/bin/count 1", false],
      ["Restart=always\nExecStart=/usr/local/bin/count 0", true],
      ["Restart=on-failure\nExecStart=/usr/local/bin/count 0", false],
      ["Restart=on-failure\nExecStart=/usr/local/bin/count 1", true],
      ["Restart=on-failure\nRestartPreventExitStatus=64 65\nExecStart=/usr/local/bin/count 65", false],
      ["Restart=on-failure\nRestartPreventExitStatus=64 65\nExecStart=/usr/local/bin/count 1", true],
    ])("%j: %s", async (lines, expected) => {
      const machine = await boot({ ...counting(`RestartSec=30\n${lines}`) });
      await machine.start("x.service").catch(() => {});
      if (expected) {
        await waitFor("a third start", () => count(machine) >= 3, { deadlineMs });
      } else {
        await waitFor("the unit's end", () => ["inactive", "failed"].includes(machine.state("x.service")), {
          deadlineMs,
        });
        await expect(
          waitFor("a second start", () => count(machine) > 1, { deadlineMs: 300 }),
        ).rejects.toThrow("Timed out after");
      }
    });

    it("no stopped unit, even in the pause before a restart", async () => {
      const machine = await boot({
        ...counting("Restart=always\nRestartSec=30\nExecStart=/usr/local/bin/count 1"),
        restartSeconds: 0.2,
      });
      await machine.start("x.service").catch(() => {});
      await waitFor("the unit's end", () => machine.pid("x.service") === undefined, { deadlineMs });
      await machine.stop("x.service");
      const before = count(machine);
      await expect(waitFor("a start", () => count(machine) > before, { deadlineMs: 500 })).rejects.toThrow(
        "Timed out after",
      );
      expect(machine.state("x.service")).toBe("inactive");
    });

    it("a unit after a kill of its whole process group", async () => {
      const machine = await boot({
        files: { "/usr/local/bin/parent": program("sleep 1000 & echo child $!; wait") },
        units: { "x.service": service("Restart=on-failure\nRestartSec=30\nExecStart=/usr/local/bin/parent") },
      });
      await machine.start("x.service");
      const children = () =>
        [...machine.output("x.service").matchAll(/child (\d+)/g)].map(([, pid]) => Number(pid));
      await waitFor("its child", () => children().length === 1, { deadlineMs });
      const [parent, [child]] = [machine.pid("x.service") as number, children()];
      machine.kill("x.service", "SIGKILL");
      await waitFor("a new child", () => children().length === 2 && machine.isActive("x.service"), {
        deadlineMs,
      });
      await waitFor("the end of the old processes", () => !identityOf(parent) && !identityOf(child), {
        deadlineMs: 1000,
      });
      expect(machine.pid("x.service")).not.toBe(parent);
      expect(machine.output("x.service")).toContain("signal SIGKILL");
    });
  });

  describe("orders jobs like systemd", () => {
    const units = (command: string) => ({
      files: { "/usr/local/bin/x": program(command) },
      units: {
        "early.service": service("Type=oneshot\nExecStart=/usr/local/bin/x"),
        "late.service": service("ExecStart=/bin/sleep 1000\nExecReload=/bin/true", "After=early.service"),
      },
    });

    it("a reload waits for the run of a unit that its unit is ordered after, so that run must not wait for it", async () => {
      const machine = await boot(units("systemctl reload late.service; echo never"));
      await machine.start("late.service");
      void machine.run("early.service");
      const held = () =>
        machine.output("late.service").includes("reload held back, waiting for: early.service");
      await waitFor("the deadlock", held, { deadlineMs });
      expect(machine.output("early.service")).toBe("");
    });

    it.each([
      "systemctl reload --no-block late.service",
      "systemctl restart --no-block late.service",
      "systemctl kill --signal=SIGCONT --kill-whom=main late.service",
      "systemctl stop late.service",
    ])("%s does not wait", async (command) => {
      const machine = await boot(units(`${command} && echo on`));
      await machine.start("late.service");
      expect(await machine.run("early.service")).toEqual({ code: 0, output: "on\n" });
    });

    it("a stop while the unit's requirement still starts leaves the unit stopped", async () => {
      const machine = await boot({
        files: { "/usr/local/bin/x": program("until [[ -e $TMPDIR/go ]]; do sleep 0.02; done") },
        units: {
          "needed.service": service("Type=oneshot\nRemainAfterExit=yes\nExecStart=/usr/local/bin/x"),
          "late.service": service("ExecStart=/bin/sleep 1000", "Requires=needed.service"),
        },
      });
      const start = expect(machine.start("late.service")).rejects.toThrow("canceled");
      await waitFor("the required unit to run", () => machine.pid("needed.service"), { deadlineMs });
      await machine.stop("late.service");
      await start;
      writeFileSync(machine.path("/tmp/go"), "");
      await machine.untilActive("needed.service", { deadlineMs });
      await expect(
        waitFor("the unit to run", () => machine.pid("late.service"), { deadlineMs: 200 }),
      ).rejects.toThrow("Timed out after");
    });

    it("a unit whose requirement fails does not start", async () => {
      const machine = await boot({
        units: {
          "needed.service": service("Type=oneshot\nExecStart=/bin/false"),
          "late.service": service(
            "ExecStart=/bin/sleep 1000",
            "Requires=needed.service\nAfter=needed.service",
          ),
        },
      });
      await expect(machine.start("late.service")).rejects.toThrow(
        "A dependency job for late.service failed.",
      );
    });

    it("a stop ends a start that is under way", async () => {
      const machine = await boot(units("sleep 1000"));
      const start = machine.start("early.service");
      await waitFor("the unit to run", () => machine.pid("early.service"), { deadlineMs });
      await Promise.all([expect(start).rejects.toThrow("canceled"), machine.stop("early.service")]);
      expect(machine.state("early.service")).toBe("inactive");
    });
  });

  describe("reboots", () => {
    it("with empty memory and full disks, and starts the enabled units", async () => {
      const machine = await boot({
        files: {
          "/usr/local/bin/write": program(
            'echo "$1" >>"$A/x"; echo "$1" >>"$B/x"; echo "$1" >>"$C/x"; exec sleep 1000',
          ),
        },
        units: {
          "ramdisk.mount":
            "[Mount]\nWhat=tmpfs\nWhere=/ramdisk\nType=tmpfs\nOptions=size=1m,mode=0751\n[Install]\nWantedBy=multi-user.target",
          "var-lib-vault.mount":
            "[Unit]\nRequires=format.service\n[Mount]\nWhat=/dev/x\nWhere=/var/lib/vault\nType=ext4",
          "x.service": `${service("Environment=A=/run B=/ramdisk C=/var/lib/vault\nExecStart=/usr/local/bin/write here", "RequiresMountsFor=/var/lib/vault /ramdisk")}[Install]\nWantedBy=multi-user.target`,
          "not-enabled.service": service("ExecStart=/bin/sleep 1000"),
        },
        enable: ["ramdisk.mount", "x.service"],
      });
      await machine.start("not-enabled.service");
      const written = (path: string) => () =>
        existsSync(machine.path(path)) && readFileSync(machine.path(path), "utf8");
      await waitFor("the unit's files", written("/var/lib/vault/x"), { deadlineMs });
      expect((statSync(machine.path("/ramdisk")).mode & 0o777).toString(8)).toBe("751");
      writeFileSync(machine.path("/run/secret"), "x");
      writeFileSync(machine.path("/ramdisk/secret"), "x");
      const pid = machine.pid("x.service") as number;
      await machine.reboot();
      await waitFor("the unit's files", () => written("/var/lib/vault/x")() === "here\nhere\n", {
        deadlineMs,
      });
      expect(identityOf(pid)).toBeUndefined();
      expect([written("/run/secret")(), written("/ramdisk/secret")()]).toEqual([false, false]);
      expect(machine.state("not-enabled.service")).toBe("inactive");
    });

    it("at any moment", async () => {
      const machine = await boot({
        units: {
          "slow.service": `${service("Type=oneshot\nExecStart=/bin/sleep 1000")}[Install]\nWantedBy=multi-user.target`,
          "waits.service": service("ExecStart=/bin/sleep 1000", "After=slow.service"),
        },
        enable: ["slow.service", "waits.service"],
      });
      const start = expect(machine.start("waits.service")).rejects.toThrow("canceled");
      for (let i = 0; i < 5; i++) await machine.reboot();
      await start;
      await waitFor("it to run again", () => machine.pid("slow.service"), { deadlineMs });
    });
  });

  describe("is isolated", () => {
    it("beside another machine with the same user data", async () => {
      const [a, b] = [
        await boot({ files: VAULT_HCL, enable: ["vault.service"] }),
        await boot({ files: VAULT_HCL, enable: ["vault.service"] }),
      ];
      await Promise.all([a, b].map((machine) => machine.untilActive("vault.service", { deadlineMs })));
      await a.powerOff();
      expect([a.isActive("vault.service"), b.isActive("vault.service")]).toEqual([false, true]);
    });

    it("so that only its user can read its folder", async () => {
      const machine = await boot({ units: { "x.service": service("Type=oneshot\nExecStart=/bin/true") } });
      await machine.run("x.service");
      const root = machine.path("/").slice(0, -1);
      for (const path of [root, join(root, ".."), join(root, "../log"), join(root, "../bin")]) {
        expect((statSync(path).mode & 0o777).toString(8)).toBe("700");
      }
      expect((statSync(join(root, "../log/x.service.log")).mode & 0o777).toString(8)).toBe("600");
    });

    it("and leaves no process", async () => {
      const machine = await boot({
        files: {
          ...VAULT_HCL,
          "/usr/local/bin/stubborn": program(
            "trap '' TERM INT HUP; sleep 1000 & echo child $!; while :; do wait; done",
          ),
        },
        units: { "x.service": service("TimeoutStopSec=200ms\nExecStart=/usr/local/bin/stubborn") },
      });
      await machine.start("x.service");
      await machine.start("vault.service");
      const child = await waitFor("its child", () => /child (\d+)/.exec(machine.output("x.service"))?.[1], {
        deadlineMs,
      });
      const pids = [machine.pid("x.service"), machine.pid("vault.service"), Number(child)] as number[];
      await machine.powerOff();
      await waitFor("its processes to be gone", () => !pids.some((pid) => identityOf(pid)), {
        deadlineMs: 1000,
      });
      expect(readdirSync(machine.path("/run"))).toEqual([]);
      expect(
        readdirSync(join(machine.path("/"), "../log")).filter((name) => name.endsWith(".process")),
      ).toEqual([]);
    });
  });

  it("boots again although a killed program's child keeps the port for a moment", async () => {
    const address = nextAddress();
    const machine = await create({ files: VAULT_HCL, address });
    await machine.boot();
    await machine.cutPower();
    const child = createServer();
    await new Promise<void>((resolve) => child.listen(8200, address, resolve));
    const booted = machine.boot();
    // The machine has asked before, so it has found its port taken, too.
    try {
      await expect(requireFree(address, 8200)).rejects.toThrow("Another program listens");
    } finally {
      child.close();
    }
    await booted;
  });

  describe("rejects, in one sentence,", () => {
    it("a port that is taken", async () => {
      const address = nextAddress();
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(8200, address, resolve));
      await expect(create({ files: VAULT_HCL, address })).rejects.toThrow(
        `Another program listens on ${address}:8200.`,
      );
      await new Promise((resolve) => server.close(resolve));
    });

    it("an address that is not this computer's", async () => {
      await expect(create({ files: VAULT_HCL, address: "192.0.2.1" })).rejects.toThrow(
        "Nothing can listen on 192.0.2.1:8200",
      );
    });

    it.each(["relative", "/tmp/with space", `/tmp/${"long".repeat(30)}`])("the folder %s", async (path) => {
      await expect(create({ folder: path })).rejects.toThrow("A machine cannot be in");
    });

    it("a unit it does not have", async () => {
      const machine = await boot({});
      await expect(machine.run("x.service")).rejects.toThrow("vm-small has no unit x.service.");
      await expect(machine.start("x.service")).rejects.toThrow("Unit x.service not found.");
    });

    it("a missing program of the scripts, all at once", async () => {
      await expect(requirePrograms("/nowhere", ["haproxy"])).rejects.toThrow(
        "The VMs' scripts need bash, curl, flock, install, jq, openssl, timeout, unzip, haproxy. Install it (on Debian and Ubuntu: apt-get install bash curl util-linux coreutils jq openssl unzip haproxy).",
      );
    });

    it("a curl that is too old", async () => {
      const bin = join(folder.path, "bin");
      mkdirSync(bin);
      for (const name of ["bash", "curl", "flock", "install", "jq", "openssl", "timeout", "unzip"]) {
        writeFileSync(join(bin, name), "#!/bin/sh\necho 'curl 7.81.0 (x86_64-pc-linux-gnu)'\n", {
          mode: 0o755,
        });
      }
      await expect(requirePrograms(bin, [])).rejects.toThrow(
        `The VMs' scripts need curl 7.84.0 or newer, but ${bin}/curl is 7.81.0. Update it.`,
      );
    });
  });
});
