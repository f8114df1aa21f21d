import type { Readable } from "node:stream";
import { type Ending, type GuardedProcessOptions, startGuarded } from "./guarded-process";
import { UserError } from "./user-error";

export interface RunOptions extends Omit<GuardedProcessOptions, "stdio"> {
  /** Milliseconds until the program is killed. */
  readonly deadlineMs: number;
  /** Called with each line of standard error as it comes. */
  readonly onErrorLine?: (line: string) => void;
}

export interface RunResult extends Ending {
  readonly stdout: string;
  readonly stderr: string;
}

/** Keeps this many characters from the end of a program's output. */
const KEPT = 200_000;

/**
 * Runs a program to its end and accepts any exit code. The program dies with this process.
 *
 * @throws UserError when the program cannot start or the deadline passes
 */
export async function runProgram({ deadlineMs, onErrorLine, ...options }: RunOptions): Promise<RunResult> {
  const program = await startGuarded({ ...options, stdio: ["ignore", "pipe", "pipe"] });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    program.signal("SIGKILL", "group");
  }, deadlineMs);
  try {
    const [stdout, stderr, ending] = await Promise.all([
      collect(program.child.stdout as Readable),
      collect(program.child.stderr as Readable, onErrorLine),
      program.ended,
    ]);
    if (late) {
      const command = [options.command, ...options.args].join(" ");
      throw new UserError(
        `${command} did not end within ${deadlineMs / 1000} s, so it was stopped. ${lastLines(stderr, 3)}`.trim(),
      );
    }
    return { ...ending, stdout, stderr };
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the last non-empty lines of a text as one line. */
export function lastLines(text: string, count: number): string {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-count)
    .join(" | ");
}

async function collect(stream: Readable, onLine?: (line: string) => void): Promise<string> {
  let text = "";
  let line = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream) {
    text = (text + chunk).slice(-KEPT);
    if (!onLine) continue;
    const lines = (line + chunk).split("\n");
    line = lines.pop() ?? "";
    for (const complete of lines) onLine(complete);
  }
  return text;
}
