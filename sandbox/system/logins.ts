import { chmod, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { resourceName } from "../../constructs/azure/resource-names";
import { subscriptionId } from "../azurerm/made-up-values";
import type { Sandbox } from "./sandbox";

/** An identity that a person can use in a shell: a deployer, a web app, a VM. */
export interface ShellLogin {
  name: string;
  /** A shell file to source. It sets VAULT_ADDR and the other variables and logs in, so `vault token lookup` works. */
  file: string;
  /** The path in Vault from which it can read database credentials. */
  credentialsPath?: string;
}

/** The resource of the workloads' tokens. */
const managementResource = "https://management.azure.com/";

/** Lifetime of the tokens in seconds: 24 hours, longer than people usually use a sandbox. */
const lifetime = 86_400;

/** Writes a file for each identity that can log in. Entra tokens are in files of the sandbox's private folder, never in an argument. */
export async function writeLogins(sandbox: Sandbox, folder: string): Promise<ShellLogin[]> {
  const { azure } = sandbox;
  const credentialsPaths = new Map(
    [...sandbox.environment.webApps, ...sandbox.environment.agentVms].map(({ name, databaseRole }) => [
      `${name}-role`,
      databaseRole && `database/creds/${databaseRole}`,
    ]),
  );
  const write = async (
    name: string,
    token: string,
    login: string,
    { role = "", proxyOf }: { role?: string; proxyOf?: string } = {},
  ): Promise<ShellLogin> => {
    const tokenFile = join(folder, `${name}.jwt`);
    const file = join(folder, `${name}.sh`);
    await writeFile(tokenFile, token, { mode: 0o600 });
    await writeFile(file, script(sandbox, sandbox.azure.proxyUrlFor(proxyOf), `${login} jwt=@${tokenFile}`), {
      mode: 0o600,
    });
    await chmod(file, 0o600);
    return { name, file, credentialsPath: credentialsPaths.get(role) };
  };
  const logins = [
    await write("deployer", sandbox.deployerToken({ lifetime }), "auth/deployer/login role=deployer"),
  ];
  for (const { name, role, site } of sandbox.webAppWorkloads()) {
    const token = azure.tokenForSite(site, managementResource, { lifetime });
    logins.push(await write(name, token, `auth/jwt/login role=${role}`, { role, proxyOf: site }));
  }
  const resourceGroup = resourceName("rg", sandbox.environment.name, "vault");
  for (const { name, role, machine } of sandbox.agentWorkloads()) {
    const token = azure.tokenForMachine(machine, managementResource, { lifetime });
    const place = `subscription_id=${subscriptionId} resource_group_name=${resourceGroup} vm_name=${machine}`;
    logins.push(
      await write(name, token, `auth/azure/login role=${role} ${place}`, { role, proxyOf: machine }),
    );
  }
  return logins;
}

function script(sandbox: Sandbox, proxyUrl: string, login: string): string {
  return [
    `export PATH='${dirname(sandbox.vaultProgram)}':"$PATH"`,
    `export VAULT_ADDR='${sandbox.vaultAddress}' VAULT_CACERT='${sandbox.vaultCertificateFile}'`,
    `export HTTPS_PROXY='${proxyUrl}'`,
    "unset VAULT_TOKEN",
    `VAULT_TOKEN=$(vault write -field=token ${login}) && export VAULT_TOKEN`,
    "",
  ].join("\n");
}
