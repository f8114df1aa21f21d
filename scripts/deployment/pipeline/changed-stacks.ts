import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import { linkPackages } from "../../../lib/link-packages";
import { messageOf, UserError } from "../../../lib/processes/user-error";
import { synthesize } from "../../../main";
import type { Interruption } from "../interruption";
import { type CommandOptions, runCommand } from "../run-command";
import { readArgumentsOf, runScript, say } from "../run-script";
import { projectFolder } from "../stack-folder";
import { stacksOf } from "../system";
import { temporaryFolder } from "../temporary-folder";

const help = `Usage: scripts/pipeline/changed-stacks ENVIRONMENT [COMMIT]

Prints the stacks whose Terraform differs between a commit and the working folder, one a line, in the order of deployment.
COMMIT is HEAD^1 by default, the base of a pull request.
If the commit cannot be synthesized, for example because the environment's file is missing there, it prints every stack.
`;

/** `scripts/pipeline/changed-stacks`. */
export async function main(): Promise<void> {
  await runScript(async (interruption) => {
    const { environment, words } = readArgumentsOf(help, {}, 1);
    const changed = await changedStacks(environment, words[0] ?? "HEAD^1", interruption);
    process.stdout.write(changed.map((stack) => `${stack}\n`).join(""));
  });
}

/** Returns the names of the stacks whose Terraform differs from a commit's, in the order of deployment. */
export async function changedStacks(
  environment: string,
  commit: string,
  interruption: Interruption,
): Promise<string[]> {
  const folder = temporaryFolder();
  const worktree = join(folder.path, "worktree");
  const [before, after] = [join(folder.path, "before"), join(folder.path, "after")];
  try {
    const stacks = stacksOf(synthesize(loadEnvironment(environment), after)).map(({ name }) => name);
    await synthesizeCommit(commit, worktree, environment, before, interruption.signal).catch((error) => {
      interruption.check();
      say(`Every stack counts as changed, because ${commit} cannot be synthesized: ${messageOf(error)}`);
    });
    return stacks.filter((stack) => {
      const [old, current] = [before, after].map((one) => filesIn(join(one, "stacks", stack)));
      return JSON.stringify(old) !== JSON.stringify(current);
    });
  } finally {
    await runCommand("git", ["worktree", "remove", "--force", worktree], { cwd: projectFolder });
    folder.remove();
  }
}

/** Synthesizes a commit's stacks with the commit's own code. @throws {UserError} if that fails */
async function synthesizeCommit(
  commit: string,
  folder: string,
  environment: string,
  outdir: string,
  signal: AbortSignal,
): Promise<void> {
  const run = (program: string, args: readonly string[], cwd: string, env?: NodeJS.ProcessEnv) =>
    succeed(program, args, { cwd, signal, env });
  await run("git", ["worktree", "add", "--quiet", "--detach", folder, commit], projectFolder);
  const lockfile = (of: string) => readFileSync(join(of, "package-lock.json"), "utf8");
  if (lockfile(projectFolder) === lockfile(folder)) linkPackages(folder);
  else await run("npm", ["ci", "--ignore-scripts", "--silent"], folder);
  const synth = ["scripts/run-bundled.cjs", "scripts/synth.ts", "--json"];
  const env = { ...process.env, ENVIRONMENT: environment, CDKTF_OUTDIR: outdir };
  await run(process.execPath, synth, folder, env);
}

/** Runs a program. @throws {UserError} with the last line of its output, if it fails */
async function succeed(program: string, args: readonly string[], options: CommandOptions): Promise<void> {
  const result = await runCommand(program, args, options);
  if (result?.code === 0) return;
  throw new UserError(result?.stderr.trim().split("\n").at(-1) || `${program} failed`);
}

/** Returns each file below a folder with its content. An empty list if the folder does not exist. */
function filesIn(folder: string): [string, string][] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => [file.slice(folder.length), readFileSync(file, "base64")]);
}
