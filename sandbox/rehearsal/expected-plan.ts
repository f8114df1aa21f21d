import { z } from "zod";

/** What happens to a resource, in the words of `scripts/deploy --plan --json`. */
const action = z.enum(["added", "changed", "replaced", "destroyed", "forgotten"]);

export type Action = z.infer<typeof action>;

const plannedStack = z.union([
  z.object({ stack: z.string(), changes: z.record(z.string(), action), text: z.string() }),
  z.object({ stack: z.string(), waitsFor: z.array(z.string()) }),
]);

/** What `scripts/deploy --plan --json` prints. */
export const deploymentPlan = z.object({ stacks: z.array(plannedStack) });

export type DeploymentPlan = z.infer<typeof deploymentPlan>;

/**
 * By stack, by address without the hash that cdktf adds (`_0A1B2C3D`): what must happen, and nothing else may. Stacks that are
 * not named must not change at all.
 */
export type ExpectedPlan = Readonly<Record<string, Readonly<Record<string, Action>>>>;

/** In which ways a plan is another one than expected, a line each; empty when it is the same. */
export function differencesOf({ stacks }: DeploymentPlan, expected: ExpectedPlan): string[] {
  const missing = Object.keys(expected).filter((name) => !stacks.some(({ stack }) => stack === name));
  return [
    ...missing.map((stack) => `${stack} has no plan.`),
    ...stacks.flatMap((planned) => {
      const { stack } = planned;
      if ("waitsFor" in planned)
        return [`${stack} is not planned: it waits for ${planned.waitsFor.join(", ")}.`];
      const wanted = expected[stack] ?? {};
      const found = Object.fromEntries(
        Object.entries(planned.changes).map(([address, action]) => [withoutHash(address), action]),
      );
      const addresses = [...new Set([...Object.keys(wanted), ...Object.keys(found)])].sort();
      const differences = addresses
        .filter((address) => wanted[address] !== found[address])
        .map(
          (address) =>
            `${stack}: ${address} is ${found[address] ?? "unchanged"}, not ${wanted[address] ?? "unchanged"}.`,
        );
      // Terraform also says so where only outputs change.
      const quiet = addresses.length > 0 || /^No changes\./m.test(planned.text);
      return quiet ? differences : [`${stack}: only its outputs change:\n${planned.text}`];
    }),
  ];
}

const withoutHash = (address: string): string => address.replace(/_[0-9A-F]{8}(?=$|[[.])/g, "");
