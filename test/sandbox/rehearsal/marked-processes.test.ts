import { spawn } from "node:child_process";
import { killMarked } from "../../../sandbox/rehearsal/marked-processes";

it("a power cut kills all processes with the mark, including children in other sessions, and nothing else", async () => {
  const mark = `${process.pid}-${Date.now()}`;
  const script = "setsid sleep 300 & echo started; sleep 300";
  const start = (env: NodeJS.ProcessEnv) =>
    spawn("bash", ["-c", script], { env, stdio: ["ignore", "pipe", "ignore"] });
  const marked = start({ ...process.env, MARK: mark });
  const other = start({ ...process.env, MARK: `${mark}-other` });
  const ended = (child: typeof marked) =>
    new Promise((resolve) => child.once("close", (_, signal) => resolve(signal)));
  const ends = [ended(marked), ended(other)];
  await Promise.all(
    [marked, other].map(({ stdout }) => new Promise((resolve) => stdout.once("data", resolve))),
  );
  await killMarked("MARK", mark);
  // The pipe closes when the last process that has it open ends.
  expect(await ends[0]).toBe("SIGKILL");
  expect(other.exitCode ?? other.signalCode).toBeNull();
  await killMarked("MARK", `${mark}-other`);
  expect(await ends[1]).toBe("SIGKILL");
});
