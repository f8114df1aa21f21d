import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { waitFor } from "../../../lib/processes/wait-for";

const PROJECT = resolve(__dirname, "../../..");

export interface Script {
  readonly child: ChildProcess;
  /** Standard output and error so far. */
  output(): string;
  /** Waits for a line that starts with `word`, and returns the rest of it. */
  line(word: string): Promise<string>;
  ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Runs TypeScript in its own process. `@project` stands for the project's path. */
export function runScript(folder: string, body: string, env: NodeJS.ProcessEnv = {}): Script {
  const file = join(folder, `script-${Math.random().toString(36).slice(2)}.ts`);
  writeFileSync(file, body.replaceAll("@project", PROJECT));
  const child = spawn(process.execPath, ["--import", "tsx", file], {
    cwd: PROJECT,
    env: { ...process.env, ...env },
  });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  child.stderr.on("data", (chunk) => {
    text += chunk;
  });
  const exit = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  return {
    child,
    output: () => text,
    line: (word) =>
      waitFor(
        `the script to say "${word}"`,
        () => {
          const found = text.split("\n").find((it) => it.startsWith(`${word} `));
          if (!found) throw new Error(text);
          return found.slice(word.length + 1);
        },
        { deadlineMs: 30_000 },
      ),
    ended: () => exit,
  };
}
