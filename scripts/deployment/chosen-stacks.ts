import { DeploymentError } from "./deployment-error";
import type { Stack } from "./system";

/** The stacks of those names in the system's order; all of them when none is named. @throws {DeploymentError} */
export function chosenStacks(system: readonly Stack[], names: readonly string[] = []): Stack[] {
  const known = system.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new DeploymentError(
      `There is no stack ${unknown.map((name) => JSON.stringify(name)).join(", ")}; choose from ${known.join(", ")}.`,
    );
  }
  return names.length === 0 ? [...system] : system.filter(({ name }) => names.includes(name));
}
