import { mkdir, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { loadEnvironment } from "../../environments/load";
import { UserError } from "../../lib/processes/user-error";
import { AzureCli } from "./azure-cli";
import { deployerToken, readLogin } from "./login";
import { readArguments, runScript } from "./run-script";
import { readStateAside } from "./stack-state";
import { readSystem } from "./system";
import { vaultLocation } from "./vault-access";
import { fetchVaultCertificate } from "./vault-certificate";

const help = `Usage: eval "$(scripts/vault-env [environment])"

Prints the variables that Vault's clients need to reach the deployed Vault, as exports for a POSIX shell:
VAULT_ADDR, VAULT_CACERT and TERRAFORM_VAULT_AUTH_JWT. Then you can run, for example:

  vault status
  export VAULT_TOKEN=$(printf %s "$TERRAFORM_VAULT_AUTH_JWT" | vault write -field=token auth/deployer/login role=deployer jwt=-)
  npx cdktf deploy vault-config --ignore-missing-stack-dependencies

TERRAFORM_VAULT_AUTH_JWT is valid for about an hour. Then run this command again.

  environment     a file of environments/, without .json (default: $ENVIRONMENT, else demo)
`;

/** `scripts/vault-env`. It prints all exports together at the end, so that a failure prints none. */
export async function main(): Promise<void> {
  await runScript(async (interruption) => {
    const { environment: name } = readArguments(help, {});
    const environment = loadEnvironment(name);
    const vaultServer = readSystem(environment).find((stack) => stack.name === "vault-server");
    if (!vaultServer) throw new UserError("The environment has no stack vault-server.");
    const az = new AzureCli(environment.azureCloud, interruption.signal);
    const [state] = await Promise.all([readStateAside(vaultServer, interruption.signal), readLogin(az)]);
    const { address, certificateUrl } = vaultLocation(state);
    const [pem, jwt] = await Promise.all([
      fetchVaultCertificate(az, certificateUrl, address),
      deployerToken(az, environment),
    ]);
    const file = await keepCertificate(name, pem);
    interruption.check();
    const variables = { VAULT_ADDR: address, VAULT_CACERT: file, TERRAFORM_VAULT_AUTH_JWT: jwt };
    const lines = Object.entries(variables).map(
      ([variable, value]) => `export ${variable}=${quoted(value)}\n`,
    );
    process.stdout.write(lines.join(""));
  });
}

/** Writes the certificate into the user's cache folder with a rename. A client that reads it meanwhile gets the old or the new file. */
async function keepCertificate(environment: string, pem: string): Promise<string> {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "vault-on-azure", environment);
  const file = join(folder, "vault.pem");
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(`${file}.${process.pid}`, pem, { mode: 0o644 });
    await rename(`${file}.${process.pid}`, file);
    return file;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(`${folder} is not writable (${code}). Set XDG_CACHE_HOME to your own folder.`);
  }
}

/** Quotes a value for a POSIX shell. Only the single quote itself is special within single quotes. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
