import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "../../lib/processes/progress";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";
import { numbersOf } from "../../lib/seeded-numbers";
import type { Rehearsal } from "./rehearsal";
import { killedAfter } from "./trouble";

/** How often each operation is killed and run again. */
const kills = 10;

/** Milliseconds until what waits for Vault fails. */
const deadlineMs = 300_000;

/** An operation of docs/operations.md. */
interface Operation {
  readonly command: readonly [script: string, ...args: string[]];
  /** Brings about what the operation is to change. */
  readonly before?: () => Promise<void>;
  /** @throws UserError if it has not done what it says */
  readonly check: (stdout: string) => Promise<void>;
}

/**
 * Operations on a system that only scripts/deploy has touched, up to vault-server: each is killed with all its processes (kill -9) at a random
 * moment, and the same command then has to end well.
 */
export const operate =
  (seed: number) =>
  async (rehearsal: Rehearsal, progress: Progress): Promise<void> => {
    progress.line(`seed ${seed}`);
    const random = numbersOf(seed);
    const stacks = ["vm-reader-role", "network", "vault-server"].flatMap((name) => ["--stack", name]);
    await progress.step("scripts/deploy, up to vault-server", () => rehearsal.deploy(...stacks), {
      announce: true,
    });
    rehearsal.trustNewestCertificate();
    await untilLoggedIn(rehearsal);
    const name = rehearsal.environmentName;
    await progress.step("az: another certificate, by the policy of the one before", () =>
      renewCertificate(rehearsal),
    );
    await repeat(
      { command: ["rotate-unseal-key", name], check: () => unsealsAtRestart(rehearsal) },
      { rehearsal, progress, random },
    );

    const snapshot = await takeSnapshot(rehearsal);
    await expectRefusal(rehearsal, /holds no snapshot 20200101T000000Z-1; nothing was changed/, [
      ...["restore", name, "--force", "--snapshot", "20200101T000000Z-1"],
    ]);
    await repeat(
      {
        command: ["restore", name, "--force", "--snapshot", snapshot],
        before: () => mountTransit(rehearsal),
        check: async (stdout) => {
          if (!stdout.includes(`vault-restore ${snapshot} for`))
            throw new UserError(`It reported: ${stdout}`);
          if (await hasTransit(rehearsal))
            throw new UserError("Vault has what is younger than the snapshot.");
        },
      },
      { rehearsal, progress, random },
    );
    await progress.step(
      "scripts/restore --drill",
      async () => {
        const { stdout } = await rehearsal.script("restore", name, "--drill");
        if (!stdout.includes("drill passed")) throw new UserError(`It reported: ${stdout}`);
      },
      { announce: true },
    );
    await rehearsal.expectPlan({}, ...stacks);
  };

interface Scene {
  readonly rehearsal: Rehearsal;
  readonly progress: Progress;
  readonly random: () => number;
}

/** Once as it is, which says how long it takes; then killed and run again. */
async function repeat(
  { command: [script, ...args], before = async () => {}, check }: Operation,
  { rehearsal, progress, random }: Scene,
): Promise<void> {
  const run = () => rehearsal.script(script, ...args);
  const whole = async () => {
    const { stdout } = await run();
    rehearsal.trustNewestCertificate();
    await untilLoggedIn(rehearsal);
    await check(stdout);
  };
  await before();
  const start = performance.now();
  await progress.step(`scripts/${script}`, whole, { announce: true });
  const longestMs = performance.now() - start;
  for (let round = 1; round <= kills; round++) {
    await before();
    const after = Math.round(random() * longestMs);
    const killed = () => killedAfter(after, () => run().then(() => {}), rehearsal, progress);
    await progress.step(`${round}: scripts/${script}, killed after ${after / 1000} s`, killed, {
      announce: true,
    });
    await progress.step(`${round}: scripts/${script}, the same command again`, whole, { announce: true });
  }
}

/** As docs/operations.md says. */
async function renewCertificate(rehearsal: Rehearsal): Promise<void> {
  const certificate = ["--vault-name", rehearsal.keyVaultWithCertificate, "--name", "vault-tls"];
  const before = rehearsal.vaultCertificate;
  const file = join(rehearsal.project, "policy.json");
  const policy = await rehearsal.az("keyvault", "certificate", "show", ...certificate, "--query", "policy");
  await writeFile(file, policy);
  await rehearsal.az("keyvault", "certificate", "create", ...certificate, "--policy", `@${file}`);
  if (rehearsal.vaultCertificate === before) throw new UserError("Key Vault has the certificate of before.");
  rehearsal.trustNewestCertificate();
}

/** Vault unseals itself with the versions of the unseal key that are left. */
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
  if (!sentence.test(message)) throw new UserError(`scripts/${script} should be refused, but: ${message}`);
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
