import { UserError } from "../../../lib/processes/user-error";
import { runCommand } from "../run-command";
import { runScript } from "../run-script";
import { projectFolder } from "../stack-folder";
import { GitHubIssue } from "./github-issue";
import { addToSummary } from "./github-job";
import { requirePrograms } from "./required-programs";

/**
 * `scripts/pipeline/upstream`: runs `npm run upstream` and maintains one issue. It opens the issue when a fact needs work or is
 * unknown, updates it as long as one does, and closes it when all facts are good.
 */
export async function main(): Promise<void> {
  await runScript(async ({ signal }) => {
    await requirePrograms("gh");
    const watch = ["run", "--silent", "upstream", "--", "--markdown"];
    const result = await runCommand("npm", watch, { cwd: projectFolder, signal });
    process.stderr.write(result?.stderr ?? "");
    const { code, stdout: report } = result ?? { code: undefined, stdout: "" };
    addToSummary(report);
    const issue = new GitHubIssue("Upstream watch", signal);
    if (code === 0) await issue.close("Every fact is good.");
    else if (code === 2 || code === 3) await issue.keep(report);
    else throw new UserError(`The watch itself failed with exit code ${code}. The lines above say why.`);
  });
}
