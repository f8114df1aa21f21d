import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadEnvironment } from "../environments/load";
import { inTurn } from "../lib/processes/in-turn";
import { Progress } from "../lib/processes/progress";
import { messageOf, UserError } from "../lib/processes/user-error";
import { testClusterFaults } from "../sandbox/faults/cluster-faults";
import { type Disk, mountDisks, unmountDisks } from "../sandbox/faults/disks";
import { Exits } from "../sandbox/faults/exits";
import { NodeLinks } from "../sandbox/faults/node-links";
import { testFaults } from "../sandbox/faults/test-faults";
import { Sandbox } from "../sandbox/system/sandbox";
import { StateFolder } from "../sandbox/system/state-folder";
import { helpIfAsked } from "./help";
import { stopOnSignals } from "./stop-on-signals";

const usage = `Usage: npm run test:faults [-- [--minutes N] [--seed N] [--keep]]
       npm run test:faults -- --nodes 3|5 [--rounds N] [--seed N] [--keep]

Starts the whole system on this machine and injects random faults: kills, seals, revocations, full disks, wrong clocks, slow and
unavailable services. After each fault, every service must answer again, and no application may have exited by itself.

With --nodes: starts only a cluster of Vault's nodes, of the environment production. It injects kills, empty disks, cut networks
and frozen nodes while clients write and read. After each fault, no acknowledged write may be lost, and no read may be stale.

  --minutes N  how long the test runs (default: 30)
  --nodes N    the number of nodes of the cluster
  --rounds N   how often each fault happens to the cluster (default: 3)
  --seed N     repeat the faults of an earlier run
  --keep       keep the folder with the logs`;

/** Marks the process that has its own mounts. */
const ownMounts = "VAULT_ON_AZURE_OWN_MOUNTS";

async function main(): Promise<void> {
  helpIfAsked(usage);
  const { minutes, nodes, rounds, seed, keep } = readArguments();
  if (nodes) return testCluster(nodes, rounds, seed, keep);
  const namespaces = [...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]), "--mount"];
  const canMount = spawnSync("unshare", [...namespaces, "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;
  if (canMount && !process.env[ownMounts]) {
    process.exitCode = await again(namespaces, ["--seed", String(seed)]);
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

async function testCluster(nodes: 3 | 5, rounds: number, seed: number, keep: boolean): Promise<void> {
  const progress = new Progress();
  progress.line(`The seed is ${seed}; Use --seed ${seed} to repeat these faults.`);
  const production = loadEnvironment("production");
  const environment = { ...production, vault: { ...production.vault, nodes } };
  const folder = await StateFolder.open({ keep });
  let sandbox: Sandbox | undefined;
  let links: NodeLinks | undefined;
  const stop = () =>
    inTurn(
      async () => sandbox?.stop(),
      async () => links?.stop(),
      async () => folder.close(),
    );
  stopOnSignals(stop);
  try {
    sandbox = await Sandbox.start({ environment, folder, progress, upTo: "azure", hosts: NodeLinks.hosts });
    links = await NodeLinks.start(sandbox);
    await sandbox.startVault();
    await testClusterFaults({ sandbox, links, rounds, seed, progress });
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
function again(namespaces: readonly string[], more: readonly string[]): Promise<number> {
  const args = [
    ...namespaces,
    process.execPath,
    ...process.execArgv,
    __filename,
    ...process.argv.slice(2),
    ...more,
  ];
  const child = spawn("unshare", args, { stdio: "inherit", env: { ...process.env, [ownMounts]: "1" } });
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
        nodes: { type: "string" },
        rounds: { type: "string" },
        seed: { type: "string" },
        keep: { type: "boolean", default: false },
      },
    });
    const [minutes, seed] = [Number(values.minutes ?? 30), Number(values.seed ?? Date.now() % 1_000_000)];
    const nodes = ([3, 5] as const).find((number) => String(number) === values.nodes);
    const rounds = Number(values.rounds ?? 3);
    if (values.nodes !== undefined && !nodes)
      throw new Error(`--nodes cannot be ${values.nodes}. Use 3 or 5.`);
    if (!(Number.isInteger(rounds) && rounds > 0))
      throw new Error(`--rounds cannot be ${values.rounds}. Use a whole number above 0.`);
    if (!(minutes > 0)) throw new Error(`--minutes cannot be ${values.minutes}. Use a number above 0.`);
    if (!Number.isInteger(seed)) throw new Error(`--seed cannot be ${values.seed}. Use a whole number.`);
    return { minutes, nodes, rounds, seed, keep: values.keep };
  } catch (error) {
    throw new UserError(`${messageOf(error)}\n\n${usage}`);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof UserError ? messageOf(error) : error);
  process.exitCode = 1;
});
