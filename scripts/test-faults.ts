import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadEnvironment } from "../environments/load";
import { inTurn } from "../lib/processes/in-turn";
import { Progress } from "../lib/processes/progress";
import { messageOf, UserError } from "../lib/processes/user-error";
import { type Disk, mountDisks, unmountDisks } from "../sandbox/faults/disks";
import { Exits } from "../sandbox/faults/exits";
import { testFaults } from "../sandbox/faults/test-faults";
import { Sandbox } from "../sandbox/system/sandbox";
import { StateFolder } from "../sandbox/system/state-folder";
import { helpIfAsked } from "./help";
import { stopOnSignals } from "./stop-on-signals";

const usage = `Usage: npm run test:faults [-- [--minutes N] [--seed N] [--keep]]

Starts the whole system on this machine and injects random faults: kills, seals, revocations, full disks, wrong clocks, slow and
dead neighbours. After each fault, every service must answer again, and no application may have ended without an order.

  --minutes N  how long (default: 30)
  --seed N     repeat the faults of an earlier run
  --keep       keep the folder with the logs`;

/** Marks the process that has its own mounts. */
const ownMounts = "VAULT_ON_AZURE_OWN_MOUNTS";

async function main(): Promise<void> {
  helpIfAsked(usage);
  const { minutes, seed, keep } = readArguments();
  const namespaces = [...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]), "--mount"];
  const canMount = spawnSync("unshare", [...namespaces, "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;
  if (canMount && !process.env[ownMounts]) {
    process.exitCode = await again("unshare", namespaces, ["--seed", String(seed)]);
    return;
  }
  const progress = new Progress();
  progress.line(`The seed is ${seed}. Use --seed ${seed} to repeat these faults.`);
  if (!canMount) progress.line("Skipping full disks, because this system does not let you mount.");
  const folder = await StateFolder.open({ keep });
  let sandbox: Sandbox | undefined;
  let exits: Exits | undefined;
  const folders = {
    "MySQL's": join(folder.path, "mysql"),
    "Vault's VM": join(folder.path, "machines", "vm-demo-vault-1"),
  };
  const disks: Disk[] = canMount ? mountDisks(folders) : [];
  const stop = () =>
    inTurn(
      async () => exits?.stop(),
      async () => sandbox?.stop(),
      async () => unmountDisks(canMount ? Object.values(folders) : []),
      async () => folder.close(),
    );
  stopOnSignals(stop);
  try {
    sandbox = await Sandbox.start({ environment: environment(), folder, progress });
    exits = new Exits(sandbox);
    await testFaults({ sandbox, exits, disks }, { minutes, seed, progress });
  } finally {
    if (keep) progress.line(`All files are in ${folder.path}.`);
    await stop();
  }
}

/** The demo environment with credentials that live for a minute, so that each fault meets a renewal. */
function environment() {
  const demo = loadEnvironment("demo");
  for (const role of ["short", "long"]) {
    const { privileges = [] } = demo.databaseRoles[role] ?? {};
    demo.databaseRoles[role] = { privileges, defaultTtl: "30s", maxTtl: "60s" };
  }
  return demo;
}

/** Runs this program once more, with its own mounts. */
function again(command: string, namespaces: readonly string[], more: readonly string[]): Promise<number> {
  const args = [
    ...namespaces,
    process.execPath,
    ...process.execArgv,
    __filename,
    ...process.argv.slice(2),
    ...more,
  ];
  const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, [ownMounts]: "1" } });
  // The inner process receives Ctrl-C by itself and stops everything first.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: "string" },
        seed: { type: "string" },
        keep: { type: "boolean", default: false },
      },
    });
    const [minutes, seed] = [Number(values.minutes ?? 30), Number(values.seed ?? Date.now() % 1_000_000)];
    if (!(minutes > 0)) throw new Error(`--minutes cannot be ${values.minutes}. Use a number above 0.`);
    if (!Number.isInteger(seed)) throw new Error(`--seed cannot be ${values.seed}. Use a whole number.`);
    return { minutes, seed, keep: values.keep };
  } catch (error) {
    throw new UserError(`${messageOf(error)}\n\n${usage}`);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof UserError ? messageOf(error) : error);
  process.exitCode = 1;
});
