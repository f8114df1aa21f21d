import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ChildProgram } from "../../../lib/processes/child-program";
import { identityOf } from "../../../lib/processes/process-identity";
import { waitFor } from "../../../lib/processes/wait-for";
import { standIn } from "./stand-in";
import { temporaryFolder } from "./temporary-folder";

const folder = temporaryFolder();
const started: ChildProgram[] = [];
afterEach(async () => {
  for (const program of started.splice(0)) await program.kill();
});

async function start(
  script: string,
  env: NodeJS.ProcessEnv = { PATH: "/usr/bin:/bin" },
): Promise<ChildProgram> {
  const program = await ChildProgram.start({
    name: "Vault",
    command: standIn(folder.path, "program", script),
    args: ["one", "two words"],
    env,
    cwd: folder.path,
    logFile: join(folder.path, "vault.log"),
  });
  started.push(program);
  return program;
}

const log = () => readFileSync(join(folder.path, "vault.log"), "utf8");
const says = (text: string) => () => log().includes(text);
const deadlineMs = 10_000;

describe("ChildProgram", () => {
  it("runs with its arguments, folder and environment, and inherits nothing", async () => {
    const program = await start('echo "$1/$2"; pwd; env; echo end; exec sleep 60', {
      ONLY: "this",
      PATH: "/usr/bin:/bin",
    });
    await program.until("its words", says("end\n"), { deadlineMs });
    expect(log()).toContain(`one/two words\n${folder.path}\n`);
    expect(log()).toContain("ONLY=this");
    expect(log()).not.toContain("HOME=");
  });

  it("writes a log that only its owner can read", async () => {
    await start("exec sleep 60");
    expect(statSync(join(folder.path, "vault.log")).mode & 0o777).toBe(0o600);
  });

  it("fails at once and quotes its last output when it ends before the awaited event", async () => {
    const program = await start("echo 'Error: no seal' >&2; exit 3");
    await expect(program.until("Vault to answer", () => false, { deadlineMs: 60_000 })).rejects.toThrow(
      /Vault ended with exit code 3 while the sandbox waited for Vault to answer\. Its log \(.*\) ends: Error: no seal/,
    );
    expect(program.running).toBe(false);
  });

  it("quotes the log when the deadline passes", async () => {
    const program = await start("echo waiting for the key vault; exec sleep 60");
    await program.until("its words", says("waiting"), { deadlineMs });
    await expect(program.until("Vault to answer", () => false, { deadlineMs: 20 })).rejects.toThrow(
      /waiting for Vault to answer\. Its log .* ends: waiting for the key vault/,
    );
  });

  it("stops when asked", async () => {
    const program = await start("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done");
    await program.until("up", says("up"), { deadlineMs });
    await program.stop();
    expect(log()).toContain("bye");
    expect(program.running).toBe(false);
  });

  it("is killed, with its children, when it does not stop in time", async () => {
    const program = await start(
      "trap '' TERM; (trap '' TERM; echo child; while :; do sleep 1; done) & echo $! up; wait",
    );
    await program.until("up", says("up"), { deadlineMs });
    const child = Number(/(\d+) up/.exec(log())?.[1]);
    await program.stop({ deadlineMs: 100 });
    await waitFor("the child to be gone", () => !identityOf(child), { deadlineMs });
  });

  it("kills the rest of its group when it ends by itself", async () => {
    const program = await start("sleep 60 & echo $! up");
    await program.ended;
    const child = Number(/(\d+) up/.exec(log())?.[1]);
    await waitFor("the child to be gone", () => !identityOf(child), { deadlineMs });
  });

  it("restarts with the same options", async () => {
    const program = await start('echo "up $1"; exec sleep 60');
    const before = program.pid;
    await program.until("up", says("up one"), { deadlineMs });
    await program.restart();
    await program.until("up again", () => log().match(/up one/g)?.length === 2, { deadlineMs });
    expect(program.pid).not.toBe(before);
  });

  it("reports a missing program", async () => {
    const options = { name: "Vault", args: [], env: {}, logFile: join(folder.path, "vault.log") };
    await expect(ChildProgram.start({ ...options, command: "/nowhere/vault" })).rejects.toThrow(
      "/nowhere/vault is missing or cannot be executed. Install it again.",
    );
  });
});
