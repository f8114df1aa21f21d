import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const project = join(__dirname, "../..");

/** What is made in the project's folder, and is no part of the project. */
const madeHere = new Set([".git", "node_modules", "cdktf.out", "state"]);

/** Stands for the range that a person deploys from: the example's own is refused, since nobody has it. */
const deployerRange = "9.9.9.0/24";

const examples = z.looseObject({
  network: z.looseObject({ deployerRanges: z.array(z.looseObject({ cidr: z.string() })) }),
});

/** Copies the project as it is, with links to the same packages: its states and synthesized stacks are the rehearsal's own. */
export function copyProject(folder: string): void {
  for (const name of readdirSync(project)) {
    if (!madeHere.has(name)) cpSync(join(project, name), join(folder, name), { recursive: true });
  }
  const packages = join(folder, "node_modules");
  mkdirSync(packages);
  for (const name of readdirSync(join(project, "node_modules"))) {
    if (name !== ".cache") symlinkSync(join(project, "node_modules", name), join(packages, name));
  }
}

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

/** Puts an address range in the place of the examples, as a person does before the first deployment. */
export function fillInDeployerRanges(folder: string, name: string): void {
  editEnvironment(folder, name, (environment) => {
    const [first] = examples.parse(environment).network.deployerRanges;
    const network = environment["network"] as Record<string, unknown>;
    network["deployerRanges"] = [{ ...first, cidr: deployerRange }];
  });
}

/** Has the environment ask for the Vault that the VMs run here. */
export function useVaultVersion(folder: string, name: string, version: string): void {
  editEnvironment(folder, name, (environment) => {
    // Vault says more of itself than its number, such as 2.2.2+ent.
    environment["vault"] = { ...(environment["vault"] as object), version: version.replace(/[-+].*/, "") };
  });
}
