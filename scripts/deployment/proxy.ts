/** The proxy through which a person's other programs reach an address: HTTPS_PROXY, but for what NO_PROXY names. */
export function proxyFor(address: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { hostname } = new URL(address);
  const direct = (env.NO_PROXY ?? env.no_proxy ?? "")
    .split(",")
    .map((entry) => entry.trim().replace(/^\./, ""));
  const passedBy = direct.some(
    (entry) => entry === "*" || (entry !== "" && (hostname === entry || hostname.endsWith(`.${entry}`))),
  );
  return passedBy ? undefined : env.HTTPS_PROXY || env.https_proxy || undefined;
}
