import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "../../lib/processes/wait-for";
import { itTakesLong } from "../long-tests";

const project = join(__dirname, "../..");
const { scripts } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));

const running = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("A signal to npm alone, as a supervisor sends it,", () => {
  it("reaches each program of ours, because it replaces npm's shell", () => {
    // npm passes a signal on to its shell, and the shell to nobody.
    const ours = Object.values<string>(scripts).filter((script) => /\bnode /.test(script));
    expect(ours.length).toBeGreaterThan(10);
    for (const script of ours) expect(script).toMatch(/^exec node /);
  });

  itTakesLong("ends npm test with all of its processes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "npm-signals-"));
    const file = (name: string) => join(folder, name);
    writeFileSync(
      file("hanging.test.js"),
      `test("hangs", () => {
        require("node:fs").writeFileSync(${JSON.stringify(file("pids"))}, process.pid + " " + process.ppid + " .");
        return new Promise(() => {});
      });`,
    );
    const npm = spawn("npm", ["test", "--", "--rootDir", folder, "--config", '{"testTimeout":600000}'], {
      cwd: project,
    });
    let pids: number[] = [];
    try {
      const ended = once(npm, "exit");
      pids = await waitFor(
        "Jest to start",
        () =>
          readFileSync(file("pids"), "utf8")
            .match(/^(\d+) (\d+) \.$/)
            ?.slice(1)
            .map(Number),
        { deadlineMs: 50_000 },
      );
      npm.kill("SIGTERM");
      await ended;
      await waitFor("Jest to end", () => !pids.some(running), { deadlineMs: 20_000 });
    } finally {
      npm.kill("SIGKILL");
      for (const pid of pids.filter(running)) process.kill(pid, "SIGKILL");
      rmSync(folder, { recursive: true });
    }
  });
});
