import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { EnvironmentError, loadEnvironment } from "../environments/load";
import { startGuarded } from "../lib/processes/guarded-process";
import { Progress } from "../lib/processes/progress";
import { messageOf, UserError } from "../lib/processes/user-error";
import { type Change, changes } from "../sandbox/rehearsal/changes";
import { findOtherVault } from "../sandbox/rehearsal/other-vault";
import { type PlantedFault, plant, plantedFaults } from "../sandbox/rehearsal/planted-faults";
import { hostsFileOfPrivateNetwork, privateNetwork } from "../sandbox/rehearsal/private-network";
import { findRehearsalPrograms, type RehearsalPrograms } from "../sandbox/rehearsal/programs";
import { copyProject, fillInDeployerRanges, useVaultVersion } from "../sandbox/rehearsal/project-copy";
import { Rehearsal } from "../sandbox/rehearsal/rehearsal";
import { UndoSteps } from "../sandbox/system/undo-steps";
import { findVaultProgram } from "../sandbox/vault/vault-program";
import { stopOnSignals } from "./stop-on-signals";

const usage = `Usage: npm run rehearse [-- environment] [--check] [--faults] [--keep]

Deploys the environment (default: demo) by scripts/deploy, the Azure CLI, Terraform and its providers, all of them real, against
the sandbox's stand-in for Azure; plans again, destroys, and deploys once more.

  --check  only look whether everything is there that a rehearsal needs
  --faults plant ten mistakes, one after the other, and see that each is caught
  --keep   leave the folder with the logs where it is`;

/** Handed to the program inside the private network. */
const programsVariable = "VAULT_ON_AZURE_REHEARSAL_PROGRAMS";

async function main(): Promise<void> {
  const { environment, check, faults, keep, folder } = readArguments();
  const hostsFile = hostsFileOfPrivateNetwork();
  if (hostsFile) return rehearse(environment, folder, hostsFile, faults);
  const own = mkdtempSync(join(tmpdir(), "vault-on-azure-rehearsal-"));
  try {
    const { network } = loadEnvironment(environment);
    const programs = await new Progress().step("programs", () => findRehearsalPrograms(own));
    const inner = {
      command: process.execPath,
      args: [...process.execArgv, __filename, environment, "--folder", own, ...(faults ? ["--faults"] : [])],
    };
    const { command, args, env } = await privateNetwork(own, [network.addressSpace], inner);
    if (check) return;
    process.exitCode = await run(command, args, { ...env, [programsVariable]: JSON.stringify(programs) });
  } finally {
    if (keep && !check) console.error(`Everything is in ${own}.`);
    else rmSync(own, { recursive: true, force: true });
  }
}

/** Inside the private network. */
async function rehearse(name: string, folder: string, hostsFile: string, faults: boolean): Promise<void> {
  const programs = JSON.parse(process.env[programsVariable] ?? "") as RehearsalPrograms;
  const progress = new Progress();
  const vault = await findVaultProgram({ progress });
  const otherVault = await findOtherVault(vault);
  const inCopy = async (
    ownFolder: string,
    prepare: (project: string) => void,
    work: (rehearsal: Rehearsal) => Promise<void>,
  ): Promise<void> => {
    const project = join(ownFolder, "project");
    copyProject(project);
    fillInDeployerRanges(project, name);
    useVaultVersion(project, name, vault.version);
    prepare(project);
    const environment = loadEnvironment(name, join(project, "environments"));
    const undo = new UndoSteps();
    const options = { environment, programs, project, folder: ownFolder, hostsFile, progress, undo };
    try {
      await work(await Rehearsal.start({ ...options, vaultProgram: vault.path, otherVault }));
    } finally {
      await undo.undo();
    }
  };
  if (faults) {
    const problems: string[] = [];
    for (const [index, fault] of plantedFaults.entries()) {
      const own = join(folder, `fault-${index + 1}`);
      mkdirSync(own);
      await progress
        .step(`planted: ${fault.what}`, () =>
          inCopy(
            own,
            (project) => plant(fault, project),
            (rehearsal) => expectCaught(fault, rehearsal),
          ),
        )
        .catch((error: unknown) => problems.push(messageOf(error)));
    }
    if (problems.length > 0) throw new UserError(problems.join("\n"));
    progress.line(`All ${plantedFaults.length} planted faults were caught.`);
    return;
  }
  await inCopy(
    folder,
    () => {},
    (rehearsal) => everything(rehearsal, progress),
  );
  progress.line(`The rehearsal of ${name} passed.`);
}

async function everything(rehearsal: Rehearsal, progress: Progress): Promise<void> {
  const step = (what: string, work: () => Promise<void>) => progress.step(what, work, { announce: true });
  await step("scripts/deploy", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  await step("second plan: nothing to change", () => rehearsal.expectPlan({}));
  for (const change of changes) {
    const obstacle = change.obstacle?.(rehearsal);
    if (obstacle) progress.line(`${change.what}: skipped, since ${obstacle}`);
    else await makeChange(change, rehearsal, step);
  }
  await step("scripts/destroy: nothing left", () => rehearsal.destroy());
  await step("scripts/deploy, once more", () => rehearsal.deploy());
  const unknown = rehearsal.unknownRequests();
  if (unknown.length === 0) return;
  throw new UserError(`The stand-in for Azure was asked what it does not imitate:\n${unknown.join("\n")}`);
}

type Step = (what: string, work: () => Promise<void>) => Promise<void>;

async function makeChange(change: Change, rehearsal: Rehearsal, step: Step): Promise<void> {
  const { what, edit, outside, plan, check } = change;
  await outside?.(rehearsal);
  if (edit) rehearsal.edit((environment) => edit(environment, rehearsal));
  await step(`${what}: the expected plan`, () => rehearsal.expectPlan(plan));
  if (edit) await step(`${what}: scripts/deploy`, () => rehearsal.deploy());
  if (check) await step(`${what}: works`, () => check(rehearsal));
  await rehearsal.smokeTest();
}

/** @throws UserError when a mistake goes unnoticed, or is reported in other words */
async function expectCaught({ what, work, caught }: PlantedFault, rehearsal: Rehearsal): Promise<void> {
  try {
    await work(rehearsal);
  } catch (error) {
    if (caught.test(messageOf(error).replaceAll(/\s+/g, " "))) return;
    throw new UserError(`"${what}" was reported in other words: ${messageOf(error)}`);
  }
  throw new UserError(`"${what}" went unnoticed.`);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: {
        check: { type: "boolean", default: false },
        faults: { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
        folder: { type: "string", default: "" },
      },
      allowPositionals: true,
    });
    const [environment = process.env.ENVIRONMENT ?? "demo", ...more] = positionals;
    if (more.length > 0) throw new Error(`One environment at a time, not ${positionals.join(" and ")}.`);
    return {
      environment,
      check: values.check ?? false,
      faults: values.faults ?? false,
      keep: values.keep ?? false,
      folder: values.folder ?? "",
    };
  } catch (error) {
    console.error(`${messageOf(error).split(". ")[0]?.replace(/\.$/, "")}.\n\n${usage}`);
    process.exit(1);
  }
}

/** It ends with this process, however that ends, and everything inside the private network with it. */
async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { ended, signal } = await startGuarded({ command, args, env, stdio: ["ignore", 1, 2] });
  stopOnSignals(async () => {
    signal("SIGTERM");
    await ended;
  });
  return (await ended).code ?? 1;
}

main().catch((error: unknown) => {
  const known = error instanceof EnvironmentError || error instanceof UserError;
  console.error(known ? messageOf(error) : error);
  process.exit(1);
});
