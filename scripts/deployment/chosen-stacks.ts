import { UserError } from "../../lib/processes/user-error";
import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";

/** The stacks of those names in the system's order; all of them when none is named. @throws {UserError} */
export function chosenStacks(
  system: readonly SynthesizedStack[],
  names: readonly string[] = [],
): SynthesizedStack[] {
  const known = system.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UserError(
      `There is no stack ${unknown.map((name) => JSON.stringify(name)).join(", ")}; choose from ${known.join(", ")}.`,
    );
  }
  return names.length === 0 ? [...system] : system.filter(({ name }) => names.includes(name));
}
