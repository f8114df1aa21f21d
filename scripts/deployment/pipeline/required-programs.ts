import { programOnPath } from "../../../lib/processes/program-on-path";
import { terraformName } from "../../../lib/terraform/terraform-program";
import { DeploymentProblems } from "../deployment-problems";

/** The download page of each program. */
const downloads = {
  az: "https://learn.microsoft.com/cli/azure/install-azure-cli",
  gh: "https://cli.github.com",
  terraform: "https://developer.hashicorp.com/terraform/install",
};

/** @throws {DeploymentProblems} that names each program that is not on PATH, and where to get it */
export async function requirePrograms(...programs: readonly (keyof typeof downloads)[]): Promise<void> {
  const problems: string[] = [];
  for (const program of programs) {
    const name = program === "terraform" ? terraformName() : program;
    if (!(await programOnPath([name])))
      problems.push(`${name} is not on PATH. Install it: ${downloads[program]}`);
  }
  if (problems.length > 0) throw new DeploymentProblems("Nothing was changed", problems);
}
