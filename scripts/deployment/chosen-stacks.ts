import { UserError } from "../../lib/processes/user-error";
import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";

/** Returns the named stacks in the system's order, or all stacks without a name. @throws {UserError} for an unknown name */
export function chosenStacks(
  system: readonly SynthesizedStack[],
  names: readonly string[] = [],
): SynthesizedStack[] {
  const known = system.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UserError(
      `The environment has no stack ${unknown.map((name) => JSON.stringify(name)).join(", ")}. Choose from ${known.join(", ")}.`,
    );
  }
  return names.length === 0 ? [...system] : system.filter(({ name }) => names.includes(name));
}
