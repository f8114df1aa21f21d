import { rm } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { OLDEST_VAULT } from "../../cloud-init/vault-server/vault-version";
import { programOnPath } from "../../lib/processes/program-on-path";
import { Progress } from "../../lib/processes/progress";
import { messageOf, UserError, VerificationError } from "../../lib/processes/user-error";
import type { ReleaseSource } from "../../lib/releases/release-source";
import { VAULT_GO_MODULE, VAULT_RELEASE } from "../../lib/releases/vault-versions";
import { goPlatform } from "../programs/go-platform";
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

type Search = Required<Omit<FindVaultOptions, "source">> & Pick<FindVaultOptions, "source">;

/** Milliseconds to wait for another process that downloads or builds the same program. */
const OTHERS_MS = 60 * 60_000;

/**
 * Finds Vault, or provides it. It tries VAULT_PROGRAM, PATH, the cache, HashiCorp's release, and a build of its Go
 * module. One line of progress names the source.
 *
 * @throws VerificationError at once when a checksum, signature or key is wrong. It then tries no other source.
 * @throws UserError when every source fails, with the reason for each
 */
export async function findVaultProgram(options: FindVaultOptions = {}): Promise<VaultProgram> {
  const { progress = new Progress(), env = process.env, cache = new ProgramCache(), source } = options;
  const search = { progress, env, cache, source };
  if (env.VAULT_PROGRAM) return named(env.VAULT_PROGRAM, search);

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
    (await attempt("PATH", () => onPath(search))) ?? (await attempt("cache", () => cached(search)));
  if (there) return there;

  const got = await attempt("cache", () =>
    cache.alone("Vault", { deadlineMs: OTHERS_MS, progress }, async () => {
      // Another process may have provided it during the wait.
      return (
        (await attempt("cache", () => cached(search))) ??
        (await attempt("HashiCorp's release", () => released(search))) ??
        (await attempt("Go module", () => built(search)))
      );
    }),
  );
  if (got) return got;
  throw new UserError(
    `Found no Vault. Install Vault ${OLDEST_VAULT} or newer (https://developer.hashicorp.com/vault/install), or name ` +
      `its binary in VAULT_PROGRAM. Tried:\n${[...tried].map((line) => `  - ${line}`).join("\n")}`,
  );
}

/** Uses the named binary or fails, because the user asked for exactly this one. */
async function named(path: string, { env, progress }: Search): Promise<VaultProgram> {
  if (!isAbsolute(path))
    throw new UserError(`VAULT_PROGRAM is "${path}". Set it to the binary's absolute path.`);
  const version = await vaultVersionOf(path, env);
  return found({ path, version, origin: "VAULT_PROGRAM" }, progress);
}

async function onPath({ env, progress }: Search): Promise<VaultProgram | undefined> {
  const path = await programOnPath(["vault"], { env });
  if (!path) throw new UserError("found no program named vault.");
  const version = await vaultVersionOf(path, env).catch((error) => {
    progress.line(`The vault on PATH is not used: ${messageOf(error)}`);
    throw error;
  });
  return found({ path, version, origin: "PATH" }, progress);
}

async function cached({ cache, env, progress }: Search): Promise<VaultProgram | undefined> {
  for (const version of [VAULT_RELEASE, VAULT_GO_MODULE]) {
    const path = await cache.find(vaultCacheKey(version), "vault");
    if (path) return found({ path, version: await vaultVersionOf(path, env), origin: "cache" }, progress);
  }
  return undefined;
}

async function released(search: Search): Promise<VaultProgram> {
  const { cache, progress, source } = search;
  const what = `Downloading Vault ${VAULT_RELEASE} from HashiCorp, about 200 MB, with its signature`;
  return progress.step(what, async (report) => {
    const options = { version: VAULT_RELEASE, platform: goPlatform(), source, report };
    const make = (folder: string) => downloadVaultRelease(folder, options);
    const key = vaultCacheKey(VAULT_RELEASE);
    const path = await cache.add(key, "vault", "HashiCorp's signed release", make);
    return checked({ path, version: VAULT_RELEASE, origin: "release" }, search);
  });
}

async function built(search: Search): Promise<VaultProgram> {
  const { cache, env, progress } = search;
  const what = `Building Vault ${VAULT_GO_MODULE} from its Go module, about 7 minutes on 2 cores the first time`;
  return progress.longStep(what, async (report) => {
    const make = (folder: string) => buildVault(folder, { env, report });
    const key = vaultCacheKey(VAULT_GO_MODULE);
    const path = await cache.add(key, "vault", "built from its Go module", make);
    return checked({ path, version: VAULT_GO_MODULE, origin: "Go module" }, search);
  });
}

/** Checks a new binary. If it does not start or has another version, removes it from the cache. */
async function checked(program: VaultProgram, { cache, env }: Search): Promise<VaultProgram> {
  try {
    const version = await vaultVersionOf(program.path, env);
    if (version !== program.version)
      throw new UserError(`it reports the version ${version}, not ${program.version}.`);
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

/** Returns the cache key of a Vault version. */
export function vaultCacheKey(version: string): string {
  return `vault_${version}_${goPlatform()}`;
}
