import { missingPaths } from "../app/needed-paths";

/**
 * Returns what the project's application needs but the workload's environment does not provide. Empty if the
 * application can work.
 */
export function lacking({
  databaseRole,
  paths,
}: {
  databaseRole?: string;
  paths: readonly string[];
}): string[] {
  return [...(databaseRole ? [] : ["a databaseRole"]), ...missingPaths(paths)];
}
