import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../processes/user-error";
import { inDependencyOrder } from "./dependency-order";

const block = z.record(z.string(), z.unknown());
/** Blocks by type and name. */
const blocks = z.record(z.string(), z.record(z.string(), block)).default({});

/** The parts of a stack of this project in Terraform's JSON syntax. The stacks have no modules, variables and so on. */
const stackJson = z.strictObject({
  "//": z.unknown(),
  terraform: z.looseObject({
    backend: z.record(z.string(), block),
    required_providers: block.default({}),
  }),
  provider: z.record(z.string(), z.array(block)).default({}),
  data: blocks,
  ephemeral: blocks,
  resource: blocks,
  locals: block.default({}),
  output: z.record(z.string(), z.looseObject({ value: z.unknown() })).default({}),
  // The blocks of an upgrade.
  moved: z.array(block).optional(),
});

export type StackJson = z.infer<typeof stackJson>;

const manifest = z.object({
  stacks: z.record(
    z.string(),
    z.object({ synthesizedStackPath: z.string(), dependencies: z.array(z.string()) }),
  ),
});

export interface SynthesizedStack {
  readonly name: string;
  /** Names of the stacks that must be deployed before this one. */
  readonly dependencies: readonly string[];
  /** Path of its JSON. */
  readonly file: string;
  readonly json: StackJson;
}

/** Returns the stacks that cdktf wrote into a folder. Each stack comes after the stacks that it needs. */
export function readSynthesizedFolder(folder: string): SynthesizedStack[] {
  const { stacks } = readJson(join(folder, "manifest.json"), manifest);
  const ordered = inDependencyOrder(
    new Map(Object.entries(stacks).map(([name, stack]) => [name, { name, ...stack }])),
    ({ dependencies }) => dependencies,
  );
  return ordered.map(({ name, dependencies, synthesizedStackPath }) => {
    const file = join(folder, synthesizedStackPath);
    return { name, dependencies, file, json: readJson(file, stackJson) };
  });
}

/** Returns a stack's resources of one type, as written. */
export function resourcesOf(
  { json }: Pick<SynthesizedStack, "json">,
  type: string,
): Record<string, unknown>[] {
  return Object.values(json.resource[type] ?? {});
}

function readJson<Schema extends z.ZodType>(path: string, schema: Schema): z.infer<Schema> {
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : error;
    throw new UserError(
      `${path} is not a stack of this project (${reason}). Run npm run synth to create it again.`,
    );
  }
}
