import { messageOf } from "../../../lib/processes/user-error";
import type { Interruption } from "../interruption";
import { readArgumentsOf, runScript, say } from "../run-script";
import { GitHubIssue } from "./github-issue";
import { addToSummary } from "./github-job";
import { planStacks } from "./plan-stacks";
import { requirePrograms } from "./required-programs";

const help = `Usage: scripts/pipeline/drift ENVIRONMENT

Compares an environment with Azure and maintains one issue. It opens the issue when something differs, updates it at each later
difference, and closes it when nothing differs. It runs in GitHub Actions, or where gh is logged in.
`;

/** `scripts/pipeline/drift`. */
export async function main(): Promise<void> {
  await runScript(async (interruption) => {
    const { environment } = readArgumentsOf(help, {});
    await requirePrograms("terraform", "gh");
    const issue = new GitHubIssue(`Drift in ${environment}`, interruption.signal);
    const { compared, differs, report } = await compare(environment, interruption);
    if (compared && !differs) await issue.close("The deployed system no longer differs.");
    else
      await issue.keep(
        `The deployed system differs from \`main\`, or the check could not compare it. Deploy again to undo the difference, or write it into the environment.\n\n${report}`,
      );
    // The issue reports drift. A check that could not compare also fails the job.
    return compared ? 0 : 1;
  });
}

async function compare(
  environment: string,
  interruption: Interruption,
): Promise<{ compared: boolean; differs: boolean; report: string }> {
  const parts: string[] = [];
  const tell = (text: string): void => {
    parts.push(text);
    addToSummary(text);
  };
  try {
    const request = { environment, refresh: true, review: false };
    const { failed, differs } = await planStacks(request, interruption, tell);
    return { compared: !failed, differs, report: parts.join("\n") };
  } catch (error) {
    interruption.check();
    say(messageOf(error));
    tell(messageOf(error));
    return { compared: false, differs: false, report: parts.join("\n") };
  }
}
