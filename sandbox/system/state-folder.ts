import { constants } from "node:fs";
import { access, chmod, lstat, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { FileLock, type HeldLock } from "../../lib/processes/file-lock";
import { processGuardian } from "../../lib/processes/process-guardian";
import { codeOf, UserError } from "../../lib/processes/user-error";
import { killLeftovers } from "../programs/leftover-processes";

export interface StateFolderOptions {
  /** A folder that stays; without it, a temporary one is made and removed in the end. */
  readonly path?: string;
  /** Whether a temporary folder stays too. */
  readonly keep?: boolean;
  /** Where temporary folders are made; the system's place unless told. */
  readonly temporaryFolder?: string;
}

export const PREFIX = "vault-azure-";
const LOCK = "lock";
/** Says that a folder is a sandbox's: nothing else is ever taken over, cleaned or removed. */
const MARKER = "this-is-a-vault-on-azure-sandbox";
/** In a temporary folder that may be removed once its owner is dead. */
const TEMPORARY = "temporary";

/**
 * All that one sandbox writes, in one folder that belongs to one process at a time. When its last owner died, processes
 * it left are killed; temporary folders of dead owners are removed. Several sandboxes run side by side, each with its own.
 */
export class StateFolder {
  private constructor(
    readonly path: string,
    private readonly lock: HeldLock,
    private readonly temporary: boolean,
  ) {}

  /**
   * @throws UserError when the folder is in use by a living process, holds something else, belongs to another user, or
   * cannot be written
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
      await processGuardian.removeWhenGone(folder);
      await writeFile(join(folder, TEMPORARY), "", { mode: 0o600 });
    }
    return new StateFolder(folder, lock, temporary);
  }

  /** A folder inside, made when missing, readable by its owner only. */
  async folder(...names: string[]): Promise<string> {
    const path = join(this.path, ...names);
    await mkdir(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /** Gives the folder back: a temporary one is removed. Stop every program in it before; what still runs is killed. */
  async close(): Promise<void> {
    await killLeftovers(this.path);
    if (this.temporary) {
      // The guardian looks again in the end: what was interrupted may still write.
      await rm(this.path, { recursive: true, force: true, maxRetries: 5 });
    } else {
      await this.lock.release();
    }
  }
}

async function makeTemporary(parent: string): Promise<string> {
  try {
    const folder = await realpath(await mkdtemp(join(parent, PREFIX))); // mkdtemp makes it 0700
    await writeFile(join(folder, MARKER), "", { mode: 0o600 });
    return folder;
  } catch (error) {
    throw unwritable(parent, error);
  }
}

/** Makes the folder, or makes sure that it is a sandbox's own, and private. */
async function prepare(folder: string): Promise<string> {
  try {
    await makeFolder(folder);
    const names = await readdir(folder);
    if (names.length > 0 && !names.includes(MARKER)) {
      throw new UserError(
        `${folder} holds something that is not a sandbox's; name an empty folder, or a new one.`,
      );
    }
    const { uid } = await lstat(folder);
    if (process.getuid && uid !== process.getuid()) {
      throw new UserError(`${folder} belongs to another user (uid ${uid}); name a folder of your own.`);
    }
    await access(folder, constants.W_OK);
    await chmod(folder, 0o700);
    await writeFile(join(folder, MARKER), "", { mode: 0o600 });
    return folder;
  } catch (error) {
    throw error instanceof UserError ? error : unwritable(folder, error);
  }
}

/** As mkdir -p. Node.js' own `recursive` never ends below /proc (tried with Node.js 20.20.2). */
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
    return new UserError(`No disk space is left in ${folder}; free some and try again.`);
  return new UserError(
    `${folder} cannot be used (${codeOf(error) ?? error}); name a folder that you may write.`,
  );
}

async function lockOf(folder: string): Promise<HeldLock> {
  const outcome = await new FileLock(join(folder, LOCK)).tryAcquire();
  if ("release" in outcome) return outcome;
  throw new UserError(
    `The state folder ${folder} is in use by process ${outcome.pid} on ${outcome.host}; stop that, or name another folder.`,
  );
}

/** Removes this user's temporary folders whose owners are dead: a guardian that was itself killed could not. */
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
      if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") throw error; // somebody else removed it first
    }
  }
}
