/** The Vault that is asked for: HashiCorp's release of this version. */
export const VAULT_RELEASE = "1.21.4";

/**
 * The Vault that is built from its Go module where no release can be downloaded. Not 1.21.4: that one needs a vault/sdk
 * which was never published as a module. The same number stands in vault-build/go.mod.
 */
export const VAULT_GO_MODULE = "1.21.0";

/** The oldest Vault on PATH that will do, by this project's choice. Only VAULT_GO_MODULE was run: others are not tried. */
export const OLDEST_VAULT = "1.16";
