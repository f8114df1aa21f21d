/** Something that keeps a script from going on: one sentence and its cure, shown without a stack. */
export class DeploymentError extends Error {
  override readonly name: string = "DeploymentError";
}

/** Several such things at once. */
export class DeploymentProblems extends DeploymentError {
  override readonly name = "DeploymentProblems";

  constructor(
    what: string,
    readonly problems: readonly string[],
  ) {
    super(`${what}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  }
}
