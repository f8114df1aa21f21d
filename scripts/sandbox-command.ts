import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { UserError } from "../lib/processes/user-error";
import { ask, type Command, runningFolders } from "../sandbox/system/control";
import type { Shell } from "../sandbox/system/shell";

export interface SandboxCommandProps {
  command: Command;
  /** The name of a part or a person. */
  name?: string;
  /** The command to run in the shell. Empty for an interactive shell. */
  words: readonly string[];
  folder?: string;
  follow: boolean;
}

/** Sends a command to a sandbox that runs in another terminal. @returns the exit code */
export async function sandboxCommand(props: SandboxCommandProps): Promise<number> {
  const { command, name, words, follow } = props;
  const { text, files, url, shells = [] } = await ask(await folderOf(props.folder), command, name);
  if (text) console.log(text);
  if (files) return run("tail", [...(follow ? ["-F"] : []), "-n", "40", ...files]);
  if (url) return open(url);
  for (const { who, shell, command: theirs } of shells) {
    const wanted = theirs.length > 0 ? theirs : words;
    if (theirs.length > 0) console.log(`${who}$ ${theirs.join(" ")}`);
    const code = await inShell(shell, wanted);
    if (code !== 0) return code;
  }
  return 0;
}

/** Returns the named folder, or the folder of the running sandbox. @throws {UserError} unless exactly one sandbox runs */
async function folderOf(named: string | undefined): Promise<string> {
  if (named !== undefined) return resolve(named);
  const [folder, ...others] = await runningFolders();
  if (!folder) {
    throw new UserError(
      "No sandbox runs. Start one: npm run sandbox. If you started it with --folder, add the same --folder here.",
    );
  }
  if (others.length > 0) {
    throw new UserError(
      `Several sandboxes run. Choose one with --folder:\n${[folder, ...others].map((it) => `  ${it}`).join("\n")}`,
    );
  }
  return folder;
}

function inShell({ loginFile, folder, environment }: Shell, words: readonly string[]) {
  const options = { cwd: folder, env: { ...process.env, ...environment } };
  return words.length > 0
    ? run("bash", ["-c", '. "$0" && exec "$@"', loginFile, ...words], options)
    : run("bash", ["--noprofile", "--rcfile", loginFile, "-i"], options);
}

/** Prints the address, and opens it in a browser on a machine with a display. */
async function open(url: string): Promise<number> {
  console.log(url);
  if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return 0;
  return run("xdg-open", [url]).catch(() => 0);
}

function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
