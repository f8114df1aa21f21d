import { programOnPath } from "./program-on-path";

/**
 * A test that needs a program of the machine. Where the program is missing, the test reports as skipped and its name says why and
 * what to do; with CI set it fails instead, so that a pipeline never passes on what it did not run.
 *
 * @param program a name on PATH, for example "shellcheck"
 */
export function itWithProgram(
  program: string,
  name: string,
  test: jest.ProvidesCallback,
  timeout?: number,
): void {
  if (programOnPath(program)) {
    it(name, test, timeout);
  } else if (process.env["CI"]) {
    it(name, () => {
      throw new Error(`${program} is not installed, and CI demands this test. Install ${program}.`);
    });
  } else {
    it.skip(`${name} (skipped: ${program} is not installed; install it to run this test)`, test);
  }
}
