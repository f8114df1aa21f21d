import { parseArgs } from "node:util";
import { EnvironmentError } from "../environments/environment-error";
import { loadEnvironment } from "../environments/load";
import { inTurn } from "../lib/processes/in-turn";
import { Progress } from "../lib/processes/progress";
import { codeOf, messageOf, UserError } from "../lib/processes/user-error";
import { type Command, Control, commands, runningFolders } from "../sandbox/system/control";
import { writeLogins } from "../sandbox/system/logins";
import { partsOf } from "../sandbox/system/parts";
import { Sandbox } from "../sandbox/system/sandbox";
import { applicationsReady, smokeTest } from "../sandbox/system/smoke-test";
import { startScreen } from "../sandbox/system/start-screen";
import { StateFolder } from "../sandbox/system/state-folder";
import { Watch } from "../sandbox/system/watch";
import { helpIfAsked } from "./help";
import { sandboxCommand } from "./sandbox-command";
import { stopOnSignals } from "./stop-on-signals";

const usage = `Usage: [ENVIRONMENT=name] npm run sandbox [-- --once] [--folder FOLDER] [--apply terraform|http]

  --once            run the smoke test and exit
  --folder FOLDER   keep everything in this folder, and continue from it at the next start
  --apply WAY       apply vault-config with terraform or http (Vault's API); default: terraform if it and its provider are installed

Commands for a running sandbox, in another terminal (add --folder FOLDER if several run): npm run sandbox -- COMMAND

  status            each part, and whether it works
  logs NAME [-f]    the end of a part's log; -f follows it
  stop NAME, start NAME, kill NAME
  seal, unseal      remove Vault's access to the unseal key, and restore it
  rotate            rotate the customers' key, and encrypt every row again
  audit ID          the entries of Vault's audit log for a request, such as a request that revealed numbers
  shell WHO [-- PROGRAM ...]   a shell, or one program, as a deployer, a web app or a VM
  open              the web application`;

interface StartArguments {
  once: boolean;
  folder?: string;
  apply?: "terraform" | "http";
}

interface Arguments extends StartArguments {
  follow: boolean;
  /** The command for a running sandbox. */
  command?: Command;
  name?: string;
  words: string[];
}

async function run(): Promise<void> {
  helpIfAsked(usage);
  const { command, name, words, follow, folder, ...start } = readArguments();
  if (command) process.exitCode = await sandboxCommand({ command, name, words, folder, follow });
  else await runSystem({ folder, ...start });
}

/** A start of the system: its interruption, and how to stop everything it started. */
interface Start {
  readonly progress: Progress;
  readonly startedAt: number;
  readonly signal: AbortSignal;
  /** Stops the parts; the part that started last comes first. */
  readonly stops: (() => unknown)[];
}

/** Starts the whole system on this machine and keeps it running until Ctrl-C. */
async function runSystem(args: StartArguments): Promise<void> {
  const interrupted = new AbortController();
  const { signal } = interrupted;
  const start: Start = { progress: new Progress(), startedAt: performance.now(), signal, stops: [] };
  const { progress } = start;
  stopOnSignals(async () => {
    progress.line("Stopping everything ...");
    interrupted.abort();
    await inTurn(...start.stops);
  });
  try {
    await startSystem(args, start);
  } catch (error) {
    if (signal.aborted) return; // the signal handler stops everything and ends this process
    await inTurn(...start.stops);
    // This shows a bug of this program with its stack, although the step has already shown its message.
    if (!(error instanceof UserError && progress.told(error))) throw error;
    console.error("The sandbox did not start. The reason is above.");
    process.exit(1);
  }
}

async function startSystem({ once, folder: path, apply }: StartArguments, start: Start): Promise<void> {
  const { progress, startedAt, signal, stops } = start;
  const environment = loadEnvironment(environmentName());
  const opening = StateFolder.open({ path });
  stops.unshift(async () => (await opening.catch(() => undefined))?.close());
  const folder = await opening;
  if (signal.aborted) return;
  const starting = Sandbox.start({ environment, folder, progress, applyBy: apply, signal });
  // A start that failed has already stopped everything it started.
  stops.unshift(async () => (await starting.catch(() => undefined))?.stop());
  const sandbox = await starting;
  if (!once) return serve(sandbox, folder, start, path !== undefined);
  await smokeTest(sandbox, progress);
  progress.line(`The smoke test passed ${seconds(startedAt)} s after the start.`);
  await inTurn(...stops);
}

/** Says how to use the running system, and answers commands from other terminals. */
async function serve(
  sandbox: Sandbox,
  folder: StateFolder,
  { progress, startedAt, stops }: Start,
  folderIsNamed: boolean,
): Promise<void> {
  await progress.step("applications: schema, first customers", () => applicationsReady(sandbox));
  const logins = await writeLogins(sandbox, await folder.folder("logins"));
  const parts = partsOf(sandbox, folder.path);
  const others = await runningFolders();
  const control = await Control.open({ sandbox, folder: folder.path, parts, logins });
  stops.unshift(() => control.close());
  console.log(
    await startScreen({
      parts,
      logins,
      folder: folder.path,
      suffix: folderIsNamed || others.length > 0 ? `--folder ${folder.path}` : "",
      environment: environmentName(),
      pid: process.pid,
      seconds: seconds(startedAt),
    }),
  );
  const watch = Watch.start({ parts, say: (line) => progress.line(line) });
  stops.unshift(() => watch.stop());
  redeployOnSignal(sandbox, progress);
}

/** Runs one redeployment at a time. It reports a mistake in the environment, and the system keeps running. */
function redeployOnSignal(sandbox: Sandbox, progress: Progress): void {
  let redeployed = Promise.resolve();
  process.on("SIGUSR2", () => {
    redeployed = redeployed.then(async () => {
      const start = performance.now();
      try {
        await sandbox.redeploy(loadEnvironment(environmentName()));
        progress.line(`Your changes are applied everywhere (${seconds(start)} s).`);
      } catch (error) {
        console.error(problem(error));
      }
    });
  });
}

const environmentName = (): string => process.env.ENVIRONMENT ?? "demo";

function readArguments(): Arguments {
  try {
    const { values, positionals } = parseArgs({
      options: {
        once: { type: "boolean" },
        folder: { type: "string" },
        apply: { type: "string" },
        follow: { type: "boolean", short: "f" },
      },
      allowPositionals: true,
    });
    const { once = false, folder, apply, follow = false } = values;
    if (apply !== undefined && apply !== "terraform" && apply !== "http")
      throw new Error(`--apply cannot be ${apply}. Use terraform or http.`);
    const [word, name, ...words] = positionals;
    const command = commands.find((it) => it === word);
    if (word !== undefined && !command) throw new Error(`Unknown command ${word}.`);
    if (words.length > 0 && command !== "shell") throw new Error(`Unexpected argument '${words[0]}'.`);
    return { once, folder, apply, follow, command, name, words };
  } catch (error) {
    // Node.js adds advice on quoting arguments, which does not help here.
    console.error(`${messageOf(error).split(". ")[0]?.replace(/\.$/, "")}.\n\n${usage}`);
    process.exit(1);
  }
}

function seconds(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}

/** Returns a sentence for an error that a person can correct, or the stack trace of a bug in this program. */
function problem(error: unknown): unknown {
  if (codeOf(error) === "ENOSPC" || codeOf(error) === "EDQUOT")
    return `No disk space is left (${messageOf(error)}). Free about 500 MB and try again.`;
  return error instanceof EnvironmentError || error instanceof UserError ? messageOf(error) : error;
}

/** scripts/run-bundled.cjs calls this. The bundle starts two seconds faster than the single modules. */
export function main(): Promise<void> {
  return run().catch((error: unknown) => {
    console.error(problem(error));
    process.exit(1);
  });
}
