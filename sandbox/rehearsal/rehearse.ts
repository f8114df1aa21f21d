import { join } from "node:path";
import { loadEnvironment } from "../../environments/load";
import type { Progress } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import { UndoSteps } from "../system/undo-steps";
import { findVaultProgram } from "../vault/vault-program";
import { findOtherVault } from "./other-vault";
import type { RehearsalPrograms } from "./programs";
import { copyProject, prepareEnvironment } from "./project-copy";
import { Rehearsal } from "./rehearsal";

/** What a rehearsal does, from the first deployment on. */
export interface Course {
  /** A commit of git from which the project is deployed at first; undefined for the project as it is. */
  readonly from?: string;
  /** @throws UserError that says what went wrong */
  readonly follow: (rehearsal: Rehearsal, progress: Progress) => Promise<void>;
}

export interface RehearseOptions {
  /** Of the environment. */
  name: string;
  /** A folder of its own. */
  folder: string;
  /** /etc/hosts of the private network that this runs in. */
  hostsFile: string;
  programs: RehearsalPrograms;
  progress: Progress;
}

/** Follows a course with a copy of the project, an Azure with nothing in it, and a person who is signed in to it. */
export async function rehearse(options: RehearseOptions, { from, follow }: Course): Promise<void> {
  const { name, folder, progress } = options;
  const vault = await findVaultProgram({ progress });
  const otherVault = await findOtherVault(vault);
  const project = join(folder, "project");
  await copyProject(project, from);
  prepareEnvironment(project, name, vault.version);
  const environment = loadEnvironment(name, join(project, "environments"));
  const undo = new UndoSteps();
  try {
    const rehearsal = await Rehearsal.start({
      ...options,
      environment,
      project,
      undo,
      vaultProgram: vault.path,
      vaultVersion: vault.version,
      otherVault,
    });
    await follow(rehearsal, progress);
    const unknown = rehearsal.unknownRequests();
    if (unknown.length > 0) {
      throw new UserError(
        `The stand-in for Azure was asked what it does not imitate:\n${unknown.join("\n")}`,
      );
    }
  } finally {
    await undo.undo();
  }
  progress.line(`The rehearsal of ${name} passed.`);
}
