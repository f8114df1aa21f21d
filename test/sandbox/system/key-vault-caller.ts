import type { Sandbox } from "../../../sandbox/system/sandbox";
import { ask, type Reply } from "../azure/caller";
import { keyVaultResource, Scene } from "./attacks/scene";

/** Sends a request to the Key Vault with Vault's unseal key, as a deployer. The Key Vault must answer with 200. */
export async function askKeyVault(
  sandbox: Sandbox,
  method: string,
  path: string,
  body?: unknown,
): Promise<Reply["body"]> {
  const token = sandbox.deployerToken({ claims: { aud: keyVaultResource } });
  const url = `https://${Scene.keyVaultNameOf(sandbox, "main")}.vault.azure.net/${path}?api-version=7.4`;
  const answer = await ask(sandbox.azure, url, { method, token, body });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
}

/** Vault's unseal key as a deployer, who may rotate, disable, delete and recover it. */
export class DeployersUnsealKey {
  constructor(private readonly sandbox: () => Sandbox) {}

  /** Returns the newest version. */
  version(): Promise<string> {
    return this.#newest("GET", "keys/vault-unseal");
  }

  /** Returns the new version. */
  rotate(): Promise<string> {
    return this.#newest("POST", "keys/vault-unseal/rotate");
  }

  async enable(version: string | undefined, enabled: boolean): Promise<void> {
    const body = { attributes: { enabled } };
    await askKeyVault(this.sandbox(), "PATCH", `keys/vault-unseal/${version}`, body);
  }

  async delete(): Promise<void> {
    await askKeyVault(this.sandbox(), "DELETE", "keys/vault-unseal");
  }

  async recover(): Promise<void> {
    await askKeyVault(this.sandbox(), "POST", "deletedkeys/vault-unseal/recover");
  }

  async #newest(method: string, path: string): Promise<string> {
    const { key } = await askKeyVault(this.sandbox(), method, path);
    return key.kid.split("/").at(-1);
  }
}
