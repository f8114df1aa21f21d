import { join, resolve } from "node:path";
import { programOnPath } from "../../lib/processes/program-on-path";
import type { Report } from "../../lib/processes/progress";
import { runProgram } from "../../lib/processes/run-program";
import { UserError, VerificationError } from "../../lib/processes/user-error";
import { compareVersions } from "../../lib/processes/version";

/** The module that requires github.com/hashicorp/vault, with every version and checksum pinned. */
const MODULE = resolve(__dirname, "vault-build");

/** The oldest Go that downloads the Go version of vault-build/go.mod itself. Source: go.dev/doc/toolchain. */
const OLDEST_GO = "1.21";

/** Measured: 7 minutes on 2 cores the first time. A slow machine gets an hour. */
const DEADLINE_MS = 60 * 60_000;

export interface VaultBuildOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly report?: Report;
  /** Build metadata after the version, as in 1.21.0+other, to distinguish two builds. */
  readonly metadata?: string;
}

/**
 * Builds Vault from its Go module into `folder`, as `folder`/vault. Go verifies every module against vault-build/go.sum.
 *
 * @throws VerificationError when a module differs from go.sum, and UserError without Go, network or disk space
 */
export async function buildVault(
  folder: string,
  { env = process.env, report, metadata }: VaultBuildOptions = {},
): Promise<void> {
  const go = await findGo(env);
  let packages = 0;
  let modules = 0;
  const { code, signal, stderr } = await runProgram({
    command: go,
    // -v prints each package on standard error during the compilation, which shows progress.
    args: [
      "build",
      "-v",
      "-mod=readonly",
      "-ldflags",
      `-s -w${metadata ? ` -X github.com/hashicorp/vault/version.VersionMetadata=${metadata}` : ""}`,
      "-o",
      join(folder, "vault"),
      "github.com/hashicorp/vault",
    ],
    cwd: MODULE,
    env: { ...env, GOWORK: "off" },
    deadlineMs: DEADLINE_MS,
    onErrorLine: (line) => {
      if (line.startsWith("go: downloading ")) modules++;
      else if (/^[\w.-]+(\/[\w.~-]+)*$/.test(line)) packages++;
      report?.(`${modules} modules downloaded, ${packages} packages compiled`);
    },
  });
  if (code === 0) return;
  throw buildError(stderr, signal);
}

async function findGo(env: NodeJS.ProcessEnv): Promise<string> {
  const go = await programOnPath(["go"], { env });
  if (!go) throw new UserError(`Go is not on PATH. Install Go ${OLDEST_GO} or newer from https://go.dev/dl.`);
  const { stdout } = await runProgram({ command: go, args: ["version"], env, cwd: "/", deadlineMs: 60_000 });
  const version = /go version go(\d+(?:\.\d+)*)/.exec(stdout)?.[1];
  if (version && compareVersions(version, OLDEST_GO) < 0) {
    throw new UserError(`${go} is Go ${version}, but the build needs ${OLDEST_GO} or newer. Update it.`);
  }
  return go;
}

/** Finds the cure for Go's message. The messages are from Go 1.26 and libc. */
function buildError(stderr: string, signal: NodeJS.Signals | null): UserError {
  const lines = stderr
    .split("\n")
    .filter((line) => /error|: |fail/i.test(line) && !line.startsWith("go: downloading "));
  const said = lines.slice(-3).join(" | ") || stderr.trim().split("\n").at(-1) || "nothing";
  if (/SECURITY ERROR|checksum mismatch/.test(stderr)) {
    return new VerificationError(
      `A Go module differs from vault-build/go.sum. Find out who changed it, or set GOPROXY to another proxy. Go said: ${said}`,
    );
  }
  if (/no space left on device|disk quota exceeded/i.test(stderr)) {
    return new UserError(
      "No disk space is left for the build of Vault. Free about 5 GB for Go's caches (`go env GOCACHE`).",
    );
  }
  if (/dial tcp|no such host|proxyconnect|i\/o timeout|connection refused/.test(stderr)) {
    return new UserError(
      `Cannot reach Go's module proxy. Set GOPROXY to a reachable proxy. Go said: ${said}`,
    );
  }
  if (signal === "SIGKILL" || /signal: killed/.test(stderr)) {
    return new UserError(
      "The build of Vault was killed, probably because memory ran out. It needs about 4 GB.",
    );
  }
  return new UserError(
    `Go could not build Vault. Run \`go build\` in ${MODULE} to see why. Go said: ${said}`,
  );
}
