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

/** The steps of a rehearsal after the first deployment. */
export interface Course {
  /** A git commit from which to deploy first. Undefined for the current project. */
  readonly from?: string;
  /** @throws UserError with the reason of a failure */
  readonly follow: (rehearsal: Rehearsal, progress: Progress) => Promise<void>;
}

export interface RehearseOptions {
  /** Name of the environment. */
  name: string;
  /** A folder for this rehearsal alone. */
  folder: string;
  /** /etc/hosts of the private network in which this runs. */
  hostsFile: string;
  programs: RehearsalPrograms;
  progress: Progress;
}

/** Follows a course with a copy of the project, an empty Azure, and a person who is signed in. */
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
        `The stand-in for Azure got requests that it does not support:\n${unknown.join("\n")}`,
      );
    }
  } finally {
    await undo.undo();
  }
  progress.line(`The rehearsal of ${name} passed.`);
}
