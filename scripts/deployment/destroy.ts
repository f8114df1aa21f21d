import { createInterface } from "node:readline/promises";
import { z } from "zod";
import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { VaultRefusal } from "../../lib/vault-api/vault-client";
import { AzureCli } from "./azure-cli";
import { childEnvironment, withVaultLogin } from "./child-environment";
import { chosenStacks } from "./chosen-stacks";
import { DeploymentProgress } from "./deployment-progress";
import type { Interruption } from "./interruption";
import { deleteAzuresLeftovers } from "./leftovers";
import { OlderPolicy, withDeployersPolicy } from "./older-policy";
import { oneAtATime } from "./one-at-a-time";
import { preflight } from "./preflight/preflight";
import { readArguments, readSeconds, runScript, say } from "./run-script";
import type { StackState } from "./stack-state";
import { waitForSubnets } from "./subnet-release";
import { synthesizeSystem } from "./system";
import { terraform } from "./terraform";
import { newPassword, subnetsAreHeld } from "./terraform-failure";
import { UnfinishedWork } from "./unfinished-work";
import { VaultAccess } from "./vault";

const help = `Usage: scripts/destroy [environment] [--stack NAME ...] [--confirm NAME] [--wait SECONDS]

Takes the stacks away in the reverse order, after revoking the database credentials that Vault handed out.
Run again after any failure, it goes on.

  environment     a file of environments/, without .json (default: $ENVIRONMENT, else demo)
  --stack NAME    only this stack; may be given several times
  --confirm NAME  the environment's name, in place of typing it in where data would be lost
  --wait SECONDS  how long to wait for App Service and MySQL to release their subnets (default 900)
`;

/** What is gone for good with a stack. */
const losses: Readonly<Record<string, string>> = {
  "vault-config": "the transit keys, and with them all that was encrypted with them",
  mysql: "the database and its backups",
  "vault-server": "Vault's data disk: all that Vault stores",
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
  const az = new AzureCli(interruption.signal);
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
  for (const { name: stack } of stacks) {
    const take = (childEnv: NodeJS.ProcessEnv, secrets: readonly string[] = []) =>
      progress.step(
        `stack ${stack} taken away`,
        (report) =>
          terraform({ stack, env: childEnv, interruption, report, secrets }, [
            ...["destroy", "-auto-approve", "-input=false", "-no-color"],
          ]),
        { announce: true },
      );
    if (stack === "vault-config")
      await withDeployersPolicy(name, states.get("vault-server"), () =>
        withoutLeases(progress, az, environment, states, async (access) => {
          const token = await access.token();
          await take(withVaultLogin(env, access, token), [token]);
        }),
      );
    else {
      const network = stack === "network" ? states.get(stack) : undefined;
      if (network) {
        await clear(network, az, warn);
        const held = await progress.step("subnets released by App Service and MySQL", () =>
          waitForSubnets(az, network, interruption, seconds),
        );
        if (held.length > 0) warn(subnetsAreHeld(held.join(", ")));
      }
      await take(env);
    }
  }
  const gone = new Set(stacks.map(({ name: stack }) => stack));
  if (gone.has("vault-config") && !gone.has("mysql")) {
    say(
      `The password of MySQL's administrator is gone with vault-config. Before you deploy it again: ${newPassword(name)}`,
    );
  }
  if (stacks.some(({ name: stack }) => stack === "vault-server")) {
    say("Azure keeps the deleted Key Vaults for 90 days, under names that are not used again.");
  }
}

/** Before the resource group goes: takes away what Azure put there, and names what somebody else did. */
async function clear(network: StackState, az: AzureCli, warn: (sentence: string) => void): Promise<void> {
  const others = await deleteAzuresLeftovers(az, network);
  if (others.length === 0) return;
  warn(
    `the resource group holds what no stack made, and cannot be deleted before that is gone: ${others.join(", ")}; delete what nobody needs with \`az resource delete --ids ID\`.`,
  );
}

/** Revokes the database credentials while Vault can still reach MySQL, then does the work. */
async function withoutLeases<T>(
  progress: DeploymentProgress,
  az: AzureCli,
  environment: Environment,
  states: ReadonlyMap<string, StackState>,
  work: (access: VaultAccess) => Promise<T>,
): Promise<void> {
  const vaultServer = states.get("vault-server");
  if (!vaultServer) throw new UserError("The environment has no stack vault-server.");
  const access = await progress.step("Vault: certificate from Key Vault", () =>
    VaultAccess.open(az, environment, vaultServer),
  );
  try {
    await progress.step("Vault: database credentials revoked", async () => {
      try {
        await withDeployersPolicy(environment.name, vaultServer, () => access.revokeDatabaseLeases());
      } catch (error) {
        if (error instanceof OlderPolicy) throw error;
        if (error instanceof VaultRefusal && error.status < 500 && error.status !== 403) {
          throw new UserError(
            `${error.message} Vault could not remove its users from MySQL: does MySQL run (\`az mysql flexible-server start\`)? Nothing was taken away. Run the same command again when it does.`,
          );
        }
        throw new UserError(
          `${(error as Error).message} If this Vault will never answer again, forget its configuration (docs/deploy.md, "When Vault is lost"), and run the same command again.`,
        );
      }
    });
    await work(access);
  } finally {
    access.close();
  }
}

/** @throws {UserError} when stacks would stay that stand on those to be taken away. */
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
    `${names.join(", ")} would be left standing on nothing; add ${names.map((one) => `--stack ${one}`).join(" ")}, or leave --stack out.`,
  );
}

/** How protectData shows in the stacks: in Terraform, and for transit keys in Vault. */
const protectedResource = z.union([
  z.object({ lifecycle: z.object({ prevent_destroy: z.literal(true) }) }),
  z.object({ deletion_allowed: z.literal(false) }),
]);

/** @throws {UserError} when the environment protects what is in a stack. */
function refuseProtected(name: string, stacks: readonly SynthesizedStack[]): void {
  const kept = stacks.filter(({ json }) =>
    Object.values(json.resource)
      .flatMap((instances) => Object.values(instances))
      .some((resource) => protectedResource.safeParse(resource).success),
  );
  if (kept.length === 0) return;
  throw new UserError(
    `protectData in environments/${name}.json forbids to take away ${kept.map((stack) => stack.name).join(", ")}; if their data may be lost, set it to false, run \`scripts/deploy ${name}\`, which lifts the locks, and then this again.`,
  );
}

/** @throws {UserError} unless the environment's name is given where data would be lost. */
async function confirm(
  name: string,
  stacks: readonly SynthesizedStack[],
  confirmation: string | undefined,
  { promise }: Interruption,
): Promise<void> {
  const lost = stacks.flatMap((stack) => losses[stack.name] ?? []);
  if (lost.length === 0) return;
  say(`This destroys, for good: ${lost.join("; ")}.`);
  let given = confirmation;
  if (given === undefined && process.stdin.isTTY) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    // Else readline keeps Ctrl-C to itself.
    terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
    given = await Promise.race([terminal.question(`Type ${name} to go on: `), promise]);
    terminal.close();
  }
  if (given?.trim() === name) return;
  throw new UserError(
    given === undefined
      ? `Nothing was changed: data would be lost; add --confirm ${name}, or run this in a terminal.`
      : `Nothing was changed: ${JSON.stringify(given)} is not the environment's name, ${name}.`,
  );
}
