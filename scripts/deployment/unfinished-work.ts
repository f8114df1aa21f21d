import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { projectFolder } from "./stack-folder";

/**
 * Records the stacks of an environment in which Terraform was killed. Resources that it had begun to create may exist in Azure and in no
 * state. The record is in this folder, so that only this copy of the project imports such resources.
 */
export class UnfinishedWork {
  constructor(private readonly environment: string) {}

  /** Returns true if an earlier run was killed in this stack, and no later run has completed the stack. */
  isLeftOf(stack: string): boolean {
    return existsSync(this.noteOf(stack));
  }

  /** Runs work in which Terraform may be killed. A failure also ends the work, because the state then contains everything that was created. */
  async during<T>(stack: string, work: () => Promise<T>): Promise<T> {
    const note = this.noteOf(stack);
    const killedBefore = existsSync(note);
    await mkdir(dirname(note), { recursive: true });
    await writeFile(note, "");
    try {
      const result = await work();
      await rm(note, { force: true });
      return result;
    } catch (error) {
      if (!killedBefore) await rm(note, { force: true });
      throw error;
    }
  }

  private noteOf(stack: string): string {
    return join(projectFolder, "node_modules/.cache/vault-on-azure/unfinished", this.environment, stack);
  }
}
