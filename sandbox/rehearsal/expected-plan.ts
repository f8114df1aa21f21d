import { z } from "zod";

/** A change of a resource, in the words of `scripts/deploy --plan --json`. */
const action = z.enum(["added", "changed", "replaced", "destroyed", "forgotten"]);

export type Action = z.infer<typeof action>;

const plannedStack = z.union([
  z.object({ stack: z.string(), changes: z.record(z.string(), action), text: z.string() }),
  z.object({ stack: z.string(), waitsFor: z.array(z.string()) }),
]);

/** The output of `scripts/deploy --plan --json`. */
export const deploymentPlan = z.object({ stacks: z.array(plannedStack) });

export type DeploymentPlan = z.infer<typeof deploymentPlan>;

/** Changes by address. */
type Changes = Readonly<Record<string, Action | `waits for ${string}`>>;

/** A stack in which no resource changes. */
export const onlyOutputs: Changes = { "its outputs": "changed" };

/** A stack that cannot be planned before others are deployed. */
export const waitsFor = (...stacks: string[]): Changes => ({ "its plan": `waits for ${stacks.join(", ")}` });

/**
 * The expected changes by stack and address, without the hash that cdktf adds (`_0A1B2C3D`). Nothing else may change, and stacks that
 * are not named must not change at all.
 */
export type ExpectedPlan = Readonly<Record<string, Changes>>;

/** The differences between a plan and the expected plan, one a line. Empty if there are none. */
export function differencesOf({ stacks }: DeploymentPlan, expected: ExpectedPlan): string[] {
  const missing = Object.keys(expected).filter((name) => !stacks.some(({ stack }) => stack === name));
  return [
    ...missing.map((stack) => `${stack} has no plan.`),
    ...stacks.flatMap((planned) => {
      const { stack } = planned;
      const wanted = expected[stack] ?? {};
      const found = changesOf(planned);
      const addresses = [...new Set([...Object.keys(wanted), ...Object.keys(found)])].sort();
      return addresses
        .filter((address) => wanted[address] !== found[address])
        .map(
          (address) =>
            `${stack}: ${address} is ${found[address] ?? "unchanged"}, not ${wanted[address] ?? "unchanged"}.`,
        );
    }),
  ];
}

function changesOf(planned: z.infer<typeof plannedStack>): Changes {
  if ("waitsFor" in planned) return waitsFor(...planned.waitsFor);
  const entries = Object.entries(planned.changes);
  if (entries.length === 0 && !/^No changes\./m.test(planned.text)) return onlyOutputs;
  return Object.fromEntries(entries.map(([address, action]) => [withoutHash(address), action]));
}

/** A resource without the hash that cdktf adds to its address. */
export const withoutHash = (address: string): string => address.replace(/_[0-9A-F]{8}(?=$|[[.])/g, "");
