/** A mistake that a person could make in one file, and the tests that must notice it. */
export interface Mutant {
  /** What the mistake does, in a few words: "an expired certificate is installed". */
  readonly what: string;
  /** Path in the project. */
  readonly file: string;
  /** Text that stands in the file once. */
  readonly find: string;
  readonly put: string;
  /** Test files below test/, without `.test.ts`; one that fails is enough. */
  readonly tests: readonly string[];
  /** Of these files the tests whose names match, where all of them take minutes. */
  readonly named?: string;
}

/** Mutants of one file that the same tests must notice: `[what, find, put]` each. */
export function mutantsOf(
  file: string,
  tests: readonly string[],
  changes: readonly (readonly [what: string, find: string, put: string])[],
  named?: string,
): Mutant[] {
  return changes.map(([what, find, put]) => ({ what, file, find, put, tests, named }));
}
