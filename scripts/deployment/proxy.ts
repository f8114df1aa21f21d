/** Returns the user's proxy for an address: HTTPS_PROXY, unless NO_PROXY contains the address. */
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
