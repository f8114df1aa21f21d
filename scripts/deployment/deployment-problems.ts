import { UserError } from "../../lib/processes/user-error";

/** Several things at once that keep a script from going on. */
export class DeploymentProblems extends UserError {
  override readonly name = "DeploymentProblems";

  constructor(
    what: string,
    readonly problems: readonly string[],
  ) {
    super(`${what}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  }
}
