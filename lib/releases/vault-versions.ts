import { DEFAULT_VAULT } from "../../cloud-init/vault-server/vault-version";

/** The preferred Vault: HashiCorp's release of this version. Not tested: the sandbox's tests run VAULT_GO_MODULE. */
export const VAULT_RELEASE = DEFAULT_VAULT;

/**
 * If no release can be downloaded, the sandbox builds this version from Vault's Go module. 1.21.4 does not build: it
 * needs a vault/sdk that was never published as a module. sandbox/vault/vault-build/go.mod repeats this number.
 */
export const VAULT_GO_MODULE = "1.21.0";
