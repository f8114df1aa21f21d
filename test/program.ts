import { itTakesLong, longTests } from "./long-tests";
import { programOnPath } from "./program-on-path";

/**
 * A test that needs a program of the machine. If the program is missing, the test is skipped, and its name explains
 * the reason and the cure. With CI set, the test fails instead, so a pipeline never passes without it.
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
      throw new Error(`${program} is not installed, but CI requires this test. Install ${program}.`);
    });
  } else {
    it.skip(`${name} (skipped: ${program} is not installed; install it to run this test)`, test);
  }
}

/** The same for a test that runs only in the long forms. */
export function itTakesLongWithProgram(program: string, name: string, test: jest.ProvidesCallback): void {
  if (longTests) itWithProgram(program, name, test);
  else itTakesLong(name, test);
}
