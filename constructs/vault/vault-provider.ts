import { VaultProvider } from "@cdktf/provider-vault/lib/provider";
import type { Construct } from "constructs";

export interface VaultProviderProps {
  /** Vault's address, `https://<host>:8200`. */
  address: string;
}

/**
 * The Vault provider, logged in by the deployer's own Entra token: the token comes in by TERRAFORM_VAULT_AUTH_JWT, the
 * certificate to trust by VAULT_CACERT. First boot made the mount and the role `deployer` (cloud-init/vault-server).
 */
export function useVault(scope: Construct, { address }: VaultProviderProps): void {
  new VaultProvider(scope, "vault", {
    address,
    authLoginJwt: [{ mount: "deployer", role: "deployer" }],
    // A child token would need a right more (auth/token/create).
    skipChildToken: true,
  });
}
