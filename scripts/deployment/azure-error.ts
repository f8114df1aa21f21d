/** What Azure's answers mean, and the cure. Source of the codes: Entra's list of AADSTS errors, Azure Resource Manager. */
const causes: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [
    /AADSTS(?:50076|50078|50079|50089|50132|50173|70008|70043|700082|700084)|refresh token has expired|Interactive authentication is needed/i,
    () => "The login to Azure has expired; run `az login`.",
  ],
  [
    /Please run 'az login'|No subscription found|az login.*to setup account/i,
    () => "Nobody is logged in to Azure; run `az login`.",
  ],
  [/Client address: ([\d.]+)/, ([, address]) => addressRefused(address ?? "")],
  [/ForbiddenByFirewall|Client address is not authorized/, () => addressRefused(undefined)],
  [
    /ForbiddenByRbac/,
    () =>
      "Key Vault refuses the login: a role assignment takes some minutes to work; run the same command again, and see that you are among the environment's deployers.",
  ],
  [
    /authorization to perform action '([^']+)'.*?over scope '([^']+)'/s,
    ([, action, scope]) =>
      `The login may not do ${action} on ${scope}; have an owner of the subscription grant it (docs/deploy.md lists the rights).`,
  ],
  [
    /getaddrinfo|NameResolutionError|Max retries exceeded|ConnectionError|ConnectTimeout/,
    () => "Azure cannot be reached from this computer; check its network and HTTPS_PROXY.",
  ],
];

/** The cause that a text of Azure's names, in a sentence with its cure; undefined for what is not known. */
export function knownAzureCause(text: string): string | undefined {
  for (const [pattern, sentence] of causes) {
    const match = pattern.exec(text);
    if (match) return sentence(match);
  }
  return undefined;
}

/** A failed command of the Azure CLI, in a sentence. */
export function azureErrorSentence(command: string, stderr: string): string {
  const known = knownAzureCause(stderr);
  if (known) return known;
  const [line = "it gave no reason"] = stderr
    .split("\n")
    .map((one) => one.replace(/^ERROR:\s*/, "").trim())
    .filter(Boolean);
  return `\`az ${command}\` failed (${line.slice(0, 300)}); run it by hand to see more.`;
}

function addressRefused(address: string | undefined): string {
  const range = address ? `${address}/32` : "it";
  return `Key Vault refuses this computer's address${address ? ` ${address}` : ""}; add ${range} to network.deployerRanges, then run scripts/deploy again from an address that is allowed already, or change the Key Vault's firewall by hand.`;
}
