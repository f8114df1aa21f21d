import { loadEnvironment } from "../../environments/load";
import { Deployment, type DeploymentResult } from "./deployment";
import { DeploymentProblems } from "./deployment-problems";
import type { Interruption } from "./interruption";
import { oneAtATime } from "./one-at-a-time";
import { outputLines } from "./outputs";
import { readDigests } from "./reviewed-plan";
import { readArguments, readSeconds, runScript } from "./run-script";

const help = `Usage: scripts/deploy [environment] [--plan] [--stack NAME ...] [--wait SECONDS]
                      [--allow-loss ADDRESS ...] [--replace ADDRESS ...] [--at-once] [--no-snapshot]
                      [--break-lock ID] [--json]
       scripts/deploy [environment] --plan --review | --reviewed DIGESTS, with the same options

Checks everything that a deployment needs, deploys the stacks in order, waits until running VMs have applied their changes, waits
for Vault, configures it and tests the result.
If it fails, run the same command again. It continues where it stopped.

  environment     a file of environments/, without .json (default: $ENVIRONMENT, else demo)
  --plan          show what would change, and change nothing
  --stack NAME    deploy only this stack; repeat the option for several stacks
  --wait SECONDS  how long to wait for Vault's first boot, and for a VM to apply a change (default 1200)
  --allow-loss ADDRESS
                  let Terraform delete, replace or shrink the resource at this address, although it holds data
  --replace ADDRESS
                  create the VM at this address again, for example with another Ubuntu; only its data disk is kept
  --at-once       change all nodes of a cluster together, not one after the other; Vault does not answer meanwhile
  --no-snapshot   start another version of Vault without a snapshot before it
  --break-lock ID release this lock, which an ended run left on a state, then continue
  --review        with --plan: print each plan for a reviewer, with its digest
  --reviewed DIGESTS
                  apply only plans with these digests (JSON by stack), and stop at the first other plan (docs/pipeline.md)
  --json          print the result as JSON on stdout, and progress on stderr
`;

/** `scripts/deploy`. */
export async function main(): Promise<void> {
  const result: DeploymentResult = { environment: "", ok: false, stacks: [] };
  let json = false;
  const print = (): void => {
    if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  };
  await runScript(
    async (interruption) => {
      const { environment: name, values } = readOptions();
      result.environment = name;
      json = values.json;
      await oneAtATime(() => deployOrPlan(name, values, result, interruption)).catch((error) => {
        result.problems = error instanceof DeploymentProblems ? error.problems : undefined;
        throw error;
      });
      result.ok = true;
      if (!json) process.stdout.write(outputLines(result.outputs ?? {}));
      print();
    },
    (message) => {
      result.problems ??= [message];
      print();
    },
  );
}

const readOptions = () =>
  readArguments(help, {
    plan: { type: "boolean", default: false },
    stack: { type: "string", multiple: true },
    wait: { type: "string", default: "1200" },
    "allow-loss": { type: "string", multiple: true, default: [] },
    replace: { type: "string", multiple: true, default: [] },
    "at-once": { type: "boolean", default: false },
    "no-snapshot": { type: "boolean", default: false },
    "break-lock": { type: "string" },
    review: { type: "boolean", default: false },
    reviewed: { type: "string" },
    json: { type: "boolean", default: false },
  });

async function deployOrPlan(
  name: string,
  values: ReturnType<typeof readOptions>["values"],
  result: DeploymentResult,
  interruption: Interruption,
): Promise<void> {
  const options = {
    wait: readSeconds(values.wait),
    allowedLosses: [...values["allow-loss"], ...values.replace],
    replace: values.replace,
    atOnce: values["at-once"],
    reviewed: values.reviewed === undefined ? undefined : readDigests(values.reviewed),
  };
  const environment = { ...loadEnvironment(name), upgradeWithoutSnapshot: values["no-snapshot"] };
  const deployment = new Deployment(environment, values.stack, options, interruption, result);
  const show = (text: string) => void (values.json || process.stdout.write(text));
  const plan = () => (values.review ? deployment.planForReview(show) : deployment.plan(show));
  if (values["break-lock"]) await deployment.breakLock(values["break-lock"]);
  await (values.plan ? plan() : deployment.deploy()).finally(() => deployment.close());
}
