import type { ProviderValues } from "../../lib/synthesized/deployment";
import { type CertificatePem, computedAttributes } from "./computed-attributes";
import { type DeployingLogin, dataAttributes } from "./data-attributes";
import { ephemeralAttributes } from "./ephemeral-values";
import { signedInObjectId, subscriptionId, tenantId } from "./made-up-values";

/**
 * What the providers azurerm and random would make known of the stacks, the same in every run.
 * @param certificatePem The stand-in for Azure makes it, after it has read the deployment. Asked only where a value holds the certificate
 *   itself.
 * @param login made up unless told
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
