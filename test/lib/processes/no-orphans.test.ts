import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { identityOf } from "../../../lib/processes/process-identity";
import { waitFor } from "../../../lib/processes/wait-for";
import { longTests } from "../../long-tests";
import { runScript, type Script } from "./script";
import { temporaryFolder } from "./temporary-folder";

jest.setTimeout(60_000); // each test starts TypeScript in a new process, which takes a second or more on a busy machine

const folder = temporaryFolder();

/** A sandbox with a state folder, a program that ignores SIGTERM, and that program's own child. */
async function sandbox(then = ""): Promise<{ script: Script; pids: number[]; state: string }> {
  const temporary = join(folder.path, "tmp");
  mkdirSync(temporary, { recursive: true });
  const script = runScript(
    folder.path,
    `import { ChildProgram } from "@project/lib/processes/child-program";
     import { StateFolder } from "@project/sandbox/system/state-folder";
     import { stopOnSignals } from "@project/scripts/stop-on-signals";
     import { readFileSync } from "node:fs";
     (async () => {
       const state = await StateFolder.open({ temporaryFolder: ${JSON.stringify(temporary)} });
       const logFile = state.path + "/program.log";
       const program = await ChildProgram.start({
         name: "Stubborn", command: "/bin/sh", logFile, env: { PATH: process.env.PATH },
         args: ["-c", "trap '' TERM INT HUP; (while :; do sleep 1; done) & echo $! up; while :; do sleep 1; done"],
       });
       const child = await program.until("up", () => /(\\d+) up/.exec(readFileSync(logFile, "utf8"))?.[1], { deadlineMs: 10000 });
       stopOnSignals(async () => { console.log("stopping now"); await program.stop({ deadlineMs: STOP }); await state.close(); });
       setInterval(() => {}, 1000);
       console.log("up " + JSON.stringify({ pids: [program.pid, Number(child)], state: state.path }));
       ${then}
     })();`.replace("STOP", then === "" ? "200" : "60000"),
  );
  const { pids, state } = JSON.parse(await script.line("up"));
  expect(pids.every((pid: number) => identityOf(pid))).toBe(true);
  return { script, pids, state };
}

async function expectNothingLeft(pids: number[], state: string): Promise<void> {
  await waitFor("its processes to be gone", () => pids.every((pid) => !identityOf(pid)), {
    deadlineMs: 10_000,
  });
  await waitFor("its folder to be gone", () => !existsSync(state), { deadlineMs: 10_000 });
}

// The third and the second run the same code as the first.
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

describe("No orphan is left", () => {
  it("after kill -9 of the sandbox", async () => {
    const { script, pids, state } = await sandbox();
    script.child.kill("SIGKILL");
    await script.ended();
    await expectNothingLeft(pids, state);
  });

  it.each(longTests ? signals : signals.slice(0, 1))("after %s", async (signal) => {
    const { script, pids, state } = await sandbox();
    script.child.kill(signal);
    const { code } = await script.ended();
    expect(code).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
    await expectNothingLeft(pids, state);
  });

  it("after a second Ctrl-C, which does not wait", async () => {
    const { script, pids, state } = await sandbox("/* stop takes a minute */");
    script.child.kill("SIGINT");
    await script.line("stopping");
    script.child.kill("SIGINT");
    expect((await script.ended()).code).toBe(130);
    await expectNothingLeft(pids, state);
  });

  it("after a crash", async () => {
    const { script, pids, state } = await sandbox(
      'process.on("SIGUSR2", () => { throw new Error("a bug"); });',
    );
    script.child.kill("SIGUSR2");
    expect((await script.ended()).code).not.toBe(0);
    await expectNothingLeft(pids, state);
  });

  it("even when its guardians were killed first, because the next sandbox cleans up", async () => {
    const { script, pids, state } = await sandbox();
    const guardians = guardiansOf(script.child.pid as number);
    expect(guardians).toHaveLength(2); // of the program and of the folder
    for (const guardian of guardians) process.kill(guardian, "SIGKILL");
    script.child.kill("SIGKILL");
    await script.ended();
    // No process could clean up, so the next sandbox does it.
    expect(identityOf(pids[0])).toBeDefined();
    const next = await sandbox();
    await expectNothingLeft(pids, state);
    next.script.child.kill("SIGKILL");
    await expectNothingLeft(next.pids, next.state);
    expect(readdirSync(join(folder.path, "tmp"))).toEqual([]);
  });
});

describe("A guardian of several programs", () => {
  /** Starts two programs, does something, starts a third, and is killed. Returns the programs' pids. */
  async function programsOf(between: string): Promise<[number, number, number]> {
    const script = runScript(
      folder.path,
      `import { execFileSync } from "node:child_process";
       import { startGuarded } from "@project/lib/processes/guarded-process";
       const start = () => startGuarded({ command: "/bin/sleep", args: ["600"], env: {}, stdio: ["ignore", "ignore", "ignore"] });
       (async () => {
         const [one, two] = [await start(), await start()];
         ${between}
         const three = await start();
         setInterval(() => {}, 1000);
         console.log("up " + JSON.stringify([one.pid, two.pid, three.pid]));
       })();`,
    );
    const pids = JSON.parse(await script.line("up"));
    expect(guardiansOf(script.child.pid as number)).toHaveLength(1);
    script.child.kill("SIGKILL");
    await script.ended();
    return pids;
  }

  const gone = (pids: readonly number[]) =>
    waitFor("the programs to be gone", () => pids.every((pid) => !identityOf(pid)), { deadlineMs: 10_000 });

  it("ends those that still run", async () => {
    await gone(await programsOf('one.signal("SIGKILL"); await one.ended;'));
  });

  it("starts again after all have ended", async () => {
    await gone(
      await programsOf('for (const each of [one, two]) { each.signal("SIGKILL"); await each.ended; }'),
    );
  });

  it("is replaced with the next program if somebody kills it, and the next one knows them all", async () => {
    const kill = `
      const found = execFileSync("pgrep", ["-P", String(process.pid), "-f", "vault-on-azure-guardian"]);
      const guardian = Number(found);
      process.kill(guardian, "SIGKILL");
      const isThere = () => { try { process.kill(guardian, 0); return true; } catch { return false; } };
      while (isThere()) await new Promise(setImmediate);
      await new Promise(setImmediate);`;
    await gone(await programsOf(kill));
  });
});

/** Returns the guardians' shells, children of that process. */
function guardiansOf(parent: number): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  const rows = table.map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line));
  return rows
    .filter((it) => Number(it?.[2]) === parent && it?.[3]?.includes("vault-on-azure-guardian"))
    .map((it) => Number(it?.[1]));
}
