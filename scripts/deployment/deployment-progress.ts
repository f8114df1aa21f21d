import { Progress } from "../../lib/processes/progress";

/** Writes a line for each step. The line of a failed step has no reason, because the script writes it once, at its end. */
export class DeploymentProgress extends Progress {
  protected override reasonOf(): string {
    return "";
  }
}
