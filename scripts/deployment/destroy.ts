import { createInterface } from "node:readline/promises";
import { z } from "zod";
import { loadEnvironment } from "../../environments/load";
import { UserError } from "../../lib/processes/user-error";
import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { AzureCli } from "./azure-cli";
import { childEnvironment } from "./child-environment";
import { chosenStacks } from "./chosen-stacks";
import { DeploymentProgress } from "./deployment-progress";
import type { Interruption } from "./interruption";
import { oneAtATime } from "./one-at-a-time";
import { preflight } from "./preflight/preflight";
import { readArguments, readSeconds, runScript, say } from "./run-script";
import { StackDestruction } from "./stack-destruction";
import type { StackState } from "./stack-state";
import { synthesizeSystem } from "./system";
import { newPassword } from "./terraform-failure";
import { UnfinishedWork } from "./unfinished-work";

const help = `Usage: scripts/destroy [environment] [--stack NAME ...] [--confirm NAME] [--wait SECONDS]

Revokes the database credentials that Vault issued, then destroys the stacks in reverse order.
If it fails, run the same command again. It continues where it stopped.

  environment     a file of environments/, without .json (default: $ENVIRONMENT, else demo)
  --stack NAME    destroy only this stack; repeat the option for several stacks
  --confirm NAME  the environment's name, if data would be lost; without this option, the script asks for it
  --wait SECONDS  how long to wait for App Service and MySQL to release their subnets (default 900)
`;

/** The data that are lost permanently with a stack. */
const losses: Readonly<Record<string, string>> = {
  "vault-config": "the transit keys, and so everything that they encrypted",
  mysql: "the database and its backups",
  "vault-server": "Vault's data disk: everything that Vault stores",
};

/** `scripts/destroy`. */
export async function main(): Promise<void> {
  await runScript(async (interruption) => {
    const { environment: name, values } = readArguments(help, {
      stack: { type: "string", multiple: true },
      confirm: { type: "string" },
      wait: { type: "string", default: "900" },
    });
    const seconds = readSeconds(values.wait);
    await oneAtATime(() => destroy(name, values.stack, values.confirm, seconds, interruption));
  });
}

async function destroy(
  name: string,
  stackNames: readonly string[] | undefined,
  confirmation: string | undefined,
  seconds: number,
  interruption: Interruption,
): Promise<void> {
  const environment = loadEnvironment(name);
  const system = synthesizeSystem(environment);
  const chosen = chosenStacks(system, stackNames).reverse();
  const progress = new DeploymentProgress();
  const az = new AzureCli(environment.azureCloud, interruption.signal);
  const unfinished = new UnfinishedWork(name);
  const warn = (sentence: string): void => progress.line(`Warning: ${sentence}`);
  const { login, states } = await progress.step(`preflight of ${name}`, (report) =>
    preflight({ environment, az, system, stacks: chosen, unfinished, warn, interruption, report }, "destroy"),
  );
  const stacks = chosen.filter((stack) => states.get(stack.name)?.isDeployed);
  if (stacks.length === 0) {
    say(`Nothing of ${name} is deployed.`);
    return;
  }
  refuseToStrand(stacks, system, states);
  refuseProtected(name, stacks);
  await confirm(name, stacks, confirmation, interruption);

  const env = childEnvironment(environment, login);
  const destruction = new StackDestruction({
    ...{ environment, env, az, states, progress, warn, interruption },
    subnetSeconds: seconds,
  });
  for (const { name: stack } of stacks) await destruction.destroy(stack);
  sayConsequences(name, new Set(stacks.map(({ name: stack }) => stack)));
}

/** Says what the next deployment meets. */
function sayConsequences(name: string, gone: ReadonlySet<string>): void {
  if (gone.has("vault-config") && !gone.has("mysql")) {
    say(
      `The password of MySQL's administrator was deleted with vault-config. Before you deploy vault-config again: ${newPassword(name)}`,
    );
  }
  if (gone.has("vault-server")) {
    say("Azure keeps the deleted Key Vaults for 90 days. The next deployment chooses other names for them.");
  }
}

/** @throws {UserError} if remaining stacks depend on stacks that this run would destroy. */
function refuseToStrand(
  stacks: readonly SynthesizedStack[],
  system: readonly SynthesizedStack[],
  states: ReadonlyMap<string, StackState>,
): void {
  const going = new Set(stacks.map(({ name }) => name));
  const stranded = system.filter(
    ({ name, dependencies }) =>
      !going.has(name) && states.get(name)?.isDeployed && dependencies.some((one) => going.has(one)),
  );
  if (stranded.length === 0) return;
  const names = stranded.map(({ name }) => name);
  throw new UserError(
    `${names.join(", ")} ${names.length === 1 ? "depends" : "depend"} on stacks that you want to destroy. Add ${names.map((one) => `--stack ${one}`).join(" ")}, or leave --stack out.`,
  );
}

/** The effect of protectData on the stacks: on resources in Terraform, and on transit keys in Vault. */
const protectedResource = z.union([
  z.object({ lifecycle: z.object({ prevent_destroy: z.literal(true) }) }),
  z.object({ deletion_allowed: z.literal(false) }),
]);

/** @throws {UserError} if the environment protects the data in a stack. */
function refuseProtected(name: string, stacks: readonly SynthesizedStack[]): void {
  const kept = stacks.filter(({ json }) =>
    Object.values(json.resource)
      .flatMap((instances) => Object.values(instances))
      .some((resource) => protectedResource.safeParse(resource).success),
  );
  if (kept.length === 0) return;
  throw new UserError(
    `protectData in environments/${name}.json protects ${kept.map((stack) => stack.name).join(", ")}. If their data may be lost, set it to false, run \`scripts/deploy ${name}\`, which removes the locks, and run the same command again.`,
  );
}

/** @throws {UserError} if data would be lost and nobody confirms this with the environment's name. */
async function confirm(
  name: string,
  stacks: readonly SynthesizedStack[],
  confirmation: string | undefined,
  { promise }: Interruption,
): Promise<void> {
  const lost = stacks.flatMap((stack) => losses[stack.name] ?? []);
  if (lost.length === 0) return;
  say(`This permanently destroys: ${lost.join("; ")}.`);
  let given = confirmation;
  if (given === undefined && process.stdin.isTTY) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    // readline would otherwise handle Ctrl-C itself.
    terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
    given = await Promise.race([terminal.question(`Type ${name} to continue: `), promise]);
    terminal.close();
  }
  if (given?.trim() === name) return;
  throw new UserError(
    given === undefined
      ? `Nothing was changed, because data would be lost. Add --confirm ${name}, or run this in a terminal.`
      : `Nothing was changed, because ${JSON.stringify(given)} is not the environment's name, ${name}.`,
  );
}
