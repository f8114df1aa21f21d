import { resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { type Backend, BackendFolder } from "./backend-folder";
import { stackFolder } from "./stack-folder";
import { initialize, type TerraformRun, terraformOutput } from "./terraform";

const stateFile = z.object({
  outputs: z
    .record(z.string(), z.object({ value: z.unknown(), sensitive: z.boolean().optional() }))
    .default({}),
  resources: z
    .array(
      z.object({
        mode: z.string(),
        type: z.string(),
        name: z.string().default(""),
        instances: z.array(z.object({ attributes: z.record(z.string(), z.unknown()).nullish() })),
      }),
    )
    .default([]),
});

/** A stack's state in Terraform. */
export class StackState {
  constructor(private readonly content: z.infer<typeof stateFile>) {}

  static readonly empty = new StackState({ outputs: {}, resources: [] });

  /** True if any resource of the stack exists. */
  get isDeployed(): boolean {
    return this.content.resources.some(({ mode, instances }) => mode === "managed" && instances.length > 0);
  }

  /** Outputs for people, without outputs for other stacks and without sensitive ones. */
  get outputs(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this.content.outputs)
        .filter(([name, { sensitive }]) => !sensitive && !name.startsWith("cross-stack-output"))
        .map(([name, { value }]) => [name, value]),
    );
  }

  /** Returns true if the stack has this output, for people or for other stacks. */
  hasOutput(name: string): boolean {
    return name in this.content.outputs;
  }

  /** Returns an output that is text. Undefined before it is known. */
  output(name: string): string | undefined {
    const value = this.outputs[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  }

  /** Returns the attributes of existing resources of a type whose Terraform name contains a text. */
  existing(type: string, inName = ""): Record<string, unknown>[] {
    return this.content.resources
      .filter(({ mode, type: its, name }) => mode === "managed" && its === type && name.includes(inName))
      .flatMap(({ instances }) => instances.map(({ attributes }) => attributes ?? {}));
  }

  /** Returns true if a resource exists at Terraform's address. Only for resources without index and module. */
  holds(address: string): boolean {
    return this.addresses.includes(address);
  }

  /** Terraform's addresses of existing resources, without indexes. */
  get addresses(): string[] {
    return this.content.resources
      .filter(({ mode }) => mode === "managed")
      .map(({ type, name }) => `${type}.${name}`);
  }

  /** Ids of existing resources, in lower case. */
  get ids(): ReadonlySet<string> {
    const managed = this.content.resources.filter(({ mode }) => mode === "managed");
    const ids = managed.flatMap(({ instances }) => instances.map(({ attributes }) => attributes?.["id"]));
    return new Set(ids.map((id) => String(id).toLowerCase()));
  }

  /** Ids, in lower case, of the subscriptions whose resource groups contain the existing resources. */
  get subscriptions(): ReadonlySet<string> {
    const ids = this.content.resources
      // A role may also be assigned in another subscription.
      .filter(({ mode, type }) => mode === "managed" && type !== "azurerm_role_assignment")
      .flatMap(({ instances }) => instances.map(({ attributes }) => String(attributes?.["id"])));
    const inGroups = ids.map((id) => /^\/subscriptions\/([^/]+)\/resourceGroups\//i.exec(id)?.[1]);
    return new Set(inGroups.flatMap((id) => id?.toLowerCase() ?? []));
  }
}

/**
 * Reads the state of an initialized stack, without a lock.
 * @throws {UserError} when the backend cannot be read.
 */
export async function readState(
  run: Pick<TerraformRun, "stack" | "env" | "interruption">,
): Promise<StackState> {
  const text = await terraformOutput(run, ["state", "pull"]);
  run.interruption.check();
  if (text !== undefined) return stateIn(text);
  throw new UserError(`The state of the stack ${run.stack} cannot be read. Run the same command again.`);
}

/**
 * Returns the states of all stacks, by name. Initializes the chosen stacks first, one after the other, because they share Terraform's
 * cache of providers.
 * @throws {UserError} for the first state that cannot be read.
 */
export async function readStates(
  system: readonly SynthesizedStack[],
  chosen: readonly SynthesizedStack[],
  run: Omit<TerraformRun, "stack">,
): Promise<ReadonlyMap<string, StackState>> {
  const isChosen = (stack: SynthesizedStack) => chosen.some(({ name }) => name === stack.name);
  const others = Promise.all(
    system
      .filter((stack) => !isChosen(stack))
      .map(async (stack) => [stack.name, await readStateAside(stack, run.interruption.signal)] as const),
  );
  const initialized = initializeInTurn(chosen, run).then(() =>
    Promise.all(chosen.map(async ({ name: stack }) => [stack, await readState({ ...run, stack })] as const)),
  );
  // Waits for both, so that neither still runs when the other has failed.
  await Promise.allSettled([others, initialized]);
  return new Map([...(await others), ...(await initialized)]);
}

async function initializeInTurn(
  stacks: readonly SynthesizedStack[],
  run: Omit<TerraformRun, "stack">,
): Promise<void> {
  for (const { name: stack } of stacks) {
    run.report(`Terraform gets ready for ${stack}`);
    await initialize({ ...run, stack });
  }
}

/**
 * Reads a stack's state while another run may use `cdktf.out`: in a separate folder that contains only the backend and needs no
 * provider.
 * @throws {UserError} when the backend cannot be read.
 */
export async function readStateAside(stack: SynthesizedStack, signal?: AbortSignal): Promise<StackState> {
  return stateIn(await onBackend(stack, ["state", "pull"], signal));
}

/** Reads an empty state for a stack that was never deployed. */
function stateIn(text: string): StackState {
  return text.trim() === "" ? StackState.empty : new StackState(stateFile.parse(JSON.parse(text)));
}

/**
 * Releases a lock that a killed run left on a stack's state.
 * @throws {UserError} if Terraform fails, for example because the state now has another lock.
 */
export async function breakLock(stack: SynthesizedStack, id: string, signal?: AbortSignal): Promise<void> {
  await onBackend(stack, ["force-unlock", "-force", id], signal);
}

/** Runs Terraform in a folder with only the stack's backend. */
async function onBackend(
  { name, json }: SynthesizedStack,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const folder = new BackendFolder(`the stack ${name}`, signal);
  try {
    await folder.open(absolute(json.terraform.backend));
    return await folder.terraform(args);
  } finally {
    folder.remove();
  }
}

/** A local backend's path is relative to the folder in which cdktf runs Terraform. */
function absolute(backend: SynthesizedStack["json"]["terraform"]["backend"]): Backend {
  const path = backend["local"]?.["path"];
  if (typeof path !== "string") return backend;
  return { local: { path: resolve(stackFolder("any"), path) } };
}
