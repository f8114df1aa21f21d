import { missingPaths } from "../app/needed-paths";

/** What a workload's environment does not give it, and the project's application needs: nothing where it can work. */
export function lacking({
  databaseRole,
  paths,
}: {
  databaseRole?: string;
  paths: readonly string[];
}): string[] {
  return [...(databaseRole ? [] : ["a databaseRole"]), ...missingPaths(paths)];
}
