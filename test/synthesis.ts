import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { App, TerraformStack } from "cdktf";
import type { Environment } from "../environments/schema";

/** cdktf and the project's stacks. Loading them takes as long as a small suite, and most suites find their systems synthesized. */
const cdktf = (): typeof import("cdktf") => require("cdktf");
const main = (): typeof import("../main") => require("../main");

/** A resource, data source or ephemeral value of a stack, in Terraform's own spelling. */
export class Block {
  constructor(
    readonly type: string,
    readonly id: string,
    /** Path in the construct tree, such as `vault-server/unseal-key/key`. Empty if cdktf records none. */
    readonly path: string,
    readonly attributes: Readonly<Record<string, unknown>>,
  ) {}

  get(attribute: string): unknown {
    return this.attributes[attribute];
  }

  /** Returns the reference with which other resources use an attribute of this one. */
  ref(attribute: string): string {
    return `\${${this.type}.${this.id}.${attribute}}`;
  }
}

/** A stack in Terraform's input form. */
export class SynthesizedStack {
  constructor(
    readonly name: string,
    readonly json: Readonly<Record<string, unknown>>,
    /** Files of the stack, by their path in its folder. */
    readonly assets: ReadonlyMap<string, Buffer> = new Map(),
  ) {}

  /** Returns all resources or all of one type, in the order of their ids. */
  resources(type?: string): Block[] {
    return blocks(this.json["resource"], type);
  }

  data(type?: string): Block[] {
    return blocks(this.json["data"], type);
  }

  ephemeral(type?: string): Block[] {
    return blocks(this.json["ephemeral"], type);
  }

  /** Returns the one resource of a type, or the one with this end of its construct path. */
  only(type: string, pathEnd = ""): Block {
    return single(this.resources(type), type, pathEnd);
  }

  onlyEphemeral(type: string): Block {
    return single(this.ephemeral(type), type, "");
  }

  get locals(): Readonly<Record<string, unknown>> {
    return asObject(this.json["locals"]);
  }

  /** Values of the outputs, by name. */
  get outputs(): ReadonlyMap<string, unknown> {
    const outputs = Object.entries(asObject(this.json["output"]));
    return new Map(outputs.map(([name, output]) => [name, asObject(output)["value"]]));
  }
}

const synthesized = new Map<string, ReadonlyMap<string, SynthesizedStack>>();

/** Synthesizes the whole system, by the stacks' names, in deployment order. The same environment is not built twice. */
export function synthesizeSystem(environment: Environment): ReadonlyMap<string, SynthesizedStack> {
  const key = JSON.stringify(environment);
  const system = synthesized.get(key) ?? synthesize((app) => main().buildSystem(app, environment));
  synthesized.set(key, system);
  return system;
}

/** A stack as text: its name, its JSON, and its files in base64. */
type StackText = readonly [string, SynthesizedStack["json"], readonly (readonly [string, string])[]];

/** Does the same for an environment that other suites use, too. A worker builds it for all its suites once. */
export function sharedSystem(environment: Environment): ReadonlyMap<string, SynthesizedStack> {
  const key = JSON.stringify(environment);
  const known = synthesized.get(key);
  if (known) return known;
  const ofWorker = (globalThis as { synthesizedSystems?: Map<string, string> }).synthesizedSystems;
  const text = ofWorker?.get(key) ?? textOf(synthesizeSystem(environment));
  ofWorker?.set(key, text);
  const system = systemOf(text);
  synthesized.set(key, system);
  return system;
}

function textOf(system: ReadonlyMap<string, SynthesizedStack>): string {
  const stacks = [...system.values()].map(({ name, json, assets }): StackText => {
    return [name, json, [...assets].map(([path, content]) => [path, content.toString("base64")])];
  });
  return JSON.stringify(stacks);
}

function systemOf(text: string): ReadonlyMap<string, SynthesizedStack> {
  const stacks = JSON.parse(text) as StackText[];
  return new Map(
    stacks.map(([name, json, assets]) => {
      const files = new Map(assets.map(([path, content]) => [path, Buffer.from(content, "base64")]));
      return [name, new SynthesizedStack(name, json, files)];
    }),
  );
}

/** Synthesizes a stack that contains only the function's constructs, for the test of one construct. */
export function synthesizeConstructs(build: (stack: TerraformStack) => void): SynthesizedStack {
  const stacks = synthesize((app) => build(new (cdktf().TerraformStack)(app, "stack")), {
    skipValidation: true,
  });
  return stacks.get("stack") as SynthesizedStack;
}

/** Returns a copy of an environment with a few other fields. */
export function changed(environment: Environment, change: (environment: Environment) => void): Environment {
  const copy = structuredClone(environment);
  change(copy);
  return copy;
}

/** Returns a value as an object, or an empty one. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** Removes cdktf's own notes (`//`), which Terraform does not read. */
export function withoutMetadata(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMetadata);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "//");
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutMetadata(inner)]));
}

function synthesize(
  build: (app: App) => void,
  options: { skipValidation?: boolean } = {},
): ReadonlyMap<string, SynthesizedStack> {
  return inSynthesizedFolder(
    build,
    (folder, app) => {
      const names = app.node.children.filter(cdktf().TerraformStack.isStack).map(({ node }) => node.id);
      return new Map(names.map((name) => [name, readStack(join(folder, "stacks", name), name)]));
    },
    options,
  );
}

/** Writes what `npm run synth` writes into a folder that exists during the call. */
export function inSynthesizedFolder<Result>(
  build: (app: App) => void,
  use: (folder: string, app: App) => Result,
  options: { skipValidation?: boolean } = {},
): Result {
  const { App } = cdktf();
  const { skipTokenStackTraces } =
    require("../constructs/terraform/token-stack-traces") as typeof import("../constructs/terraform/token-stack-traces");
  skipTokenStackTraces();
  const folder = mkdtempSync(join(tmpdir(), "synthesis-"));
  try {
    const app = new App({ stackTraces: false, outdir: folder, ...options });
    build(app);
    app.synth();
    return use(folder, app);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads a stack from the folder that cdktf wrote. */
function readStack(folder: string, name: string): SynthesizedStack {
  const json = JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8"));
  const assets = join(folder, "assets");
  const files = existsSync(assets) ? readdirSync(assets) : [];
  return new SynthesizedStack(
    name,
    json,
    new Map(files.map((file) => [`assets/${file}`, readFileSync(join(assets, file))])),
  );
}

function blocks(section: unknown, type?: string): Block[] {
  return Object.entries(asObject(section))
    .filter(([name]) => type === undefined || name === type)
    .flatMap(([name, elements]) =>
      Object.entries(asObject(elements)).map(([id, element]) => {
        const path = asObject(asObject(asObject(element)["//"])["metadata"])["path"];
        return new Block(name, id, String(path ?? ""), asObject(withoutMetadata(element)));
      }),
    );
}

function single(candidates: readonly Block[], type: string, pathEnd: string): Block {
  const found = candidates.filter(({ path }) => path.endsWith(pathEnd));
  const [first] = found;
  if (first && found.length === 1) return first;
  const paths = candidates.map(({ path, id }) => path || id).join(", ") || "none";
  throw new Error(`${found.length} of type ${type} end in "${pathEnd}" instead of one. Found: ${paths}`);
}
