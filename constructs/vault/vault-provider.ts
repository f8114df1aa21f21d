import { VaultProvider } from "@cdktf/provider-vault/lib/provider";
import type { Construct } from "constructs";

export interface VaultProviderProps {
  /** Vault's address, `https://<host>:8200`. */
  address: string;
}

/**
 * Configures the Vault provider with the deployer's own Entra token from TERRAFORM_VAULT_AUTH_JWT and the trusted
 * certificate from VAULT_CACERT. First boot created the mount and the role `deployer` (cloud-init/vault-server).
 */
export function useVault(scope: Construct, { address }: VaultProviderProps): void {
  new VaultProvider(scope, "vault", {
    address,
    authLoginJwt: [{ mount: "deployer", role: "deployer" }],
    // A child token would need one more right (auth/token/create).
    skipChildToken: true,
  });
}
