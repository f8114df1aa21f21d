import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "../../lib/processes/progress";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";
import { numbersOf } from "../../lib/seeded-numbers";
import { serveNewestCertificate } from "./changes";
import { allowing, mayGo, untilHealthy } from "./cluster-life";
import { onlyOutputs } from "./expected-plan";
import type { Rehearsal } from "./rehearsal";
import type { DatabaseUser } from "./running-resources";
import { stackOptions } from "./stack-options";
import { killedAfter, type RehearsalScene } from "./trouble";

/** Deadline for everything that waits for Vault, in milliseconds. */
const deadlineMs = 300_000;

/** The stacks that Vault itself needs. */
const vaultsStacks = stackOptions("vm-reader-role", "network", "vault-server");

/** An operation of docs/operations.md. */
interface Operation {
  readonly command: readonly [script: string, ...args: string[]];
  /** Creates the situation that the operation must change. */
  readonly before?: () => Promise<void>;
  /** @throws UserError if the operation did not have its effect */
  readonly check: (stdout: string) => Promise<void>;
}

interface DayTwoScene extends RehearsalScene {
  /** How often each operation is killed and run again. */
  readonly kills: number;
}

/** The operations by their names for --operation, in the order in which all of them run. */
const operations = {
  "unseal-key": rotateUnsealKey,
  restore: restoreSnapshot,
  upgrade: upgradeVault,
  workload: removeWorkload,
  node: removeNodes,
} satisfies Record<string, (scene: DayTwoScene) => Promise<void>>;

/** How often each operation is killed and run again, unless --kills says it. */
export const defaultKills = 10;

export const operationNames = Object.keys(operations) as (keyof typeof operations)[];

/**
 * Runs operations on a system that scripts/deploy has deployed up to vault-server. Kills each operation with all its processes (kill -9) at a
 * random moment. The same command must then succeed.
 */
export const operate =
  (seed: number, kills: number, names: readonly (keyof typeof operations)[]) =>
  async (rehearsal: Rehearsal, progress: Progress): Promise<void> => {
    progress.line(`seed ${seed}`);
    rehearsal.edit(({ vault }) => {
      // A cluster's nodes are in zones. A VM without a zone cannot become one of them without a new disk.
      if (vault && (vault.nodes ?? 1) === 1) vault.zone = "1";
    });
    const scene = { rehearsal, progress, random: numbersOf(seed), kills };
    await progress.longStep("scripts/deploy, up to vault-server", () => rehearsal.deploy(...vaultsStacks));
    rehearsal.trustNewestCertificate();
    await untilLoggedIn(rehearsal);
    await progress.step("az: another certificate with the same policy", () => renewCertificate(rehearsal));
    for (const name of names) await operations[name](scene);
  };

async function rotateUnsealKey(scene: DayTwoScene): Promise<void> {
  const { rehearsal } = scene;
  const command = ["rotate-unseal-key", rehearsal.environmentName] as const;
  await repeat({ command, check: () => unsealsAtRestart(rehearsal) }, scene);
  await rehearsal.expectPlan({}, ...vaultsStacks);
}

async function restoreSnapshot(scene: DayTwoScene): Promise<void> {
  const { rehearsal, progress } = scene;
  const name = rehearsal.environmentName;
  const snapshot = await takeSnapshot(rehearsal);
  await expectRefusal(rehearsal, /holds no snapshot 20200101T000000Z-1; nothing was changed/, [
    ...["restore", name, "--force", "--snapshot", "20200101T000000Z-1"],
  ]);
  await repeat(
    {
      command: ["restore", name, "--force", "--snapshot", snapshot],
      before: () => mountTransit(rehearsal),
      check: async (stdout) => {
        if (!stdout.includes(`vault-restore ${snapshot} for`)) throw new UserError(`It reported: ${stdout}`);
        if (await hasTransit(rehearsal))
          throw new UserError("Vault still has data that is newer than the snapshot.");
      },
    },
    scene,
  );
  await progress.longStep("scripts/restore --drill", async () => {
    const { stdout } = await rehearsal.script("restore", name, "--drill");
    if (!stdout.includes("drill passed")) throw new UserError(`It reported: ${stdout}`);
  });
  await rehearsal.expectPlan({}, ...vaultsStacks);
}

/** Each upgrade is to the next patch release. The two builds of Vault on this machine stand for these releases in turn. */
async function upgradeVault(scene: DayTwoScene): Promise<void> {
  const { rehearsal, progress } = scene;
  const { otherVault, vault } = rehearsal;
  if (!otherVault) {
    progress.line("upgrade: skipped, because this machine has no second Vault");
    return;
  }
  const builds = [rehearsal.firstVault, { path: otherVault.path, says: otherVault.says }];
  const [, line = "", patch] = /^(\d+\.\d+\.)(\d+)/.exec(rehearsal.environment.vault.version) ?? [];
  let upgrades = 0;
  await mountTransit(rehearsal);
  await repeat(
    {
      command: ["deploy", rehearsal.environmentName, ...vaultsStacks],
      before: async () => {
        const version = `${line}${Number(patch) + ++upgrades}`;
        vault.install({ name: "vault", version, path: builds[upgrades % 2]?.path ?? "" });
        rehearsal.edit((environment) => {
          environment.vault = { ...environment.vault, version };
        });
      },
      check: async () => {
        const { version } = rehearsal.environment.vault;
        const runs = await rehearsal.vaultVersion();
        if (runs !== builds[upgrades % 2]?.says) throw new UserError(`Vault ${runs} runs, not ${version}.`);
        if (!vault.output("vault-snapshot-before.service").includes(`-before-${version}: stored`))
          throw new UserError(`Vault took no snapshot before ${version}.`);
        if (!(await hasTransit(rehearsal))) throw new UserError("Vault has lost data.");
      },
    },
    scene,
  );
  const deployer = await rehearsal.deployer();
  await deployer.request({ method: "DELETE", path: "sys/mounts/transit" });
  await deployer.logOut();
  await rehearsal.expectPlan({}, ...vaultsStacks);
}

/** Removes a VM group that has logged in and has a user in MySQL. */
async function removeWorkload(scene: DayTwoScene): Promise<void> {
  const { rehearsal, progress } = scene;
  const stacks = stackOptions("agent-vm", "vault-config");
  const name = "leaving";
  let user: DatabaseUser | undefined;
  await progress.longStep("scripts/deploy, everything", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  await repeat(
    {
      command: ["deploy", rehearsal.environmentName, ...stacks],
      before: async () => {
        rehearsal.edit(({ agentVms }) => {
          const [first] = agentVms;
          if (first) agentVms.push({ ...first, name });
        });
        const deploy = () => rehearsal.script("deploy", rehearsal.environmentName, ...stacks);
        await progress.longStep("one workload more", () => deploy().then(() => {}));
        user = await rehearsal.databaseUserOf(name);
        if (!(await rehearsal.running.opensMySql(user)))
          throw new UserError("MySQL rejects the new workload.");
        rehearsal.edit(({ agentVms }) => agentVms.pop());
      },
      check: async () => {
        const deployer = await rehearsal.deployer();
        for (const path of [`auth/azure/role/${name}-role`, `sys/policies/acl/workload-${name}`])
          if (await deployer.read(path)) throw new UserError(`Vault still has ${path}.`);
        await deployer.logOut();
        if (user && (await rehearsal.running.opensMySql(user)))
          throw new UserError("The removed workload can still log in to MySQL.");
      },
    },
    scene,
  );
  // The removal ends the users of the other workloads with the same role, too, and each gets another one.
  for (const { name: other } of rehearsal.environment.agentVms) {
    const works = async () => rehearsal.running.opensMySql(await rehearsal.databaseUserOf(other));
    await waitFor(`another database user for ${other}`, works, { deadlineMs, intervalMs: 500 });
  }
  await rehearsal.smokeTest();
  await rehearsal.expectPlan({});
}

/** Makes Vault a cluster, and removes two of five nodes. */
async function removeNodes(scene: DayTwoScene): Promise<void> {
  const { rehearsal, progress } = scene;
  const nodes = (count: 3 | 5) =>
    rehearsal.edit((environment) => {
      const { publicAddress, zone, ...vault } = environment.vault ?? {};
      environment.vault = { ...vault, nodes: count };
    });
  const more = () => progress.longStep("five nodes", () => rehearsal.deploy(...vaultsStacks));
  const before = async () => {
    nodes(5);
    await more();
    await untilHealthy(rehearsal);
    nodes(3);
  };
  await before();
  const losses = await allowing(mayGo(4, 5), rehearsal, vaultsStacks);
  await repeat(
    {
      command: ["deploy", rehearsal.environmentName, ...vaultsStacks, ...losses],
      before,
      check: async () => {
        await untilHealthy(rehearsal);
        const names = rehearsal.vaultNodes.map(({ name }) => name);
        if (names.length !== 3) throw new UserError(`Vault has the VMs ${names.join(", ")}.`);
      },
    },
    scene,
  );
  // Terraform records the certificate of three names in its next run.
  await rehearsal.expectPlan({ "vault-server": onlyOutputs }, ...vaultsStacks);
}

/** Runs the operation once. Then kills it and runs it again, several times. Each whole run measures how long the next one may take. */
async function repeat(
  { command: [script, ...args], before = async () => {}, check }: Operation,
  { rehearsal, progress, random, kills }: DayTwoScene,
): Promise<void> {
  const run = () => rehearsal.script(script, ...args);
  let longestMs = 0;
  const whole = async () => {
    const start = performance.now();
    const { stdout } = await run();
    longestMs = performance.now() - start;
    rehearsal.trustNewestCertificate();
    await untilLoggedIn(rehearsal);
    await check(stdout);
  };
  await before();
  await progress.longStep(`scripts/${script}`, whole);
  for (let round = 1; round <= kills; round++) {
    await before();
    const after = Math.round(random() * longestMs);
    const killed = () => killedAfter(after, () => run().then(() => {}), rehearsal, progress);
    await progress.longStep(`${round}: scripts/${script}, killed after ${after / 1000} s`, killed);
    await progress.longStep(`${round}: scripts/${script}, the same command again`, whole);
  }
}

/** Follows docs/operations.md. */
async function renewCertificate(rehearsal: Rehearsal): Promise<void> {
  const certificate = ["--vault-name", rehearsal.keyVaultWithCertificate, "--name", "vault-tls"];
  const before = rehearsal.vaultCertificate;
  const file = join(rehearsal.project, "policy.json");
  const policy = await rehearsal.az("keyvault", "certificate", "show", ...certificate, "--query", "policy");
  await writeFile(file, policy);
  await rehearsal.az("keyvault", "certificate", "create", ...certificate, "--policy", `@${file}`);
  if (rehearsal.vaultCertificate === before)
    throw new UserError("Key Vault still has the earlier certificate.");
  rehearsal.trustNewestCertificate();
  await serveNewestCertificate(rehearsal);
}

/** Vault unseals itself with the remaining versions of the unseal key. */
async function unsealsAtRestart(rehearsal: Rehearsal): Promise<void> {
  await rehearsal.vault.restart("vault.service");
  await untilLoggedIn(rehearsal);
}

async function untilLoggedIn(rehearsal: Rehearsal): Promise<void> {
  const logIn = () => rehearsal.logsIn(rehearsal.person).then(() => true);
  await waitFor("a deployer's login to Vault", logIn, { deadlineMs, intervalMs: 500 });
}

async function takeSnapshot(rehearsal: Rehearsal): Promise<string> {
  const { output } = await rehearsal.vault.run("vault-snapshot.service");
  const [, name] = /vault-snapshot (\S+): stored/.exec(output) ?? [];
  if (!name) throw new UserError(`Vault's VM took no snapshot: ${output}`);
  return name;
}

async function expectRefusal(
  rehearsal: Rehearsal,
  sentence: RegExp,
  [script = "", ...args]: readonly string[],
): Promise<void> {
  const message = await rehearsal.script(script, ...args).then(() => "it succeeded", messageOf);
  if (!sentence.test(message))
    throw new UserError(`scripts/${script} should fail with another message. It says: ${message}`);
}

async function mountTransit(rehearsal: Rehearsal): Promise<void> {
  if (await hasTransit(rehearsal)) return;
  const deployer = await rehearsal.deployer();
  await deployer.request({ method: "POST", path: "sys/mounts/transit", body: { type: "transit" } });
  await deployer.logOut();
}

async function hasTransit(rehearsal: Rehearsal): Promise<boolean> {
  const deployer = await rehearsal.deployer();
  const mounts = await deployer.read("sys/mounts");
  await deployer.logOut();
  return "transit/" in (mounts ?? {});
}
