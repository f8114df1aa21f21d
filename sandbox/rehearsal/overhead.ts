import type { Progress } from "../../lib/processes/progress";
import type { Rehearsal } from "./rehearsal";

/** Marks each round on stdout. JSON follows: `{scripts: {stacks: {network: SECONDS, ...}, whole: SECONDS}, plain: {...}}`. */
export const roundMarker = "Round: ";

/** Deploys with scripts/deploy and with Terraform alone, in turn, and prints each round. */
export const measureOverhead =
  (rounds: number) =>
  async (rehearsal: Rehearsal, progress: Progress): Promise<void> => {
    const step = <T>(what: string, work: () => Promise<T>) => progress.longStep(what, work);
    for (let number = 1; number <= rounds; number++) {
      const scripts = await step(`round ${number}: scripts/deploy`, () =>
        timed(() => rehearsal.deployTimed()),
      );
      await step("scripts/destroy", () => rehearsal.destroy());
      const plain = await step(`round ${number}: terraform apply`, () =>
        timed(() => rehearsal.applyByHand()),
      );
      await step("scripts/destroy", () => rehearsal.destroy());
      console.log(roundMarker + JSON.stringify({ scripts, plain }));
    }
  };

async function timed(
  work: () => Promise<{ stack: string; seconds: number }[]>,
): Promise<{ stacks: Record<string, number>; whole: number }> {
  const start = performance.now();
  const stacks = await work();
  return {
    stacks: Object.fromEntries(stacks.map(({ stack, seconds }) => [stack, seconds])),
    whole: (performance.now() - start) / 1000,
  };
}
