import { OLDEST_VAULT } from "../../cloud-init/vault-server/vault-version";
import { runProgram } from "../../lib/processes/run-program";
import { UserError } from "../../lib/processes/user-error";

import { compareVersions } from "../../lib/processes/version";

/**
 * Checks a Vault binary.
 *
 * @returns its version, for example 1.21.4
 * @throws UserError when it is not Vault, too old, or the Enterprise edition without a licence
 */
export async function vaultVersionOf(path: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { stdout, stderr, code } = await runProgram({
    command: path,
    args: ["version"],
    env: { PATH: env.PATH, HOME: env.HOME },
    deadlineMs: 30_000,
  });
  const version = /^Vault v(\d+\.\d+\.\d+\S*?),?(?:\s|$)/.exec(stdout)?.[1];
  if (code !== 0 || !version) {
    const said = (stdout + stderr).trim().split("\n")[0] ?? "";
    throw new UserError(`${path} is not HashiCorp Vault: "${path} version" said "${said.slice(0, 200)}".`);
  }
  if (compareVersions(version, OLDEST_VAULT) < 0) {
    throw new UserError(
      `${path} is Vault ${version}, but the sandbox needs ${OLDEST_VAULT} or newer. Update it.`,
    );
  }
  if (version.includes("+ent") && !env.VAULT_LICENSE && !env.VAULT_LICENSE_PATH) {
    throw new UserError(
      `${path} is Vault Enterprise (${version}), which does not start without a licence. Set VAULT_LICENSE_PATH.`,
    );
  }
  return version;
}
