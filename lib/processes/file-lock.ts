import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { identityOf, type ProcessIdentity, stillRuns } from "./process-identity";
import { codeOf, UserError } from "./user-error";
import { waitFor } from "./wait-for";

/** Who holds a lock, or that nobody does. */
interface Claim {
  readonly owner: ProcessIdentity | null;
}

export interface HeldLock {
  /** Whether the previous owner died without giving the lock back: what it left half done needs cleaning. */
  readonly abandoned: boolean;
  release(): Promise<void>;
}

/**
 * A lock between processes: a folder of claims numbered upwards, of which the highest counts. A claim is taken by creating
 * the next number, which the file system grants to one process only, and the highest claim is never deleted; so, unlike
 * with one lock file that is deleted and made again, two processes that find the same dead owner cannot both take over.
 */
export class FileLock {
  /** @param folder the lock's own folder; made when missing */
  constructor(readonly folder: string) {}

  /** Takes the lock when it is free or its owner is dead; the owner's identity otherwise. */
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
   * @param what what the lock is for, as in "the download of Vault"
   * @throws DeadlineError naming the process that holds it
   */
  async acquire(what: string, { deadlineMs }: { deadlineMs: number }): Promise<HeldLock> {
    return waitFor(
      what,
      async () => {
        const outcome = await this.tryAcquire();
        if ("release" in outcome) return outcome;
        throw new UserError(
          `process ${outcome.pid} on ${outcome.host} holds ${this.folder}; stop it, or delete that folder if it is gone`,
        );
      },
      { deadlineMs, intervalMs: 200 },
    );
  }

  private async claim(number: number): Promise<boolean> {
    const owner = identityOf();
    if (!owner) throw new UserError("This process cannot read its own start time; is /proc or `ps` missing?");
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
    // A slow process may have made a number that others have passed and deleted long since.
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
      if (codeOf(error) !== "ENOENT") throw error; // the whole folder is gone, and the lock with it
    }
  }

  private async numbers(): Promise<number[]> {
    const names = await readdir(this.folder);
    return names
      .map((name) => Number(/^claim-(\d+)$/.exec(name)?.[1] ?? 0))
      .filter((number) => number > 0)
      .sort((a, b) => a - b);
  }

  /** undefined where the claim has been passed and deleted meanwhile. */
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
