import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { loadEnvironment } from "../../environments/load";
import { ChildProgram } from "../../lib/processes/child-program";
import { Progress } from "../../lib/processes/progress";
import { waitFor } from "../../lib/processes/wait-for";
import { VaultClient } from "../../lib/vault-api/vault-client";
import { Sandbox } from "../../sandbox/system/sandbox";
import { StateFolder } from "../../sandbox/system/state-folder";
import { measureSideBySide, ratios, spread } from "./side-by-side";

const environment = loadEnvironment("demo");

/** The demos' fixed waits, in milliseconds: before they install Vault, and before they configure it. */
const demosWaits = [60_000, 120_000];

/** Measures how long Vault takes from user data to a deployer's login, and from a restart to active. */
export async function benchSandbox(rounds: number): Promise<void> {
  await firstBoot(rounds);
  await restart(rounds);
}

async function firstBoot(rounds: number): Promise<void> {
  const [ours] = await measureSideBySide([{ name: "user data", measure: () => timedFirstBoot() }], rounds);
  console.error("  the same with the demos' fixed waits, once");
  const start = performance.now();
  // These fixed waits are what this measures. They belong to the demos and do not vary.
  for (const wait of demosWaits) await delay(wait);
  const waited = performance.now() - start + (await timedFirstBoot());
  console.log(
    `\nFrom the start of the user data to a deployer's first request to Vault, without package installation\n`,
  );
  console.log("| boot | seconds | rounds |\n| --- | --- | --- |");
  console.log(
    `| this project's user data | ${spread(ours?.figures.map((figure) => figure / 1000) ?? [], 1)} | ${rounds} |`,
  );
  console.log(
    `| the same, after the demos' fixed waits (60 s + 120 s) | ${(waited / 1000).toFixed(1)} | 1 |`,
  );
}

/** Milliseconds from the VM's boot to a deployer who is logged in. */
async function timedFirstBoot(): Promise<number> {
  const folder = await StateFolder.open();
  const sandbox = await Sandbox.start({ environment, folder, progress: quiet(), upTo: "azure" });
  try {
    const start = performance.now();
    await sandbox.startVault();
    const client = await VaultClient.loggedIn({ ...sandbox.vaultConnection(), jwt: sandbox.deployerToken() });
    const elapsed = performance.now() - start;
    await client.logOut();
    return elapsed;
  } finally {
    await sandbox.stop();
    await folder.close();
  }
}

/** Compares `systemctl restart vault` on the sandbox's VM with the same Vault, storage and seal, started by hand. */
async function restart(rounds: number): Promise<void> {
  const folder = await StateFolder.open();
  const sandbox = await Sandbox.start({ environment, folder, progress: quiet(), upTo: "vault" });
  try {
    const bare = await folder.folder("bare");
    const [unit, byHand] = await measureSideBySide(
      [
        { name: "unit", measure: () => timed(() => sandbox.vault.restart("vault.service"), sandbox) },
        { name: "bare", measure: () => timedByHand(sandbox, bare) },
      ],
      rounds,
    );
    if (!unit || !byHand) return;
    console.log(`\nVault restarted (stop, start, unsealed, active), ${rounds} rounds\n`);
    console.log("| Vault | milliseconds | times the bare Vault |\n| --- | --- | --- |");
    console.log(`| as the VM's service | ${spread(unit.figures, 0)} | ${spread(ratios(unit, byHand), 2)} |`);
    console.log(
      `| bare: the same program, storage and seal, started by hand | ${spread(byHand.figures, 0)} | |`,
    );
  } finally {
    await sandbox.stop();
    await folder.close();
  }
}

async function timed(restart: () => Promise<void>, sandbox: Sandbox): Promise<number> {
  const start = performance.now();
  await restart();
  await untilActive(sandbox);
  return performance.now() - start;
}

async function untilActive(sandbox: Sandbox): Promise<void> {
  const client = new VaultClient(sandbox.vaultConnection(), undefined, 2_000);
  const active = async () =>
    (await client.request({ method: "GET", path: "sys/health" }))["sealed"] === false;
  await waitFor("Vault to be active", active, { deadlineMs: 30_000, intervalMs: 5 });
  client.close();
}

/**
 * Restarts the VM's own Vault by hand and returns milliseconds. The time to stop and start the service around it does not count.
 */
async function timedByHand(sandbox: Sandbox, folder: string): Promise<number> {
  const { vault, vaultProgram } = sandbox;
  await vault.stop("vault.service");
  const program = await ChildProgram.start({
    name: "the bare Vault",
    command: vaultProgram,
    args: [
      "server",
      `-config=${vault.path("/etc/vault.d/vault.hcl")}`,
      `-config=${vault.path("/run/vault/listener.hcl")}`,
    ],
    env: {
      ...vault.environment,
      ...variables(vault.path("/etc/vault.d/vault.env")),
      VAULT_RAFT_PATH: vault.path("/var/lib/vault/raft"),
    },
    cwd: folder,
    logFile: join(folder, "vault.log"),
  });
  await untilActive(sandbox);
  const elapsed = await timed(() => program.restart({ deadlineMs: 30_000 }), sandbox);
  await program.stop();
  await vault.start("vault.service");
  await untilActive(sandbox);
  return elapsed;
}

/** Reads the lines of an environment file: KEY=value. */
function variables(file: string): Record<string, string> {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

/** The benchmark prints figures only. */
function quiet(): Progress {
  return new Progress({ stream: new PassThrough().resume() });
}
