import { z } from "zod";
import type { Say } from "./azure-setup";
import type { GitHubCli } from "./github-cli";

const rule = z.object({
  type: z.string(),
  prevent_self_review: z.boolean().nullish(),
  reviewers: z.array(z.unknown()).nullish(),
});

/** Source: GitHub, REST API endpoints for deployment environments. */
const environmentRules = z.object({
  protection_rules: z.array(rule).nullish(),
  deployment_branch_policy: z.object({ custom_branch_policies: z.boolean().nullish() }).nullish(),
});

const branchPolicies = z.object({
  branch_policies: z.array(z.object({ type: z.string().nullish(), name: z.string() })),
});

/** The branches that may deploy to a GitHub environment. Null for any branch. */
export type BranchPolicy = {
  readonly protected_branches: boolean;
  readonly custom_branch_policies: boolean;
} | null;

/** A user of GitHub who approves jobs. */
export interface Reviewer {
  readonly login: string;
  readonly id: number;
}

/** A repository whose workflows deploy. Each method changes only what differs. */
export class GitHubRepository {
  private constructor(
    private readonly gh: GitHubCli,
    private readonly say: Say,
    /** OWNER/NAME, as GitHub spells it. */
    readonly name: string,
  ) {}

  /** Undefined if the repository does not exist, or if the login may not see it. */
  static async find(gh: GitHubCli, say: Say, name: string): Promise<GitHubRepository | undefined> {
    const repository = z.object({ full_name: z.string() });
    const found = await gh.read("look for the repository", repository, `repos/${name}`);
    return found && new GitHubRepository(gh, say, found.full_name);
  }

  /**
   * Returns the beginning of the subject in GitHub's tokens for this repository. It has immutable ids if the repository was created after July 2026.
   * Source: GitHub, OpenID Connect reference, immutable subject claims.
   */
  async subject(problems: string[]): Promise<string> {
    const path = `repos/${this.name}/actions/oidc/customization/sub`;
    const settings = await this.gh.read(
      "read the OIDC settings",
      z.object({ use_default: z.boolean().nullish(), sub_claim_prefix: z.string().nullish() }),
      path,
    );
    if (!settings)
      problems.push(`You cannot read the OIDC settings of ${this.name}. Ask for the role Admin on it.`);
    else if (settings.use_default !== true)
      problems.push(
        `The repository ${this.name} customizes its OIDC subject. Restore the default (gh api --method PUT ${path} -F use_default=true).`,
      );
    return (settings?.sub_claim_prefix || `repo:${this.name}`).replace(/:$/, "");
  }

  /** The users with these logins. */
  async reviewers(logins: readonly string[], problems: string[]): Promise<Reviewer[]> {
    const found: Reviewer[] = [];
    for (const login of logins) {
      const user = await this.gh.read(`look for ${login}`, z.object({ id: z.number() }), `users/${login}`);
      if (user) found.push({ login, id: user.id });
      else problems.push(`--reviewer: GitHub has no user ${login}. Correct the login.`);
    }
    return found;
  }

  /**
   * Checks the rules of a GitHub environment. The author of a change must not be able to approve it, and with `onlyMain`, no branch but
   * main may use the environment.
   * @returns whether the environment exists
   */
  async checkEnvironment(environment: string, onlyMain: boolean, problems: string[]): Promise<boolean> {
    const what = `read the GitHub environment ${environment}`;
    const rules = await this.gh.read(what, environmentRules, this.pathOf(environment));
    if (!rules) return false;
    const at = `at https://github.com/${this.name}/settings/environments`;
    const all = rules.protection_rules ?? [];
    if (all.every(({ reviewers }) => (reviewers ?? []).length === 0))
      problems.push(`The GitHub environment ${environment} needs no approval. Add required reviewers ${at}.`);
    const approvals = all.filter(({ type }) => type === "required_reviewers");
    if (!approvals.every(({ prevent_self_review }) => prevent_self_review === true))
      problems.push(
        `In the GitHub environment ${environment}, people can approve their own runs. Switch on "Prevent self-review" ${at}.`,
      );
    if (!onlyMain) return true;
    const named = rules.deployment_branch_policy?.custom_branch_policies === true;
    const branches = await this.branchesOf(environment);
    if (!named || (branches.length > 0 && branches.join() !== "branch main"))
      problems.push(
        `The GitHub environment ${environment} lets other branches than main deploy (${named ? branches.join(" ") : "any branch, or every protected branch"}). Choose "Selected branches and tags" and keep only the branch main ${at}.`,
      );
    return true;
  }

  /** Creates an environment whose jobs these people approve, but never their own. */
  async createEnvironment(
    environment: string,
    reviewers: readonly Reviewer[],
    branches: BranchPolicy,
  ): Promise<void> {
    const rules = {
      reviewers: reviewers.map(({ id }) => ({ type: "User", id })),
      prevent_self_review: true,
      deployment_branch_policy: branches,
    };
    await this.gh.change(
      `create the GitHub environment ${environment}`,
      ["api", this.pathOf(environment), "--silent", "--method", "PUT", "--input", "-"],
      JSON.stringify(rules),
    );
    const names = reviewers.map(({ login }) => login).join(" ");
    this.say(`Created GitHub environment ${environment}. ${names} must approve its jobs.`);
  }

  /** Lets only main deploy to an environment that names its branches. */
  async onlyMainDeploys(environment: string): Promise<void> {
    if ((await this.branchesOf(environment)).join() === "branch main") {
      this.say("  only main can deploy already");
      return;
    }
    const path = `${this.pathOf(environment)}/deployment-branch-policies`;
    const request = ["--silent", "--method", "POST", "--raw-field", "name=main"];
    await this.gh.change("let only main deploy", ["api", path, ...request]);
    this.say("  now only main can deploy");
  }

  /** Sets a variable of the repository or of an environment. Variables are not secret. */
  async ensureVariable(variable: string, value: string, environment?: string): Promise<void> {
    const place = environment ? this.pathOf(environment) : `repos/${this.name}`;
    const schema = z.object({ value: z.string() });
    const found = await this.gh.read(
      `read the variable ${variable}`,
      schema,
      `${place}/actions/variables/${variable}`,
    );
    if (found?.value === value) {
      this.say(`  ${variable} is already set`);
      return;
    }
    const options = ["--repo", this.name, "--body", value, ...(environment ? ["--env", environment] : [])];
    await this.gh.change(`set the variable ${variable}`, ["variable", "set", variable, ...options]);
    this.say(`  set ${variable}`);
  }

  private pathOf(environment: string): string {
    return `repos/${this.name}/environments/${environment}`;
  }

  /** Kind and name of what may deploy, as in "branch main". */
  private async branchesOf(environment: string): Promise<string[]> {
    const path = `${this.pathOf(environment)}/deployment-branch-policies`;
    const found = await this.gh.read("read the environment's branches", branchPolicies, path);
    return (found?.branch_policies ?? []).map(({ type, name }) => `${type ?? "branch"} ${name}`);
  }
}
