import { constants } from "node:fs";
import { access, chmod, lstat, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { FileLock, type HeldLock } from "../../lib/processes/file-lock";
import { Guardian } from "../../lib/processes/guardian";
import { codeOf, UserError } from "../../lib/processes/user-error";
import { killLeftovers } from "../programs/leftover-processes";

export interface StateFolderOptions {
  /** A folder that stays. Default: a temporary folder, which the sandbox removes at its end. */
  readonly path?: string;
  /** True if a temporary folder stays, too. */
  readonly keep?: boolean;
  /** The parent of temporary folders. Default: the system's. */
  readonly temporaryFolder?: string;
}

export const PREFIX = "vault-azure-";
const LOCK = "lock";
/** Marks a folder as a sandbox's. The sandbox never takes over, cleans or removes any other folder. */
const MARKER = "this-is-a-vault-on-azure-sandbox";
/** Marks a temporary folder that can be removed once its owner is dead. */
const TEMPORARY = "temporary";

/**
 * The folder with all files of one sandbox. It belongs to one process at a time. If its last owner died, this kills the
 * owner's remaining processes, and removes temporary folders of dead owners. Several sandboxes can run, each in its own folder.
 */
export class StateFolder {
  private constructor(
    readonly path: string,
    private readonly lock: HeldLock,
    /** True if `close` removes it. */
    readonly temporary: boolean,
  ) {}

  /**
   * @throws UserError if a living process uses the folder, or if the folder has other content, belongs to another user, or
   * is not writable
   */
  static async open({
    path,
    keep = false,
    temporaryFolder = tmpdir(),
  }: StateFolderOptions = {}): Promise<StateFolder> {
    const temporary = path === undefined && !keep;
    await removeAbandoned(temporaryFolder);
    const folder = path === undefined ? await makeTemporary(temporaryFolder) : await prepare(resolve(path));
    const lock = await lockOf(folder);
    if (lock.abandoned) await killLeftovers(folder);
    if (temporary) {
      await Guardian.ofFolder(folder);
      await writeFile(join(folder, TEMPORARY), "", { mode: 0o600 });
    }
    return new StateFolder(folder, lock, temporary);
  }

  /** Returns a folder inside, which only its owner can read. Creates it if it is missing. */
  async folder(...names: string[]): Promise<string> {
    const path = join(this.path, ...names);
    await mkdir(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /** Releases the folder and removes a temporary one. Stop every program in it first. This kills programs that still run. */
  async close(): Promise<void> {
    await killLeftovers(this.path);
    if (this.temporary) {
      // The guardian checks again at the end, because an interrupted program may still write.
      await rm(this.path, { recursive: true, force: true, maxRetries: 5 });
    } else {
      await this.lock.release();
    }
  }
}

async function makeTemporary(parent: string): Promise<string> {
  try {
    const folder = await realpath(await mkdtemp(join(parent, PREFIX))); // mkdtemp creates it with mode 0700
    await writeFile(join(folder, MARKER), "", { mode: 0o600 });
    return folder;
  } catch (error) {
    throw unwritable(parent, error);
  }
}

/** Creates the folder, or checks that it is private and belongs to a sandbox. */
async function prepare(folder: string): Promise<string> {
  try {
    await makeFolder(folder);
    const names = await readdir(folder);
    if (names.length > 0 && !names.includes(MARKER)) {
      throw new UserError(
        `${folder} holds files that are not a sandbox's. Name an empty folder, or a new one.`,
      );
    }
    const { uid } = await lstat(folder);
    if (process.getuid && uid !== process.getuid()) {
      throw new UserError(`${folder} belongs to another user (uid ${uid}). Name your own folder.`);
    }
    await access(folder, constants.W_OK);
    await chmod(folder, 0o700);
    await writeFile(join(folder, MARKER), "", { mode: 0o600 });
    return folder;
  } catch (error) {
    throw error instanceof UserError ? error : unwritable(folder, error);
  }
}

/** Works like mkdir -p. Node.js's own `recursive` never ends below /proc (tried with Node.js 20.20.2). */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) === "ENOENT") {
      await makeFolder(dirname(folder));
      await mkdir(folder, { mode: 0o700 });
    } else if (codeOf(error) !== "EEXIST" || !(await lstat(folder)).isDirectory()) throw error;
  }
}

function unwritable(folder: string, error: unknown): UserError {
  if (codeOf(error) === "ENOSPC")
    return new UserError(`No disk space is left in ${folder}. Free some space and try again.`);
  return new UserError(
    `${folder} cannot be used (${codeOf(error) ?? error}). Name a folder that you can write to.`,
  );
}

async function lockOf(folder: string): Promise<HeldLock> {
  const outcome = await new FileLock(join(folder, LOCK)).tryAcquire();
  if ("release" in outcome) return outcome;
  throw new UserError(
    `The state folder ${folder} is in use by process ${outcome.pid} on ${outcome.host}. Stop that process, or name another folder.`,
  );
}

/** Removes this user's temporary folders whose owners are dead. A killed guardian could not remove them. */
async function removeAbandoned(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((it) => it.startsWith(PREFIX))) {
    const folder = join(parent, name);
    try {
      const { uid } = await lstat(folder);
      if (process.getuid && uid !== process.getuid()) continue;
      const content = await readdir(folder);
      if (![MARKER, TEMPORARY, LOCK].every((it) => content.includes(it))) continue;
      const lock = await new FileLock(join(folder, LOCK)).tryAcquire();
      if (!("release" in lock)) continue;
      await killLeftovers(folder);
      await rm(folder, { recursive: true, force: true });
    } catch (error) {
      if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") throw error; // another process removed it first
    }
  }
}
