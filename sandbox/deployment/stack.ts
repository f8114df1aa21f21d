import { SandboxError } from "../programs/sandbox-error";
import { dataAttributes } from "./data-attributes";
import type { Deployment } from "./deployment";
import { ephemeralAttributes } from "./ephemeral-values";
import { evaluateJson, evaluateTemplate, type Scope } from "./evaluation";
import { type Path, writePath } from "./expression";
import { Resource, referencesInJson } from "./resource";
import type { StackJson } from "./synthesized-folder";
import { isObject, type ObjectValue, type Value } from "./value";

/** One stack: what its references mean. */
export class Stack implements Scope {
  readonly resources: readonly Resource[];
  readonly #json: StackJson;

  constructor(
    readonly deployment: Deployment,
    readonly name: string,
    json: StackJson,
  ) {
    this.#json = json;
    this.resources = Object.entries(json.resource).flatMap(([type, blocks]) =>
      Object.entries(blocks).map(([id, block]) => new Resource(this, type, id, block)),
    );
  }

  /** The value of a string of Terraform's JSON syntax in this stack. */
  value(template: string): Value {
    return evaluateTemplate(template, this);
  }

  get outputs(): ObjectValue {
    return Object.fromEntries(Object.keys(this.#json.output).map((name) => [name, this.output(name)]));
  }

  output(name: string): Value {
    return this.#once("output", name, this.#json.output[name]?.value);
  }

  /** A provider's configuration: the address of Vault, for instance. */
  provider(name: string): ObjectValue {
    const [configuration, ...more] = this.#json.provider[name] ?? [];
    if (!configuration || more.length > 0) {
      throw new SandboxError(`The stack ${this.name} does not configure the provider ${name} exactly once.`);
    }
    return evaluateJson(configuration, this) as ObjectValue;
  }

  /** Everything that Terraform evaluates in this stack. */
  get everything(): ObjectValue {
    const { data, ephemeral, locals, provider } = this.#json;
    const evaluated = { data, ephemeral, locals, provider };
    return {
      ...(evaluateJson(withoutNotes(evaluated), this) as ObjectValue),
      resources: Object.fromEntries(this.resources.map((resource) => [resource.address, resource.arguments])),
      outputs: this.outputs,
    };
  }

  /** Where the stack keeps its state: the configuration of its backend, when it is this one. */
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

  /** Addresses of the resources that references lead to: directly, or through a local, a data source or an ephemeral value. */
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

  /** `data.<type>.<id>.<attribute>` or `ephemeral.<type>.<id>.<attribute>`. */
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
    const attributes = root === "data" ? dataAttributes : ephemeralAttributes;
    const compute = attributes[String(type)]?.[attribute];
    if (!compute || steps.length > 0) throw this.#unknown(path);
    return compute(settings, this.deployment);
  }

  #once(kind: "local" | "output", name: string, json: unknown): Value {
    if (json === undefined) throw new SandboxError(`The stack ${this.name} has no ${kind} ${name}.`);
    return this.deployment.once(`${kind} ${name} of ${this.name}`, () => evaluateJson(json, this));
  }

  #unknown(path: Path): SandboxError {
    return new SandboxError(
      `The sandbox does not know ${writePath(path)} in the stack ${this.name}: there is no such thing in the stack, or its type is not in sandbox/deployment.`,
    );
  }
}

/** Terraform passes over `//`, where cdktf writes a block's place in the construct tree. */
function withoutNotes(json: unknown): unknown {
  if (!isObject(json)) return json;
  return Object.fromEntries(
    Object.entries(json)
      .filter(([key]) => key !== "//")
      .map(([key, value]) => [key, withoutNotes(value)]),
  );
}
