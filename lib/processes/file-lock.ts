import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { identityOf, type ProcessIdentity, stillRuns } from "./process-identity";
import { codeOf, UserError } from "./user-error";
import { waitFor } from "./wait-for";

/** The current owner of a lock, or null if the lock is free. */
interface Claim {
  readonly owner: ProcessIdentity | null;
}

export interface HeldLock {
  /** True if the previous owner died without releasing the lock, so its unfinished work needs a cleanup. */
  readonly abandoned: boolean;
  release(): Promise<void>;
}

/**
 * A lock between processes: a folder of numbered claims, of which the highest counts. A process takes the lock when
 * it creates the next number. The file system grants a number to one process only, and nobody deletes the highest
 * claim. So two processes that find the same dead owner cannot both take over. With a single lock file that is
 * deleted and recreated, they could.
 */
export class FileLock {
  /** @param folder the lock's own folder; created if missing */
  constructor(readonly folder: string) {}

  /** Takes the lock if it is free or its owner is dead. Otherwise returns the owner's identity. */
  async tryAcquire(): Promise<HeldLock | ProcessIdentity> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    for (;;) {
      const highest = (await this.numbers()).at(-1) ?? 0;
      const previous = highest === 0 ? { owner: null } : await this.read(highest);
      if (!previous) continue;
      if (previous.owner && stillRuns(previous.owner)) return previous.owner;
      const mine = await this.claim(highest + 1);
      if (mine) return { abandoned: previous.owner !== null, release: () => this.release(highest + 1) };
    }
  }

  /**
   * Waits for the lock.
   *
   * @param what the purpose of the lock, as in "the download of Vault"
   * @throws DeadlineError naming the process that holds it
   */
  async acquire(what: string, { deadlineMs }: { deadlineMs: number }): Promise<HeldLock> {
    return waitFor(
      what,
      async () => {
        const outcome = await this.tryAcquire();
        if ("release" in outcome) return outcome;
        throw new UserError(
          `process ${outcome.pid} on ${outcome.host} holds ${this.folder}. Stop that process, or delete the folder if the process does not exist`,
        );
      },
      { deadlineMs, intervalMs: 200 },
    );
  }

  private async claim(number: number): Promise<boolean> {
    const owner = identityOf();
    if (!owner)
      throw new UserError("This process cannot read its own start time. Check that /proc or `ps` exists.");
    const draft = join(this.folder, `draft-${randomUUID()}`);
    await writeFile(draft, JSON.stringify({ owner } satisfies Claim), { mode: 0o600 });
    try {
      await link(draft, this.file(number));
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      throw error;
    } finally {
      await rm(draft, { force: true });
    }
    // A slow process may have created a number that others have passed and deleted in the meantime.
    const numbers = await this.numbers();
    if (numbers.at(-1) !== number) {
      await rm(this.file(number), { force: true });
      return false;
    }
    for (const old of numbers.slice(0, -1)) await rm(this.file(old), { force: true });
    return true;
  }

  private async release(number: number): Promise<void> {
    const draft = join(this.folder, `draft-${randomUUID()}`);
    try {
      await writeFile(draft, JSON.stringify({ owner: null } satisfies Claim), { mode: 0o600 });
      await rename(draft, this.file(number));
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error; // someone deleted the whole folder, and the lock with it
    }
  }

  private async numbers(): Promise<number[]> {
    const names = await readdir(this.folder);
    return names
      .map((name) => Number(/^claim-(\d+)$/.exec(name)?.[1] ?? 0))
      .filter((number) => number > 0)
      .sort((a, b) => a - b);
  }

  /** Returns undefined if another process has passed and deleted the claim in the meantime. */
  private async read(number: number): Promise<Claim | undefined> {
    try {
      return JSON.parse(await readFile(this.file(number), "utf8"));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  private file(number: number): string {
    return join(this.folder, `claim-${number}`);
  }
}
