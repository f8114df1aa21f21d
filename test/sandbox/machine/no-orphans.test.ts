import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { identityOf } from "../../../lib/processes/process-identity";
import { waitFor } from "../../../lib/processes/wait-for";
import { shortFolder } from "./small-machine";

const project = resolve(__dirname, "../../..");
const deadlineMs = 30_000; // the other process compiles TypeScript

describe("A machine whose sandbox is gone", () => {
  it.each(["SIGKILL", "SIGTERM"] as const)(
    "by %s leaves no process",
    async (signal) => {
      const folder = shortFolder();
      const log = join(folder.path, "m/log/x.service.log");
      const script = join(__dirname, "machine-process.ts");
      const sandbox = spawn(process.execPath, ["--require", "tsx/cjs", script, folder.path], {
        cwd: project,
      });
      const children = () =>
        [...readFileSync(log, "utf8").matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid));
      const pids = await waitFor(
        "its two processes",
        () => (children().length === 2 ? children() : undefined),
        {
          deadlineMs,
        },
      );
      expect(pids.every((pid) => identityOf(pid))).toBe(true);
      const gone = once(sandbox, "exit");
      sandbox.kill(signal);
      await gone;
      await waitFor("its processes to be gone", () => pids.every((pid) => !identityOf(pid)), { deadlineMs });
      folder.remove();
    },
    60_000,
  );
});
