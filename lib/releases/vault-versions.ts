import { DEFAULT_VAULT } from "../../cloud-init/vault-server/vault-version";

/** The Vault that is asked for: HashiCorp's release of this version. It was not run here: the sandbox's tests run VAULT_GO_MODULE. */
export const VAULT_RELEASE = DEFAULT_VAULT;

/**
 * The Vault that is built from its Go module where no release can be downloaded. Not 1.21.4: that one needs a vault/sdk
 * which was never published as a module. The same number stands in sandbox/vault/vault-build/go.mod.
 */
export const VAULT_GO_MODULE = "1.21.0";
