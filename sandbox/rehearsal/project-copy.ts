import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Environment } from "../../environments/schema";
import { linkPackages } from "../../lib/link-packages";
import { programOnPath } from "../../lib/processes/program-on-path";
import { lastLines, runProgram } from "../../lib/processes/run-program";
import { UserError } from "../../lib/processes/user-error";
import { numberOf } from "../../lib/processes/version";
import { securityWorkspace } from "./empty-azure";

const project = join(__dirname, "../..");

/** Folders in the project's folder that are not part of the project. */
const madeHere = new Set([".git", "node_modules", "cdktf.out", "state"]);

/** The range that a person deploys from. The schema rejects the example's own range, because nobody has it. */
const deployerRange = "9.9.9.0/24";

const examples = z.looseObject({
  network: z.looseObject({ deployerRanges: z.array(z.looseObject({ cidr: z.string() })) }),
});

/**
 * Copies the project with links to the current packages. The copy has its own states and synthesized stacks. In a folder with an
 * earlier copy, this replaces the copy and keeps the states.
 * @param commit a git commit; the default is the current project with uncommitted changes
 * @throws UserError if git does not know the commit
 */
export async function copyProject(folder: string, commit?: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (!["state", "node_modules"].includes(name)) rmSync(join(folder, name), { recursive: true });
  }
  if (commit === undefined) {
    for (const name of readdirSync(project)) {
      if (!madeHere.has(name)) cpSync(join(project, name), join(folder, name), { recursive: true });
    }
  } else await extract(commit, folder);
  if (!existsSync(join(folder, "node_modules"))) linkPackages(folder);
}

async function extract(commit: string, folder: string): Promise<void> {
  const archive = join(folder, "project.tar");
  const commands: [string, ...string[]][] = [
    ["git", "-C", project, "archive", "--output", archive, commit],
    ["tar", "-xf", archive, "-C", folder],
  ];
  for (const [name, ...args] of commands) {
    const command = await programOnPath([name]);
    if (!command) throw new UserError(`The program ${name} is not on PATH. Install it.`);
    const { code, stderr } = await runProgram({ command, args, env: process.env, deadlineMs: 60_000 });
    if (code !== 0)
      throw new UserError(
        `The project cannot be read at the commit ${commit} (${lastLines(stderr, 1)}). Name a commit of this repository.`,
      );
  }
  rmSync(archive);
}

/** Changes an environment of the copy so that it can be deployed here. */
export function prepareEnvironment(folder: string, name: string, vaultVersion: string): void {
  fillInDeployerRanges(folder, name);
  useVaultVersion(folder, name, vaultVersion);
  useOneSubscription(folder, name);
}

/** The content of an environment's file. Fields that both examples have are not optional. */
export type EnvironmentFile = { vault?: Partial<Environment["vault"]> } & Pick<
  Environment,
  "agentVms" | "deployers" | "network" | "protectData" | "webApps"
> &
  Partial<Pick<Environment, "evidenceWorkspace" | "recoveryKeyReaders">>;

/** Changes an environment's file in the copy. */
export function editEnvironment<T = Record<string, unknown>>(
  folder: string,
  name: string,
  edit: (environment: T) => void,
): void {
  const file = join(folder, `environments/${name}.json`);
  const environment = JSON.parse(readFileSync(file, "utf8")) as T;
  edit(environment);
  writeFileSync(file, `${JSON.stringify(environment, null, 2)}\n`);
}

/** Moves the example's workspace to the only subscription here. */
function useOneSubscription(folder: string, name: string): void {
  editEnvironment(folder, name, (environment) => {
    if (environment["evidenceWorkspace"]) environment["evidenceWorkspace"] = securityWorkspace;
  });
}

/** Replaces the example's address range, as a person does before the first deployment. */
function fillInDeployerRanges(folder: string, name: string): void {
  editEnvironment(folder, name, (environment) => {
    const [first] = examples.parse(environment).network.deployerRanges;
    const network = environment["network"] as Record<string, unknown>;
    network["deployerRanges"] = [{ ...first, cidr: deployerRange }];
  });
}

/** Sets the environment's Vault version to that of the VMs here. */
function useVaultVersion(folder: string, name: string, version: string): void {
  editEnvironment(folder, name, (environment) => {
    environment["vault"] = { ...(environment["vault"] as object), version: numberOf(version) };
  });
}
