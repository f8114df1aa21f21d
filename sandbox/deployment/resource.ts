import type { z } from "zod";
import { SandboxError } from "../programs/sandbox-error";
import { computedAttributes } from "./computed-attributes";
import { evaluateJson } from "./evaluation";
import { type Path, parse, referencesIn, writePath } from "./expression";
import type { Stack } from "./stack";
import { isObject, type ObjectValue, readAs, type Value } from "./value";

/** Arguments of Terraform's own, which it does not evaluate. */
const metaArguments = ["//", "depends_on", "lifecycle"];
/** With these one block would make several resources, or one of another provider. */
const refusedArguments = ["count", "for_each", "provider", "dynamic"];

/** A resource of a stack with all its references resolved, each when it is asked for. */
export class Resource {
  readonly #json: Readonly<Record<string, unknown>>;

  constructor(
    readonly stack: Stack,
    readonly type: string,
    readonly id: string,
    json: Readonly<Record<string, unknown>>,
  ) {
    this.#json = json;
    const refused = refusedArguments.filter((name) => name in json);
    if (refused.length > 0) {
      throw new SandboxError(`${this.title} has ${refused.join(" and ")}, which the sandbox cannot imitate.`);
    }
  }

  /** As in Terraform: `azurerm_key_vault.key-vault_FE1F1979`, the same only within its stack. */
  get address(): string {
    return `${this.type}.${this.id}`;
  }

  /** The same nowhere else in the deployment. */
  get title(): string {
    return `${this.stack.name}/${this.address}`;
  }

  /** Without depends_on and lifecycle. Arguments that are null are left out. */
  get arguments(): ObjectValue {
    return Object.fromEntries(this.#argumentNames.map((name) => [name, this.argument(name) ?? null]));
  }

  /** Undefined when the stack does not set it. */
  argument(name: string): Value | undefined {
    if (!this.#argumentNames.includes(name)) return undefined;
    return this.stack.deployment.once(`argument ${name} of ${this.title}`, () =>
      evaluateJson(this.#json[name], this.stack),
    );
  }

  /** As it is written; Terraform evaluates nothing in it. */
  get lifecycle(): Readonly<Record<string, unknown>> {
    const lifecycle = this.#json["lifecycle"];
    return isObject(lifecycle) ? lifecycle : {};
  }

  /** Addresses of the resources of the same stack that must be there first, those of depends_on included. */
  get dependencies(): string[] {
    const written = [this.#json["depends_on"], this.lifecycle["replace_triggered_by"]].flatMap((list) =>
      Array.isArray(list) ? list.flatMap((reference) => referencesIn(parse(`\${${reference}}`))) : [],
    );
    const inArguments = this.#argumentNames.flatMap((name) => referencesInJson(this.#json[name]));
    return [...new Set(this.stack.resourcesBehind([...inArguments, ...written]))];
  }

  /**
   * An argument, or what the provider adds to it: an id, say, or an address.
   * @throws SandboxError for an attribute that the sandbox does not know
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

  /** Some of the attributes, in the form that the schema wants; no others are evaluated. */
  read<Schema extends z.ZodObject>(schema: Schema): z.infer<Schema> {
    const attributes = Object.keys(schema.shape).map((name) => [name, this.#attribute(name)]);
    return readAs(this.title, schema, Object.fromEntries(attributes));
  }

  get #argumentNames(): string[] {
    return Object.keys(this.#json).filter(
      (name) => !metaArguments.includes(name) && this.#json[name] !== null,
    );
  }

  #attribute(name: string): Value | undefined {
    const compute = computedAttributes[this.type]?.[name];
    if (compute) return this.stack.deployment.once(`${this.title}.${name}`, () => compute(this));
    return this.argument(name);
  }

  #unknown(attribute: string): SandboxError {
    return new SandboxError(
      `${this.title} has no attribute ${attribute} that the sandbox knows: it is neither an argument nor in sandbox/deployment/computed-attributes.ts.`,
    );
  }
}

/** References in a piece of Terraform's JSON. */
export function referencesInJson(json: unknown): Path[] {
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
