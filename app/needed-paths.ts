/** What the application calls in Vault, besides credentials of its database role. Of a workload with fewer paths it can do nothing. */
export const neededPaths: readonly string[] = ["encrypt", "decrypt", "hmac"].map(
  (operation) => `transit/${operation}/customer-key`,
);

/** Those that a workload's paths lack. */
export function missingPaths(paths: readonly string[]): string[] {
  return neededPaths.filter((path) => !paths.includes(path));
}
