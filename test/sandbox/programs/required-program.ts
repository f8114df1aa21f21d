/**
 * A suite that needs a program of this machine: skipped with the reason where it is missing, and a failure where CI=true.
 *
 * @param reason why it cannot run and the cure; undefined when it can
 */
export function describeWith(name: string, reason: string | undefined, suite: () => void): void {
  if (reason === undefined) describe(name, suite);
  else if (process.env.CI === "true") {
    describe(name, () => {
      it("has the program it needs", () => {
        throw new Error(reason);
      });
    });
  } else {
    describe.skip(`${name} (skipped: ${reason})`, suite);
  }
}
