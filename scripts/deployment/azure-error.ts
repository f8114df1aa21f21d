const throttled = /TooManyRequests|Too Many Requests|Throttled\b/i;
const failedByItself =
  /InternalServerError|Internal Server Error|ServiceUnavailable|Service Unavailable|Bad Gateway|Gateway Time-?out/i;

/** Returns true if the same request may succeed a moment later. */
export const isMomentary = (text: string): boolean => throttled.test(text) || failedByItself.test(text);

const missingRight = /authorization to perform action '([^']+)'.*?over scope '([^']+)'/s;

/** Returns true if Azure refused the request because the login lacks a right. */
export const isMissingRight = (text: string): boolean => missingRight.test(text);

/** Returns true if Azure refused the request, for any right. */
export const isForbidden = (text: string): boolean =>
  /AuthorizationFailed|does not have authorization|not have permission/.test(text);

/** The meaning of Azure's answers, and the cure. Source of the codes: Entra's list of AADSTS errors, Azure Resource Manager. */
const causes: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [
    /AADSTS(?:50076|50078|50079|50089|50132|50173|70008|70043|700082|700084)|refresh token has expired|Interactive authentication is needed/i,
    () => "The login to Azure has expired. Run `az login`.",
  ],
  [
    /Please run 'az login'|No subscription found|az login.*to setup account/i,
    () => "Nobody is logged in to Azure. Run `az login`.",
  ],
  [
    /ForbiddenByConnection|not an approved private link/,
    () =>
      "The Key Vault accepts only requests to its private endpoint. Run the same command again from a private network of network.deployerRanges where the Key Vault's name has the endpoint's address (docs/azure.md).",
  ],
  [/Client address: ([\d.]+)/, ([, address]) => addressRefused(address ?? "")],
  [/ForbiddenByFirewall|Client address is not authorized/, () => addressRefused(undefined)],
  [
    /ForbiddenByRbac/,
    () =>
      "Key Vault refuses the login. A role assignment takes some minutes to work. Check that you are a deployer of the environment, and run the same command again.",
  ],
  [
    /AuthorizationPermissionMismatch|perform this operation using this permission/,
    () =>
      "The storage account refuses the login. A role assignment takes some minutes to work. Check that you are a deployer of the environment, and run the same command again.",
  ],
  [
    /AuthorizationFailure\b|not authorized to perform this operation\b|blocked by network rules of storage account/,
    () =>
      "The storage account refuses this computer's address. Add it to network.deployerRanges, and run scripts/deploy from an address that is already allowed. If the account has a private endpoint, use a network where its name has the endpoint's address (docs/azure.md).",
  ],
  [
    missingRight,
    ([, action, scope]) =>
      `The login does not have the right ${action} on ${scope}. Ask an owner of the subscription to grant it (docs/deploy.md lists the rights).`,
  ],
  [
    /RequestDisallowedByPolicy/,
    (match) => {
      const policy = /"?policyDefinition(?:Display)?Name"?:\s*"([^"]+)"|policy '?([^',]+)'?/i.exec(
        match.input,
      );
      const name = policy?.[1] ?? policy?.[2];
      return `A policy of your organisation forbids a resource${name ? ` (${name})` : ""}. Ask the policy's owner for an exception for the resource group, or change the forbidden setting in the environment file (tags, location, sizes).`;
    },
  ],
  [
    /ZonalAllocationFailed|OverconstrainedZonalAllocationRequest/,
    () =>
      "Azure currently has no capacity for a VM of that size in the zone. Choose another zone, no zone, or another size in the environment file, and run the same command again.",
  ],
  [
    /(?:Overconstrained)?AllocationFailed|ProvisionNotSupportedForRegion|ServerCapacityNotAvailable|LocationIsOfferRestricted|No available instances/,
    () =>
      "Azure currently has no capacity in the region for this request. Choose another size or location in the environment file, or run the same command again later.",
  ],
  [
    /disk controller types? supported|diskControllerType/i,
    () =>
      "The VM's size has another disk controller (SCSI or NVMe) than its operating system's disk. Choose another size, such as Standard_D2s_v5 or Standard_D2s_v6.",
  ],
  [
    /SkuNotAvailable/,
    () =>
      "Azure does not offer a VM of that size to this subscription there. Choose another size, zone or location in the environment file (`az vm list-skus` shows them).",
  ],
  [
    /QuotaExceeded|PublicIP\w*CountLimitReached|region has quota of \d+ instances|OperationNotAllowed[^\n]*quota|exceeding approved [^\n]*quota|Current Limit \(/i,
    () =>
      "The subscription's quota is used up. Request more in the portal (Subscriptions, Usage + quotas), or choose smaller sizes in the environment file.",
  ],
  [
    /ReservedResourceName/,
    () =>
      "The name contains a word that Azure reserves. Choose another name for the environment or the web app, without microsoft or windows.",
  ],
  [
    /EncryptionAtHost[^\n]*not enabled|'securityProfile\.encryptionAtHost' is not valid/i,
    () =>
      "Encryption at host is not registered in the subscription. Run `az feature register --namespace Microsoft.Compute --name EncryptionAtHost` and wait some minutes, or set encryptionAtHost to false.",
  ],
  [
    /OverlappingSubnetsNotPermittedInSecurityRule/,
    () =>
      "Two ranges of the environment file overlap. Remove the smaller one, and run the same command again.",
  ],
  [
    /SubnetsHaveNoServiceEndpointsConfigured/,
    (match) => {
      const service = /ServiceEndpoints? for (Microsoft\.\w+)/.exec(match.input)?.[1] ?? "of that service";
      return `A subnet of network.deployerSubnets has no service endpoint ${service}. Add it (\`az network vnet subnet update --ids ID --service-endpoints\` with all endpoints of the subnet), and run the same command again.`;
    },
  ],
  [
    /ServerIsBusy|AnotherOperationInProgress|OperationInProgress/,
    () => "Azure is still busy with an earlier change of that resource. Run the same command again.",
  ],
  [
    /ExpiredAuthenticationToken/,
    () =>
      "A token of the login to Azure expired meanwhile. Run the same command again. If it asks for `az login`, log in first.",
  ],
  [
    throttled,
    () =>
      "Azure currently accepts no more requests from this subscription. Wait a minute, and run the same command again.",
  ],
  [
    failedByItself,
    () =>
      "Azure failed with an internal error. Run the same command again. If the error stays, look at https://azure.status.microsoft.",
  ],
  [
    /getaddrinfo|NameResolutionError|Max retries exceeded|ConnectionError|ConnectTimeout/,
    () => "Azure cannot be reached from this computer. Check its network and HTTPS_PROXY.",
  ],
];

/** Returns a sentence with the cause and cure of an error text from Azure. Undefined for an unknown error. */
export function knownAzureCause(text: string): string | undefined {
  for (const [pattern, sentence] of causes) {
    const match = pattern.exec(text);
    if (match) return sentence(match);
  }
  return undefined;
}

/** Describes a failed command of the Azure CLI in a sentence. */
export function azureErrorSentence(command: string, stderr: string): string {
  const known = knownAzureCause(stderr);
  if (known) return known;
  const [line = "it gave no reason"] = stderr
    .split("\n")
    .map((one) => one.replace(/^ERROR:\s*/, "").trim())
    .filter(Boolean);
  return `\`az ${command}\` failed (${line.slice(0, 300)}). Run it by hand to see more.`;
}

function addressRefused(address: string | undefined): string {
  const range = address ? `${address}/32` : "it";
  return `Key Vault refuses this computer's address${address ? ` ${address}` : ""}. Add ${range} to network.deployerRanges. Then run scripts/deploy from an address that is already allowed, or change the Key Vault's firewall by hand.`;
}
