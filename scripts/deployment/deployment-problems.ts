import { UserError } from "../../lib/processes/user-error";

/** Several problems that stop a script. */
export class DeploymentProblems extends UserError {
  override readonly name = "DeploymentProblems";

  constructor(
    what: string,
    readonly problems: readonly string[],
  ) {
    super(`${what}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  }
}
