import type { Fact } from "./fact";
import { actions } from "./facts/actions";
import { azureApiVersions } from "./facts/azure-api-versions";
import { hostsOfAzure } from "./facts/azure-hosts";
import { azureSizes } from "./facts/azure-sizes";
import { checkTools } from "./facts/check-tools";
import { images } from "./facts/images";
import { keyVaultVersions } from "./facts/key-vault-versions";
import { node } from "./facts/node";
import { npm } from "./facts/npm";
import { signingKeys } from "./facts/signing-keys";
import { terraform } from "./facts/terraform";
import { vault } from "./facts/vault";

/** Every outside fact that the project relies on. It reads the values from the places that use them. */
export function facts(): Fact[] {
  return [
    ...signingKeys(),
    ...vault(),
    ...terraform(),
    ...node(),
    ...npm(),
    ...images(),
    ...azureSizes(),
    ...keyVaultVersions(),
    ...azureApiVersions(),
    ...hostsOfAzure(),
    ...actions(),
    ...checkTools(),
  ];
}
