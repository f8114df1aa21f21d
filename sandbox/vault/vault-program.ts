import { rm } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { OLDEST_VAULT } from "../../cloud-init/vault-server/vault-version";
import { programOnPath } from "../../lib/processes/program-on-path";
import { Progress } from "../../lib/processes/progress";
import { messageOf, UserError, VerificationError } from "../../lib/processes/user-error";
import type { ReleaseSource } from "../../lib/releases/release-source";
import { VAULT_GO_MODULE, VAULT_RELEASE } from "../../lib/releases/vault-versions";
import { goPlatform } from "../programs/platform";
import { ProgramCache } from "../programs/program-cache";
import { vaultVersionOf } from "./vault-binary";
import { buildVault } from "./vault-go-build";
import { downloadVaultRelease } from "./vault-release";

export interface VaultProgram {
  /** Absolute path of the binary. */
  readonly path: string;
  /** For example 1.21.4. */
  readonly version: string;
  readonly origin: "VAULT_PROGRAM" | "PATH" | "cache" | "release" | "Go module";
}

export interface FindVaultOptions {
  readonly progress?: Progress;
  readonly env?: NodeJS.ProcessEnv;
  readonly cache?: ProgramCache;
  readonly source?: ReleaseSource;
}

/** Milliseconds that one process waits for another one that downloads or builds the same. */
const OTHERS_MS = 60 * 60_000;

/**
 * Finds Vault, or gets it: VAULT_PROGRAM, else PATH, else the cache, else HashiCorp's release, else a build of its Go
 * module. One line of progress says which it is.
 *
 * @throws VerificationError at once when a checksum, signature or key is wrong: no other way is tried then
 * @throws UserError when none works, with what was tried and why it failed
 */
export async function findVaultProgram(options: FindVaultOptions = {}): Promise<VaultProgram> {
  const { progress = new Progress(), env = process.env, cache = new ProgramCache(), source } = options;
  if (env.VAULT_PROGRAM) return named(env.VAULT_PROGRAM, env, progress);

  const tried = new Set<string>();
  const attempt = async (
    way: string,
    find: () => Promise<VaultProgram | undefined>,
  ): Promise<VaultProgram | undefined> => {
    try {
      return await find();
    } catch (error) {
      if (error instanceof VerificationError) throw error;
      tried.add(`${way}: ${messageOf(error)}`);
      return undefined;
    }
  };

  const there =
    (await attempt("PATH", () => onPath(env, progress))) ??
    (await attempt("cache", () => cached(cache, env, progress)));
  if (there) return there;

  const got = await attempt("cache", () =>
    cache.alone("Vault", { deadlineMs: OTHERS_MS, progress }, async () => {
      // Another process may have provided it while this one waited.
      return (
        (await attempt("cache", () => cached(cache, env, progress))) ??
        (await attempt("HashiCorp's release", () => released(cache, env, progress, source))) ??
        (await attempt("Go module", () => built(cache, env, progress)))
      );
    }),
  );
  if (got) return got;
  throw new UserError(
    `No Vault can be had; install Vault ${OLDEST_VAULT} or newer (https://developer.hashicorp.com/vault/install), or name ` +
      `its binary in VAULT_PROGRAM. Tried:\n${[...tried].map((line) => `  - ${line}`).join("\n")}`,
  );
}

/** What is named is used, or is an error: nobody wants another Vault than the one they named. */
async function named(path: string, env: NodeJS.ProcessEnv, progress: Progress): Promise<VaultProgram> {
  if (!isAbsolute(path))
    throw new UserError(`VAULT_PROGRAM is "${path}"; name the binary by its absolute path.`);
  const version = await vaultVersionOf(path, env);
  return found({ path, version, origin: "VAULT_PROGRAM" }, progress);
}

async function onPath(env: NodeJS.ProcessEnv, progress: Progress): Promise<VaultProgram | undefined> {
  const path = await programOnPath(["vault"], { env });
  if (!path) throw new UserError("there is no program named vault.");
  const version = await vaultVersionOf(path, env).catch((error) => {
    progress.line(`The vault on PATH is not used: ${messageOf(error)}`);
    throw error;
  });
  return found({ path, version, origin: "PATH" }, progress);
}

async function cached(
  cache: ProgramCache,
  env: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<VaultProgram | undefined> {
  for (const version of [VAULT_RELEASE, VAULT_GO_MODULE]) {
    const path = await cache.find(vaultCacheKey(version), "vault");
    if (path) return found({ path, version: await vaultVersionOf(path, env), origin: "cache" }, progress);
  }
  return undefined;
}

async function released(
  cache: ProgramCache,
  env: NodeJS.ProcessEnv,
  progress: Progress,
  source?: ReleaseSource,
): Promise<VaultProgram> {
  const what = `Downloading Vault ${VAULT_RELEASE} from HashiCorp, about 200 MB, with its signature`;
  return progress.step(what, async (report) => {
    const path = await cache.add(
      vaultCacheKey(VAULT_RELEASE),
      "vault",
      "HashiCorp's signed release",
      (folder) =>
        downloadVaultRelease(folder, { version: VAULT_RELEASE, platform: goPlatform(), source, report }),
    );
    return checked(cache, { path, version: VAULT_RELEASE, origin: "release" }, env);
  });
}

async function built(cache: ProgramCache, env: NodeJS.ProcessEnv, progress: Progress): Promise<VaultProgram> {
  const what = `Building Vault ${VAULT_GO_MODULE} from its Go module, about 7 minutes on 2 cores the first time`;
  return progress.step(
    what,
    async (report) => {
      const path = await cache.add(
        vaultCacheKey(VAULT_GO_MODULE),
        "vault",
        "built from its Go module",
        (folder) => buildVault(folder, { env, report }),
      );
      return checked(cache, { path, version: VAULT_GO_MODULE, origin: "Go module" }, env);
    },
    { announce: true },
  );
}

/** A binary that does not start, or is another version, must not stay in the cache. */
async function checked(
  cache: ProgramCache,
  program: VaultProgram,
  env: NodeJS.ProcessEnv,
): Promise<VaultProgram> {
  try {
    const version = await vaultVersionOf(program.path, env);
    if (version !== program.version)
      throw new UserError(`it calls itself ${version}, not ${program.version}.`);
    return program;
  } catch (error) {
    await rm(`${cache.folder}/${vaultCacheKey(program.version)}`, { recursive: true, force: true });
    throw error;
  }
}

function found(program: VaultProgram, progress: Progress): VaultProgram {
  const { origin, path, version } = program;
  const other = version === VAULT_RELEASE ? "" : `, not ${VAULT_RELEASE},`;
  progress.line(`Vault ${version}${other} from ${origin} (${path})`);
  return program;
}

/** Its key in the cache of programs. */
export function vaultCacheKey(version: string): string {
  return `vault_${version}_${goPlatform()}`;
}
