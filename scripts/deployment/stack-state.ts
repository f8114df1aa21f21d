import { resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { type Backend, BackendFolder } from "./backend-folder";
import { stackFolder } from "./project";
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

/** What Terraform remembers of a stack. */
export class StackState {
  constructor(private readonly content: z.infer<typeof stateFile>) {}

  static readonly empty = new StackState({ outputs: {}, resources: [] });

  /** Whether anything of it exists. */
  get isDeployed(): boolean {
    return this.content.resources.some(({ mode, instances }) => mode === "managed" && instances.length > 0);
  }

  /** Outputs for people; not those that other stacks read, and no sensitive ones. */
  get outputs(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this.content.outputs)
        .filter(([name, { sensitive }]) => !sensitive && !name.startsWith("cross-stack-output"))
        .map(([name, { value }]) => [name, value]),
    );
  }

  /** Whether it has an output, for people or for other stacks. */
  hasOutput(name: string): boolean {
    return name in this.content.outputs;
  }

  /** An output that is text; undefined before it is known. */
  output(name: string): string | undefined {
    const value = this.outputs[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  }

  /** Attributes of what exists of a type, and has a text in its name in Terraform. */
  existing(type: string, inName = ""): Record<string, unknown>[] {
    return this.content.resources
      .filter(({ mode, type: its, name }) => mode === "managed" && its === type && name.includes(inName))
      .flatMap(({ instances }) => instances.map(({ attributes }) => attributes ?? {}));
  }

  /** Whether something exists at Terraform's address, of a resource without index or module. */
  holds(address: string): boolean {
    return this.addresses.includes(address);
  }

  /** Terraform's addresses of what exists, without indexes. */
  get addresses(): string[] {
    return this.content.resources
      .filter(({ mode }) => mode === "managed")
      .map(({ type, name }) => `${type}.${name}`);
  }

  /** Ids of what exists, in small letters. */
  get ids(): ReadonlySet<string> {
    const managed = this.content.resources.filter(({ mode }) => mode === "managed");
    const ids = managed.flatMap(({ instances }) => instances.map(({ attributes }) => attributes?.["id"]));
    return new Set(ids.map((id) => String(id).toLowerCase()));
  }

  /** Ids, in small letters, of the subscriptions whose resource groups hold what exists. */
  get subscriptions(): ReadonlySet<string> {
    const ids = this.content.resources
      // A role may be given in another subscription, too.
      .filter(({ mode, type }) => mode === "managed" && type !== "azurerm_role_assignment")
      .flatMap(({ instances }) => instances.map(({ attributes }) => String(attributes?.["id"])));
    const inGroups = ids.map((id) => /^\/subscriptions\/([^/]+)\/resourceGroups\//i.exec(id)?.[1]);
    return new Set(inGroups.flatMap((id) => id?.toLowerCase() ?? []));
  }
}

/**
 * Reads the state of a stack that was initialized; no lock is taken.
 * @throws {UserError} when the backend cannot be read.
 */
export async function readState(
  run: Pick<TerraformRun, "stack" | "env" | "interruption">,
): Promise<StackState> {
  const text = await terraformOutput(run, ["state", "pull"]);
  run.interruption.check();
  if (text !== undefined) return stateIn(text);
  throw new UserError(`The state of the stack ${run.stack} cannot be read; run the same command again.`);
}

/**
 * The states of all stacks, by name. Those that are chosen are initialized for this, one after the other since they share Terraform's
 * cache of providers.
 * @throws {UserError} for the first of them that cannot be read.
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
  // Both, so that none still runs when the other has failed.
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
 * Reads a stack's state beside what may run in `cdktf.out`: in a folder of its own with nothing but the backend in it, for which no
 * provider is needed.
 * @throws {UserError} when the backend cannot be read.
 */
export async function readStateAside(stack: SynthesizedStack, signal?: AbortSignal): Promise<StackState> {
  return stateIn(await onBackend(stack, ["state", "pull"], signal));
}

/** Nothing is pulled of a stack that was never deployed. */
function stateIn(text: string): StackState {
  return text.trim() === "" ? StackState.empty : new StackState(stateFile.parse(JSON.parse(text)));
}

/**
 * Gives back a lock that a killed run left on a stack's state.
 * @throws {UserError} when it is not that lock any more, too.
 */
export async function breakLock(stack: SynthesizedStack, id: string, signal?: AbortSignal): Promise<void> {
  await onBackend(stack, ["force-unlock", "-force", id], signal);
}

/** Runs Terraform where nothing but the stack's backend is configured. */
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

/** The local backend's path is from where cdktf runs Terraform. */
function absolute(backend: SynthesizedStack["json"]["terraform"]["backend"]): Backend {
  const path = backend["local"]?.["path"];
  if (typeof path !== "string") return backend;
  return { local: { path: resolve(stackFolder("any"), path) } };
}
