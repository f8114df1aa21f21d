import { Progress, type Report } from "../../lib/processes/progress";

/** A line for each step; what a step fails with is told once, at the script's end. */
export class DeploymentProgress extends Progress {
  override async step<T>(
    what: string,
    work: (report: Report) => Promise<T>,
    options?: { announce?: boolean },
  ): Promise<T> {
    let failure: unknown;
    const told = async (report: Report): Promise<T> => {
      try {
        return await work(report);
      } catch (error) {
        failure = error;
        throw new Error("see below");
      }
    };
    try {
      return await super.step(what, told, options);
    } catch (error) {
      throw failure ?? error;
    }
  }
}
