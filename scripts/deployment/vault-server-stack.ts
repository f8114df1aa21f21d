import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import { Deployment } from "./deployment";
import type { Interruption } from "./interruption";
import { readStateAside, type StackState } from "./stack-state";
import { readSystem } from "./system";

const name = "vault-server";

/**
 * Deploys the stack vault-server as scripts/deploy does.
 * @param atOnce true if all nodes of a cluster change together
 */
export async function deployVaultServer(
  environment: Environment,
  { wait, atOnce = false }: { readonly wait: number; readonly atOnce?: boolean },
  interruption: Interruption,
): Promise<void> {
  const options = { wait, allowedLosses: [], replace: [], atOnce, reviewed: undefined };
  const result = { environment: environment.name, ok: false, stacks: [] };
  const deployment = new Deployment(environment, [name], options, interruption, result);
  await deployment.deploy().finally(() => deployment.close());
}

/** Reads the state of the stack vault-server. @throws {UserError} if the backend cannot be read */
export function readVaultServer(environment: Environment, signal: AbortSignal): Promise<StackState> {
  const stack = readSystem(environment).find((one) => one.name === name);
  if (!stack) throw new UserError(`The environment has no stack ${name}.`);
  return readStateAside(stack, signal);
}
