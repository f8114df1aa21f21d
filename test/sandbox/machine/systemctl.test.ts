import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../../sandbox/machine/machine";
import { gone, shortFolder, smallMachine } from "./small-machine";

const sleeper = (extra = "") => `[Service]\nExecStart=/bin/sleep 1000\n${extra}`;
const oneshot = (command: string, extra = "") => `[Service]\nType=oneshot\nExecStart=${command}\n${extra}`;

describe("systemctl on a machine", () => {
  let folder: ReturnType<typeof shortFolder>;
  let machine: Machine;
  beforeAll(async () => {
    folder = shortFolder();
    machine = await smallMachine(folder.path, {
      units: {
        "runs.service": sleeper(
          "ExecReload=/bin/kill --signal CONT $MAINPID\n[Install]\nWantedBy=multi-user.target",
        ),
        "rests.service": sleeper(),
        "fails.service": oneshot("/bin/false"),
        "plain.service": sleeper(),
        "ends.service": oneshot("/bin/true"),
        "stays.service": oneshot("/bin/true", "RemainAfterExit=yes"),
        "ends-in-order.service": oneshot("/bin/true"),
        "ends-by-timer.service": oneshot("/bin/true"),
        "ends-by-timer.timer": "[Timer]\nOnBootSec=1d\n[Install]\nWantedBy=timers.target",
        "refers.service": sleeper(
          "[Unit]\nAfter=ends-in-order.service\n[Install]\nWantedBy=multi-user.target",
        ),
      },
    });
    await machine.boot();
  });
  afterAll(async () => {
    await machine.powerOff();
    await gone(machine);
    folder.remove();
  });
  beforeEach(async () => {
    await Promise.all(["runs.service", "plain.service"].map((unit) => machine.start(unit)));
    await machine.stop("rests.service");
  });

  /** Calls it as a script does: by name, from PATH. */
  const call = (...words: string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      execFile("/usr/bin/env", ["systemctl", ...words], { env: machine.environment }, (error, out, err) =>
        resolve({ code: Number(error?.code ?? 0), out: out.trim(), err: err.trim() }),
      );
    });

  it("gives each start of a unit another InvocationID, and keeps the last ID of an inactive unit", async () => {
    await call("enable", "runs.service");
    const invocation = async () => (await call("show", "--property=InvocationID", "runs.service")).out;
    const first = await invocation();
    expect(first).toMatch(/^InvocationID=[0-9a-f]{32}$/);
    await call("start", "runs.service");
    expect(await invocation()).toBe(first);
    await call("restart", "runs.service");
    const second = await invocation();
    expect(second).not.toBe(first);
    await call("stop", "runs.service");
    expect(await invocation()).toBe(second);
  });

  it("forgets a unit that ended, if no other unit refers to it", async () => {
    const known = async (unit: string) => {
      await call("start", unit);
      const { out } = await call("show", "--property=ActiveState,InvocationID", unit);
      return /InvocationID=[0-9a-f]{32}$/.test(out);
    };
    await call("enable", "refers.service", "ends-by-timer.timer");
    expect(await known("ends.service")).toBe(false);
    expect(await known("stays.service")).toBe(true);
    expect(await known("ends-in-order.service")).toBe(true);
    expect(await known("ends-by-timer.service")).toBe(true);
    expect(await known("fails.service")).toBe(true);
  });

  it("disables units that the boot started, and stops them with --now", async () => {
    await call("enable", "runs.service");
    await call("disable", "--now", "runs.service");
    expect(machine.state("runs.service")).toBe("inactive");
    await machine.reboot();
    expect(machine.state("runs.service")).toBe("inactive");
  });

  // Codes and messages of systemd 252.
  it.each([
    ["is-active runs.service", 0, "active", ""],
    ["is-active runs", 0, "active", ""],
    ["is-active --quiet runs.service", 0, "", ""],
    ["is-active rests.service", 3, "inactive", ""],
    ["is-active --quiet rests.service", 3, "", ""],
    ["is-active none.service", 4, "inactive", ""],
    ["is-active none.service runs.service", 0, "inactive\nactive", ""],
    ["start runs.service", 0, "", ""],
    ["start rests.service", 0, "", ""],
    ["start --no-block rests.service", 0, "", ""],
    ["start fails.service", 1, "", "Job for fails.service failed"],
    ["start --no-block fails.service", 0, "", ""],
    ["start none.service", 5, "", "Failed to start none.service: Unit none.service not found."],
    ["restart logrotate.timer", 0, "", ""],
    ["stop rests.service", 0, "", ""],
    ["stop none.service", 5, "", "Failed to stop none.service: Unit none.service not loaded."],
    ["reload runs.service", 0, "", ""],
    ["reload rests.service", 1, "", "rests.service is not active, cannot reload."],
    ["restart rests.service", 0, "", ""],
    ["try-restart rests.service", 0, "", ""],
    ["try-reload-or-restart runs.service", 0, "", ""],
    ["try-reload-or-restart rests.service", 0, "", ""],
    ["daemon-reload", 0, "", ""],
    ["enable --now --no-block runs.service", 0, "", ""],
    ["show --property=ActiveState,Result runs.service", 0, "ActiveState=active\nResult=success", ""],
    ["show --property=InvocationID none.service", 0, "InvocationID=", ""],
    ["disable none.service", 1, "", "Unit file none.service does not exist."],
    ["enable none.service", 1, "", "Unit file none.service does not exist."],
    ["kill --signal=SIGCONT --kill-whom=main runs.service", 0, "", ""],
    ["kill --signal=SIGCONT --kill-whom=main rests.service", 1, "", "No main process to kill"],
    ["start", 1, "", "Too few arguments."],
    ["status runs.service", 1, "", 'does not support "status"'],
    ["start --wait runs.service", 1, "", 'does not support "start --wait"'],
    ["", 1, "", "does not support"],
  ])("answers: systemctl %s -> %i", async (words, code, out, err) => {
    const answer = await call(...words.split(" ").filter((word) => word !== ""));
    expect(answer).toEqual({ code, out, err: expect.stringContaining(err) });
    if (err === "") expect(answer.err).toBe("");
  });

  it("really starts and stops units", async () => {
    await call("start", "rests.service");
    const pid = machine.pid("rests.service") as number;
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await call("stop", "rests.service");
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });

  it.each(["restart", "try-restart", "try-reload-or-restart"])(
    "%s gives a running unit a new process",
    async (verb) => {
      const before = machine.pid("plain.service");
      await call(verb, "plain.service");
      expect(machine.isActive("plain.service")).toBe(true);
      expect(machine.pid("plain.service")).not.toBe(before);
    },
  );

  it("keeps the process during a reload", async () => {
    const before = machine.pid("runs.service");
    await call("try-reload-or-restart", "runs.service");
    expect(machine.pid("runs.service")).toBe(before);
  });

  it("says so if the machine is off", async () => {
    const second = await smallMachine(join(folder.path, "s"));
    await second.boot();
    await second.powerOff();
    const environment = second.environment;
    const answer = await new Promise((resolve) => {
      execFile("/usr/bin/env", ["systemctl", "daemon-reload"], { env: environment }, (error, _, err) =>
        resolve([error?.code, err.trim()]),
      );
    });
    expect(answer).toEqual([1, "systemctl: the machine is off"]);
  });
});
