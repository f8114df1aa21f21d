import { randomUUID } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { FileLock, type HeldLock } from "../../lib/processes/file-lock";
import { Guardian } from "../../lib/processes/guardian";
import type { Progress } from "../../lib/processes/progress";
import { codeOf, UserError, VerificationError } from "../../lib/processes/user-error";
import { sha256Of } from "./file-checksum";

/** The note beside a cached program. */
interface Note {
  readonly sha256: string;
  /** Size, inode and times of the file with this checksum. Every write changes its ctime. */
  readonly file?: string;
  /** The program's source, in words. */
  readonly origin: string;
}

const WORK = ".work-";

/** The folder of cached programs: $XDG_CACHE_HOME or ~/.cache. XDG Base Directory says to ignore a relative value. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME;
  return join(base && isAbsolute(base) ? base : join(env.HOME ?? homedir(), ".cache"), "vault-on-azure");
}

/** Downloaded or built programs by name, version and platform, each with its checksum. */
export class ProgramCache {
  constructor(readonly folder: string = cacheFolder()) {}

  /**
   * Returns the path of a cached program with an unchanged checksum, or undefined if it is not in the cache. Vault's checksum takes
   * most of a second, so this reads a file again only if something has written to it.
   *
   * @param key for example vault_1.21.4_linux_amd64
   * @throws VerificationError when the file has changed
   */
  async find(key: string, program: string): Promise<string | undefined> {
    const entry = join(this.folder, key);
    const path = join(entry, program);
    let note: Note;
    let file: string;
    try {
      note = JSON.parse(await readFile(join(entry, "note.json"), "utf8"));
      file = await stateOf(path);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw new UserError(`Cannot read the cached ${path} (${codeOf(error) ?? error}). Delete ${entry}.`);
    }
    if (note.file === file) return path;
    if ((await sha256Of(path)) !== note.sha256) {
      throw new VerificationError(
        `The cached ${path} has changed: its SHA-256 differs. Find out why, then delete ${entry}.`,
      );
    }
    // In a folder of another user, each run reads the file.
    await writeNote(entry, { ...note, file }).catch(() => {});
    return path;
  }

  /**
   * Adds a program that `make` writes into a folder as `program`. A failure or interruption leaves nothing.
   *
   * @returns the program's path
   */
  async add(
    key: string,
    program: string,
    origin: string,
    make: (folder: string) => Promise<void>,
  ): Promise<string> {
    const work = join(this.folder, `${WORK}${randomUUID()}`);
    const guardian = await Guardian.ofFolder(work);
    try {
      await mkdir(work, { recursive: true, mode: 0o700 });
      await make(work);
      await chmod(join(work, program), 0o755);
      const file = await stateOf(join(work, program));
      await writeNote(work, { sha256: await sha256Of(join(work, program)), file, origin });
      await rm(join(this.folder, key), { recursive: true, force: true });
      await rename(work, join(this.folder, key));
      return join(this.folder, key, program);
    } catch (error) {
      throw diskFull(error, this.folder) ?? error;
    } finally {
      await rm(work, { recursive: true, force: true });
      guardian.release();
    }
  }

  /**
   * Runs `work` in one process at a time per cache. Another process waits, and then finds the result.
   *
   * @param program the result of the work, as in "Vault"
   */
  async alone<T>(
    program: string,
    { deadlineMs, progress }: { deadlineMs: number; progress: Progress },
    work: () => Promise<T>,
  ): Promise<T> {
    const lock = await this.lock(program, deadlineMs, progress).catch((error) => {
      throw unusable(error, this.folder) ?? error;
    });
    try {
      for (const name of await readdir(this.folder)) {
        if (name.startsWith(WORK)) await rm(join(this.folder, name), { recursive: true, force: true });
      }
      return await work();
    } finally {
      await lock.release();
    }
  }

  private async lock(program: string, deadlineMs: number, progress: Progress): Promise<HeldLock> {
    const lock = new FileLock(join(this.folder, "lock"));
    const outcome = await lock.tryAcquire();
    if ("release" in outcome) return outcome;
    return progress.longStep(`Waiting for process ${outcome.pid}, which downloads or builds ${program}`, () =>
      lock.acquire(`another process to provide ${program}`, { deadlineMs }),
    );
  }
}

/** Returns what differs after each write to a file. */
async function stateOf(path: string): Promise<string> {
  const { size, ino, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [size, ino, mtimeNs, ctimeNs].join(" ");
}

/** Writes with a rename, so that a concurrent run never reads half a note. */
async function writeNote(entry: string, note: Note): Promise<void> {
  const unfinished = join(entry, `note.${randomUUID()}`);
  await writeFile(unfinished, `${JSON.stringify(note, undefined, 2)}\n`);
  await rename(unfinished, join(entry, "note.json"));
}

/** Returns the message for a full disk, or undefined for any other error. */
export function diskFull(error: unknown, folder: string): UserError | undefined {
  if (codeOf(error) !== "ENOSPC" && codeOf(error) !== "EDQUOT") return undefined;
  return new UserError(
    `No disk space is left for ${folder}. Free about 2 GB there, or set XDG_CACHE_HOME to another folder.`,
  );
}

function unusable(error: unknown, folder: string): UserError | undefined {
  const code = codeOf(error);
  if (!code) return undefined;
  return (
    diskFull(error, folder) ??
    new UserError(`Cannot write to ${folder} (${code}). Set XDG_CACHE_HOME to another folder.`)
  );
}
