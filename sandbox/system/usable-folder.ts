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
      `The sandbox cannot run in ${folder}, because units and configuration files contain the path without quotes. Use --folder, or TMPDIR, with a path of letters, digits, dots, hyphens and underscores.`,
    );
  }
  const longest = longestFolder(environment);
  if (folder.length > longest) {
    throw new UserError(
      `The sandbox cannot run in ${folder}, because its path has ${folder.length} characters. The folder contains unix sockets, so with the VMs of ${environment.name} the path may have ${longest}. Use --folder, or TMPDIR, with a shorter path.`,
    );
  }
  const file = join(folder, "environment");
  const kept = existsSync(file) ? (await readFile(file, "utf8")).trim() : environment.name;
  if (kept !== environment.name) {
    throw new UserError(
      `${folder} holds the environment ${kept}, but you chose ${environment.name}. Set ENVIRONMENT=${kept}, or name another folder.`,
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
