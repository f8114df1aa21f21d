import { chmod, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { resourceName } from "../../constructs/azure/resource-names";
import { subscriptionId } from "../azurerm/made-up-values";
import type { Sandbox } from "./sandbox";

/** Someone whose eyes one can look through: a deployer, a web app, a VM. */
export interface Login {
  name: string;
  /** A shell file to be sourced: VAULT_ADDR and so on, and a login, so that `vault token lookup` answers. */
  file: string;
  /** In Vault, where it may read database credentials. */
  credentialsPath?: string;
}

/** The workloads' tokens are for this resource. */
const managementResource = "https://management.azure.com/";

/** As long as a sandbox is likely to be looked at: 24 hours, in seconds. */
const lifetime = 86_400;

/** Writes a file for each who can log in. The Entra tokens are in files of the sandbox's private folder, never in an argument. */
export async function writeLogins(sandbox: Sandbox, folder: string): Promise<Login[]> {
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
  ): Promise<Login> => {
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
