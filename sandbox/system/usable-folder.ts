import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resourceName } from "../../constructs/azure/resource-names";
import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import { LONGEST_FOLDER } from "../machine/machine";
import { agentWorkloads } from "./workloads";

/**
 * Checks that a folder can hold an environment's sandbox, and that it does not contain another environment's.
 * @throws UserError before anything is started
 */
export async function requireUsableFolder(folder: string, environment: Environment): Promise<void> {
  if (!/^[\w./-]+$/.test(folder)) {
    throw new UserError(
      `The sandbox cannot run in ${folder}: units and configuration files name it without quotes. Name a folder of letters, digits, dots, hyphens and underscores by --folder, or set TMPDIR to one.`,
    );
  }
  const longest = longestFolder(environment);
  if (folder.length > longest) {
    throw new UserError(
      `The sandbox cannot run in ${folder}, which has ${folder.length} letters: unix sockets lie below it, so with the VMs of ${environment.name} it may have ${longest}. Name a shorter one by --folder, or set TMPDIR to one.`,
    );
  }
  const file = join(folder, "environment");
  const kept = existsSync(file) ? (await readFile(file, "utf8")).trim() : environment.name;
  if (kept !== environment.name) {
    throw new UserError(
      `${folder} holds the environment ${kept}, and this is ${environment.name}. Set ENVIRONMENT=${kept}, or name another folder.`,
    );
  }
  await writeFile(file, `${environment.name}\n`);
}

/** The longest path of a sandbox's folder, in characters. */
export function longestFolder(environment: Environment): number {
  const { name, vault } = environment;
  const machines = [
    resourceName("vm", name, `vault-${vault.nodes}`),
    ...agentWorkloads(environment).map(({ machine }) => machine),
  ];
  return LONGEST_FOLDER - "/machines/".length - Math.max(...machines.map(({ length }) => length));
}
