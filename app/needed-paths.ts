/** Paths in Vault that the application needs, besides its database credentials. With fewer paths, the application cannot work. */
const neededPaths: readonly string[] = ["encrypt", "decrypt", "hmac"].map(
  (operation) => `transit/${operation}/customer-key`,
);

/** Returns the needed paths that a workload does not have. */
export function missingPaths(paths: readonly string[]): string[] {
  return neededPaths.filter((path) => !paths.includes(path));
}
