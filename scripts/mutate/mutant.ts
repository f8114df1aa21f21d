/** A mistake that a person could make in one file, and the tests that must catch it. */
export interface Mutant {
  /** The effect of the mistake in a few words: "an expired certificate is installed". */
  readonly what: string;
  /** Path in the project. */
  readonly file: string;
  /** Text that occurs once in the file. */
  readonly find: string;
  readonly put: string;
  /** Test files below test/, without `.test.ts`. One failing file is enough. */
  readonly tests: readonly string[];
  /** Matches the names of the tests to run, if all tests of these files take minutes. */
  readonly named?: string;
}

/** Mutants of one file that the same tests must catch: `[what, find, put]` each. */
export function mutantsOf(
  file: string,
  tests: readonly string[],
  changes: readonly (readonly [what: string, find: string, put: string])[],
  named?: string,
): Mutant[] {
  return changes.map(([what, find, put]) => ({ what, file, find, put, tests, named }));
}
