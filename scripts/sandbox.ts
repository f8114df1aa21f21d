import { parseArgs } from "node:util";
import { EnvironmentError, loadEnvironment } from "../environments/load";
import { inTurn } from "../lib/processes/in-turn";
import { Progress } from "../lib/processes/progress";
import { codeOf, messageOf, UserError } from "../lib/processes/user-error";
import { type Login, writeLogins } from "../sandbox/system/logins";
import { Sandbox } from "../sandbox/system/sandbox";
import { smokeTest } from "../sandbox/system/smoke-test";
import { StateFolder } from "../sandbox/system/state-folder";
import { helpIfAsked } from "./help";
import { stopOnSignals } from "./stop-on-signals";

const usage = `Usage: [ENVIRONMENT=name] npm run sandbox [-- --once] [--folder FOLDER] [--apply terraform|http]

  --once            run the smoke test and exit
  --folder FOLDER   keep everything in this folder, and continue from it at the next start
  --apply WAY       apply vault-config with terraform or http (Vault's API); default: terraform if it and its provider are installed`;

interface Arguments {
  once: boolean;
  folder?: string;
  apply?: "terraform" | "http";
}

/** Starts the whole system on this machine and keeps it running until Ctrl-C. */
async function main(): Promise<void> {
  helpIfAsked(usage);
  const { once, folder: path, apply } = readArguments();
  const progress = new Progress();
  const environment = loadEnvironment(environmentName());
  const start = performance.now();
  const interrupted = new AbortController();
  let folder: Promise<StateFolder> | undefined;
  let starting: Promise<Sandbox> | undefined;
  const stop = () =>
    inTurn(
      // A start that failed has already stopped everything it started.
      async () => (await starting?.catch(() => undefined))?.stop(),
      async () => (await folder?.catch(() => undefined))?.close(),
    );
  stopOnSignals(async () => {
    progress.line("Stopping everything ...");
    interrupted.abort();
    await stop();
  });
  try {
    folder = StateFolder.open({ path });
    const state = await folder;
    const { signal } = interrupted;
    if (signal.aborted) return;
    starting = Sandbox.start({ environment, folder: state, progress, applyBy: apply, signal });
    const sandbox = await starting;
    if (once) {
      await smokeTest(sandbox, progress);
      progress.line(`The smoke test passed ${seconds(start)} s after the start.`);
      await stop();
      return;
    }
    const logins = await writeLogins(sandbox, await state.folder("logins"));
    console.log(summary(sandbox, state.path, logins, seconds(start)));
    redeployOnSignal(sandbox, progress);
  } catch (error) {
    if (interrupted.signal.aborted) return; // the signal handler stops everything and ends this process
    await stop();
    throw error;
  }
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
    const { values } = parseArgs({
      options: { once: { type: "boolean" }, folder: { type: "string" }, apply: { type: "string" } },
    });
    const { once = false, folder, apply } = values;
    if (apply !== undefined && apply !== "terraform" && apply !== "http")
      throw new Error(`--apply cannot be ${apply}. Use terraform or http.`);
    return { once, folder, apply };
  } catch (error) {
    // Node.js adds advice on quoting arguments, which does not help here.
    console.error(`${messageOf(error).split(". ")[0]?.replace(/\.$/, "")}.\n\n${usage}`);
    process.exit(1);
  }
}

function summary(sandbox: Sandbox, folder: string, logins: readonly Login[], started: string): string {
  const webApps = [...sandbox.webApps.values()].map(({ name, url }) => `  Web app   ${url}  (${name})`);
  const onMachines = [...sandbox.agents.values()].map(
    ({ name, loopback }) => `  On a VM   http://${loopback}:8080  (${name})`,
  );
  return [
    "",
    `The system is ready after ${started} s. Everything below runs on this machine. Ctrl-C stops it.`,
    "",
    `  Vault     https://${sandbox.vault.address}:8200  (${sandbox.vaultServerName}; its certificate: ${sandbox.vaultCertificateFile})`,
    ...webApps,
    ...onMachines,
    `  MySQL     ${sandbox.database.host}:${sandbox.database.port}  (TLS only; credentials come from Vault)`,
    `  Files     ${folder}  (the VMs' files and logs are in machines/)`,
    "",
    "To use Vault with such a login, in another terminal:",
    "",
    ...logins.map(({ file }) => `  . ${file} && vault token lookup`),
    "",
    `To apply changes of environments/${environmentName()}.json to the running system, in another terminal:`,
    "",
    `  kill -USR2 ${process.pid}`,
    "",
  ].join("\n");
}

function seconds(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}

/** One sentence for an error that a person can correct, or the stack trace of a bug in this program. */
function problem(error: unknown): unknown {
  if (codeOf(error) === "ENOSPC" || codeOf(error) === "EDQUOT")
    return `The disk is full (${messageOf(error)}). Free about 500 MB and try again.`;
  return error instanceof EnvironmentError || error instanceof UserError ? messageOf(error) : error;
}

main().catch((error: unknown) => {
  console.error(problem(error));
  process.exit(1);
});
