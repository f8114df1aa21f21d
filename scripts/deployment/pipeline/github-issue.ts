import { z } from "zod";
import { say } from "../run-script";
import { GitHubCli } from "./github-cli";

/** GitHub's limit is 65,536 characters. */
const longest = 60_000;

const issues = z.array(z.object({ number: z.number(), title: z.string() }));

/** An issue that a nightly check maintains. Its title identifies it. */
export class GitHubIssue {
  private readonly gh: GitHubCli;

  constructor(
    private readonly title: string,
    signal?: AbortSignal,
  ) {
    this.gh = new GitHubCli(signal);
  }

  /** Opens the issue, or updates it. */
  async keep(text: string): Promise<void> {
    const body = text.slice(0, longest);
    const issue = await this.open();
    const file = ["--body-file", "-"];
    if (issue) {
      await this.gh.change(`update the issue ${issue}`, ["issue", "edit", issue, ...file], body);
      say(`Updated issue ${issue}.`);
    } else {
      await this.gh.change("open an issue", ["issue", "create", "--title", this.title, ...file], body);
      say(`Opened an issue: ${this.title}.`);
    }
  }

  /** Closes the issue if it is open. */
  async close(comment: string): Promise<void> {
    const issue = await this.open();
    if (!issue) return;
    await this.gh.change(`close the issue ${issue}`, ["issue", "close", issue, "--comment", comment]);
    say(`Closed issue ${issue}.`);
  }

  /** The number of the open issue, if any. This reads the list, because GitHub's search finds a new issue late. */
  private async open(): Promise<string | undefined> {
    const list = ["issue", "list", "--state", "open", "--limit", "1000", "--json", "number,title"];
    const found = (await this.gh.json("read the issues", issues, ...list)).find(
      ({ title }) => title === this.title,
    );
    return found && String(found.number);
  }
}
