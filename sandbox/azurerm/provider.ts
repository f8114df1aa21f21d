import type { ProviderValues } from "../../lib/synthesized/evaluated-system";
import { type CertificatePem, computedAttributes } from "./computed-attributes";
import { type DeployingLogin, dataAttributes } from "./data-attributes";
import { ephemeralAttributes } from "./ephemeral-values";
import { signedInObjectId, subscriptionId, tenantId } from "./made-up-values";

/**
 * Returns the values that the providers azurerm and random would add to the stacks. They are the same in every run.
 * @param certificatePem returns a certificate from the stand-in for Azure, which creates it after it has read the
 * deployment. Only values that contain the certificate call it.
 * @param login the deployer. Default: a made-up one.
 */
export function azurerm(
  certificatePem: CertificatePem = () => undefined,
  login: DeployingLogin = { tenantId, subscriptionId, objectId: signedInObjectId },
): ProviderValues {
  return {
    resources: computedAttributes(certificatePem),
    dataSources: dataAttributes(login),
    ephemeralResources: ephemeralAttributes,
  };
}
