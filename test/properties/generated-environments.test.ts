import * as fc from "fast-check";
import { loadEnvironment } from "../../environments/load";
import { withFile } from "../environments/files";
import { longTests } from "../long-tests";
import { synthesizeSystem } from "../synthesis";
import { environmentFiles } from "./generated-environments";
import { crossStackReference, exists, referencesOf } from "./references";

/** `RUNS=1000 SEED=1 npx jest test/properties/generated` tests more files. */
const runs = Number(process.env["RUNS"] ?? (longTests ? 25 : 10));
const seed = Number(process.env["SEED"] ?? 20_261_124);

describe("an environment file that follows docs/environments.md", () => {
  it(`is accepted, and results in stacks without dangling references (${runs} files)`, () => {
    void fc.assert(
      fc.property(environmentFiles, (file) => {
        const environment = withFile(file, file.name, (folder) => loadEnvironment(file.name, folder));
        const stacks = synthesizeSystem(environment);
        expect([...stacks.keys()]).toHaveLength(7);
        for (const stack of stacks.values()) {
          const found = referencesOf(stack).map(({ value }) => value);
          expect(found.filter((reference) => !exists(stack, reference))).toEqual([]);
          const elsewhere = found.flatMap((reference) => crossStackReference(reference) ?? []);
          expect(elsewhere.filter(({ stack, output }) => !stacks.get(stack)?.outputs.has(output))).toEqual(
            [],
          );
        }
      }),
      { numRuns: runs, seed },
    );
  });
});
