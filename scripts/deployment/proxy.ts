/** Returns the user's proxy for an address: HTTPS_PROXY, unless NO_PROXY contains the address. */
export function proxyFor(address: string): string | undefined {
  const { NO_PROXY, no_proxy, HTTPS_PROXY, https_proxy } = process.env;
  const { hostname } = new URL(address);
  const direct = (NO_PROXY ?? no_proxy ?? "").split(",").map((entry) => entry.trim().replace(/^\./, ""));
  const passedBy = direct.some(
    (entry) => entry === "*" || (entry !== "" && (hostname === entry || hostname.endsWith(`.${entry}`))),
  );
  return passedBy ? undefined : HTTPS_PROXY || https_proxy || undefined;
}
