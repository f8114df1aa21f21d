import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { projectFolder } from "./project";

/**
 * Remembers in which stacks of an environment Terraform was killed: what it had begun there may be in Azure and in no state. Kept
 * in this folder, so that only the copy of the project in which it happened takes such things for its own.
 */
export class UnfinishedWork {
  constructor(private readonly environment: string) {}

  /** Whether an earlier run was killed at this stack, and nothing has brought it to its end since. */
  isLeftOf(stack: string): boolean {
    return existsSync(this.noteOf(stack));
  }

  /** Does work that Terraform may be killed at. Its failure is an end, too: then the state holds all that was made. */
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
