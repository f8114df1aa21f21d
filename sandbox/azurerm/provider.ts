import type { ProviderValues } from "../../lib/synthesized/evaluated-system";
import { type CertificatePem, computedAttributes, type KeyModulus } from "./computed-attributes";
import { type DeployingLogin, dataAttributes } from "./data-attributes";
import { ephemeralAttributes } from "./ephemeral-values";
import { signedInObjectId, subscriptionId, tenantId } from "./made-up-values";

/**
 * Returns the values that the providers azurerm and random would add to the stacks. They are the same in every run.
 * @param certificatePem returns a certificate from the stand-in for Azure, which creates it after it has read the
 * deployment. Only values that contain the certificate call it.
 * @param login the deployer. Default: a made-up one.
 * @param keyModulus returns the modulus of a key's newest version from the stand-in. Default: a made-up one.
 */
export function azurerm(
  certificatePem: CertificatePem = () => undefined,
  login: DeployingLogin = { tenantId, subscriptionId, objectId: signedInObjectId },
  keyModulus: KeyModulus = () => undefined,
): ProviderValues {
  return {
    resources: computedAttributes(certificatePem, keyModulus),
    dataSources: dataAttributes(login),
    ephemeralResources: ephemeralAttributes,
  };
}
