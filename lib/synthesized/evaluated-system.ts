import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { UserError } from "../processes/user-error";
import { evaluateJson, evaluateTemplate, type Scope } from "./evaluation";
import { type Path, parse, referencesIn, writePath } from "./expression";
import { readSynthesizedFolder, type StackJson, type SynthesizedStack } from "./synthesized-folder";
import { isObject, type ObjectValue, readAs, type Value } from "./value";

/**
 * The values that providers add to the arguments, by type and attribute. A value that is missing here is unknown,
 * never guessed.
 */
export interface ProviderValues {
  readonly resources: Attributes<(resource: Resource) => Value>;
  readonly dataSources: Attributes<(settings: ObjectValue, deployment: EvaluatedSystem) => Value>;
  readonly ephemeralResources: Attributes<(settings: ObjectValue, deployment: EvaluatedSystem) => Value>;
}

type Attributes<Compute> = Readonly<Record<string, Readonly<Record<string, Compute>>>>;

const underWay = Symbol("under way");

/**
 * The synthesized stacks as if they were deployed, with every reference resolved. Providers' values fill references
 * to computed attributes. Values are computed on demand, so a missing value affects only its users.
 */
export class EvaluatedSystem {
  /** Each stack comes after the stacks that it needs. */
  readonly stacks: readonly EvaluatedStack[];
  readonly #values = new Map<string, unknown>();

  constructor(
    stacks: readonly Pick<SynthesizedStack, "name" | "json">[],
    readonly provider: ProviderValues,
  ) {
    this.stacks = stacks.map(({ name, json }) => new EvaluatedStack(this, name, json));
  }

  /** Loads the folder that cdktf wrote, such as `cdktf.out`. Reads all of it at once. */
  static load(folder: string, provider: ProviderValues): EvaluatedSystem {
    return new EvaluatedSystem(readSynthesizedFolder(folder), provider);
  }

  stack(name: string): EvaluatedStack {
    const stack = this.stacks.find((candidate) => candidate.name === name);
    if (stack) return stack;
    const names = this.stacks.map((candidate) => candidate.name).join(", ");
    throw new UserError(`Stack ${name} does not exist. The synthesized stacks are: ${names}.`);
  }

  /** Returns all resources of a type, in deployment order. */
  resources(type: string): Resource[] {
    return this.stacks.flatMap(({ resources }) => resources.filter((resource) => resource.type === type));
  }

  /** Returns the resource of a type that has this id in Azure. */
  resourceWithId(type: string, id: string): Resource {
    const found = this.resources(type).find((resource) => resource.attribute(["id"]) === id);
    if (found) return found;
    throw new UserError(`The synthesized stacks have no ${type} with the id ${id}.`);
  }

  /** Returns the stack whose state a terraform_remote_state with these settings reads. */
  stackWithState({ backend, config }: ObjectValue): EvaluatedStack {
    const found = this.stacks.find((stack) => isDeepStrictEqual(stack.stateIn(String(backend)), config));
    if (found) return found;
    throw new UserError(`None of the synthesized stacks keeps its state in ${JSON.stringify(config)}.`);
  }

  /**
   * Computes a value on first use and keeps it.
   * @throws UserError when the value depends on itself
   */
  once<Result>(name: string, compute: () => Result): Result {
    if (this.#values.get(name) === underWay)
      throw new UserError(`Circular definition: ${name} depends on itself.`);
    if (!this.#values.has(name)) {
      this.#values.set(name, underWay);
      try {
        this.#values.set(name, compute());
      } catch (error) {
        // The value may not exist yet, such as a certificate. The next call tries again.
        this.#values.delete(name);
        throw error;
      }
    }
    return this.#values.get(name) as Result;
  }
}

/** One stack. It resolves its own references. */
class EvaluatedStack implements Scope {
  readonly resources: readonly Resource[];
  readonly #json: StackJson;

  constructor(
    readonly deployment: EvaluatedSystem,
    readonly name: string,
    json: StackJson,
  ) {
    this.#json = json;
    this.resources = Object.entries(json.resource).flatMap(([type, blocks]) =>
      Object.entries(blocks).map(([id, block]) => new Resource(this, type, id, block)),
    );
  }

  /** Evaluates a string of Terraform's JSON syntax, such as `${azurerm_key_vault.x.name}`, in this stack. */
  value(template: string): Value {
    return evaluateTemplate(template, this);
  }

  get outputs(): ObjectValue {
    return Object.fromEntries(Object.keys(this.#json.output).map((name) => [name, this.output(name)]));
  }

  output(name: string): Value {
    return this.#once("output", name, this.#json.output[name]?.value);
  }

  /** Returns everything that Terraform evaluates in this stack. */
  get everything(): ObjectValue {
    const { data, ephemeral, locals, provider } = this.#json;
    const evaluated = { data, ephemeral, locals, provider };
    return {
      ...(evaluateJson(withoutNotes(evaluated), this) as ObjectValue),
      resources: Object.fromEntries(this.resources.map((resource) => [resource.address, resource.arguments])),
      outputs: this.outputs,
    };
  }

  /** Returns the configuration of the stack's backend if the backend is this one. */
  stateIn(backend: string): unknown {
    return this.#json.terraform.backend[backend];
  }

  valueOf(path: Path): Value {
    const [root, name, ...steps] = path;
    if (root === "terraform" && name === "workspace" && steps.length === 0) return "default";
    if (typeof name !== "string") throw this.#unknown(path);
    if (root === "local" && steps.length === 0) return this.#once("local", name, this.#json.locals[name]);
    if (root === "data" || root === "ephemeral") return this.#valueOfBlock(path);
    const resource = this.#resource(root, name);
    const [attribute, ...parts] = steps;
    if (!resource || typeof attribute !== "string") throw this.#unknown(path);
    return resource.attribute([attribute, ...parts]);
  }

  /**
   * Returns addresses of the resources behind references: directly, or through a local, a data source or an ephemeral
   * value.
   */
  resourcesBehind(references: readonly Path[]): string[] {
    return references.flatMap(([root, name = "", id = ""]) => {
      if (root === "local") return this.resourcesBehind(referencesInJson(this.#json.locals[name]));
      if (root === "data" || root === "ephemeral") {
        return this.resourcesBehind(referencesInJson(withoutNotes(this.#json[root][name]?.[id])));
      }
      return this.#resource(root, String(name))?.address ?? [];
    });
  }

  #resource(type: string, id: string): Resource | undefined {
    return this.resources.find((resource) => resource.type === type && resource.id === id);
  }

  /** Resolves `data.<type>.<id>.<attribute>` or `ephemeral.<type>.<id>.<attribute>`. */
  #valueOfBlock(path: Path): Value {
    const [root, type, id, attribute, ...steps] = path;
    const block = this.#json[root as "data" | "ephemeral"][String(type)]?.[String(id)];
    if (!block || typeof attribute !== "string") throw this.#unknown(path);
    const settings = evaluateJson(withoutNotes(block), this) as ObjectValue;
    if (root === "data" && type === "terraform_remote_state") {
      const [output, ...more] = steps;
      if (attribute !== "outputs" || typeof output !== "string" || more.length > 0) throw this.#unknown(path);
      return this.deployment.stackWithState(settings).output(output);
    }
    const { dataSources, ephemeralResources } = this.deployment.provider;
    const attributes = root === "data" ? dataSources : ephemeralResources;
    const compute = attributes[String(type)]?.[attribute];
    if (!compute || steps.length > 0) throw this.#unknown(path);
    return compute(settings, this.deployment);
  }

  #once(kind: "local" | "output", name: string, json: unknown): Value {
    if (json === undefined) throw new UserError(`Stack ${this.name} has no ${kind} ${name}.`);
    return this.deployment.once(`${kind} ${name} of ${this.name}`, () => evaluateJson(json, this));
  }

  #unknown(path: Path): UserError {
    return new UserError(
      `Stack ${this.name} has no ${writePath(path)}, or sandbox/azurerm does not know its type.`,
    );
  }
}

/** Terraform ignores `//`. cdktf writes a block's place in the construct tree there. */
function withoutNotes(json: unknown): unknown {
  if (!isObject(json)) return json;
  return Object.fromEntries(
    Object.entries(json)
      .filter(([key]) => key !== "//")
      .map(([key, value]) => [key, withoutNotes(value)]),
  );
}

/** Terraform's own arguments, which it does not evaluate. */
const metaArguments = ["//", "depends_on", "lifecycle"];
/** Arguments that turn one block into several resources or into a resource of another provider. */
const refusedArguments = ["count", "for_each", "provider", "dynamic"];

/** A resource of a stack. Each reference is resolved on demand. */
export class Resource {
  readonly #json: Readonly<Record<string, unknown>>;

  constructor(
    readonly stack: EvaluatedStack,
    readonly type: string,
    readonly id: string,
    json: Readonly<Record<string, unknown>>,
  ) {
    this.#json = json;
    const refused = refusedArguments.filter((name) => name in json);
    if (refused.length > 0) {
      throw new UserError(`${this.title} has ${refused.join(" and ")}, which the sandbox does not support.`);
    }
  }

  /** The address as in Terraform: `azurerm_key_vault.key-vault_FE1F1979`. It is unique only within its stack. */
  get address(): string {
    return `${this.type}.${this.id}`;
  }

  /** A name that is unique in the deployment. */
  get title(): string {
    return `${this.stack.name}/${this.address}`;
  }

  /** All arguments except depends_on and lifecycle. Arguments that are null are left out. */
  get arguments(): ObjectValue {
    return Object.fromEntries(this.#argumentNames.map((name) => [name, this.argument(name) ?? null]));
  }

  /** Returns undefined if the stack does not set the argument. */
  argument(name: string): Value | undefined {
    if (!this.#argumentNames.includes(name)) return undefined;
    return this.stack.deployment.once(`argument ${name} of ${this.title}`, () =>
      evaluateJson(this.#json[name], this.stack),
    );
  }

  /** The lifecycle block as written. Terraform evaluates nothing in it. */
  get lifecycle(): Readonly<Record<string, unknown>> {
    const lifecycle = this.#json["lifecycle"];
    return isObject(lifecycle) ? lifecycle : {};
  }

  /** Addresses of the resources of this stack that must exist first, including those in depends_on. */
  get dependencies(): string[] {
    const written = [this.#json["depends_on"], this.lifecycle["replace_triggered_by"]].flatMap((list) =>
      Array.isArray(list) ? list.flatMap((reference) => referencesIn(parse(`\${${reference}}`))) : [],
    );
    const inArguments = this.#argumentNames.flatMap((name) => referencesInJson(this.#json[name]));
    return [...new Set(this.stack.resourcesBehind([...inArguments, ...written]))];
  }

  /**
   * Returns an argument, or a value that the provider adds, for example an id or an address.
   * @throws UserError if the resource has no such attribute
   */
  attribute([name, ...steps]: Path): Value {
    const value = this.#attribute(name);
    if (value === undefined) throw this.#unknown(name);
    return steps.reduce((whole, step) => {
      const part = partOf(whole, step);
      if (part === undefined) throw this.#unknown(writePath([name, ...steps]));
      return part;
    }, value);
  }

  /** Reads some attributes in the form that the schema, or its shape, requires. Evaluates no others. */
  read<Shape extends z.ZodRawShape>(wanted: z.ZodObject<Shape> | Shape): z.infer<z.ZodObject<Shape>> {
    const schema = wanted instanceof z.ZodObject ? wanted : z.object(wanted);
    const attributes = Object.keys(schema.shape).map((name) => [name, this.#attribute(name)]);
    return readAs(this.title, schema, Object.fromEntries(attributes));
  }

  get #argumentNames(): string[] {
    return Object.keys(this.#json).filter(
      (name) => !metaArguments.includes(name) && this.#json[name] !== null,
    );
  }

  #attribute(name: string): Value | undefined {
    const compute = this.stack.deployment.provider.resources[this.type]?.[name];
    if (compute) return this.stack.deployment.once(`${this.title}.${name}`, () => compute(this));
    return this.argument(name);
  }

  #unknown(attribute: string): UserError {
    return new UserError(
      `${this.title} has no known attribute ${attribute}. It is not an argument, and sandbox/azurerm/computed-attributes.ts does not define it.`,
    );
  }
}

/** Returns all references in a piece of Terraform's JSON. */
function referencesInJson(json: unknown): Path[] {
  if (typeof json === "string") return referencesIn(parse(json));
  if (typeof json !== "object" || json === null) return [];
  return Object.entries(json).flatMap(([key, value]) => [
    ...(Array.isArray(json) ? [] : referencesInJson(key)),
    ...referencesInJson(value),
  ]);
}

function partOf(whole: Value, step: string | number): Value | undefined {
  if (typeof step === "number") return Array.isArray(whole) ? whole[step] : undefined;
  return isObject(whole) && Object.hasOwn(whole, step) ? whole[step] : undefined;
}
