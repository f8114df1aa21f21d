import { isDeepStrictEqual } from "node:util";
import { SandboxError } from "../programs/sandbox-error";
import type { Resource } from "./resource";
import { Stack } from "./stack";
import { readSynthesizedFolder, type StackJson } from "./synthesized-folder";
import type { ObjectValue, Value } from "./value";

export interface DeploymentOptions {
  /**
   * The newest certificate of a Key Vault, PEM: the stand-in for Azure makes it, after it has read the deployment. Asked
   * only where a value holds the certificate itself.
   */
  certificatePem?: (keyVault: string, name: string) => string | undefined;
}

const underWay = Symbol("under way");

/**
 * The synthesized stacks as if they were deployed: every reference resolved, every value that Azure would give made up, the
 * same in every run. Values are made when they are asked for, so that one that is missing harms nobody else.
 */
export class Deployment {
  /** Each after those that it needs. */
  readonly stacks: readonly Stack[];
  readonly #values = new Map<string, unknown>();

  constructor(
    stacks: ReadonlyMap<string, StackJson>,
    readonly options: DeploymentOptions = {},
  ) {
    this.stacks = [...stacks].map(([name, json]) => new Stack(this, name, json));
  }

  /** From the folder that cdktf wrote, such as `cdktf.out`. Reads all of it at once. */
  static load(folder: string, options?: DeploymentOptions): Deployment {
    return new Deployment(readSynthesizedFolder(folder), options);
  }

  stack(name: string): Stack {
    const stack = this.stacks.find((candidate) => candidate.name === name);
    if (stack) return stack;
    const names = this.stacks.map((candidate) => candidate.name).join(", ");
    throw new SandboxError(`There is no stack ${name} among those synthesized: ${names}.`);
  }

  /** The value of a string of Terraform's JSON syntax, in the words of one stack: `${azurerm_key_vault.x.name}`. */
  value(stack: string, template: string): Value {
    return this.stack(stack).value(template);
  }

  /** All of a type, in the order of deployment. */
  resources(type: string): Resource[] {
    return this.stacks.flatMap(({ resources }) => resources.filter((resource) => resource.type === type));
  }

  /** The one resource of a type that has this id in Azure. */
  resourceWithId(type: string, id: string): Resource {
    const found = this.resources(type).find((resource) => resource.attribute(["id"]) === id);
    if (found) return found;
    throw new SandboxError(`No ${type} of the synthesized stacks has the id ${id}.`);
  }

  /** The stack whose state a terraform_remote_state with these settings reads. */
  stackWithState({ backend, config }: ObjectValue): Stack {
    const found = this.stacks.find((stack) => isDeepStrictEqual(stack.stateIn(String(backend)), config));
    if (found) return found;
    throw new SandboxError(`None of the synthesized stacks keeps its state in ${JSON.stringify(config)}.`);
  }

  /**
   * Computes something the first time it is asked for.
   * @throws SandboxError when it needs itself
   */
  once<Result>(name: string, compute: () => Result): Result {
    if (this.#values.get(name) === underWay) throw new SandboxError(`This is defined by itself: ${name}.`);
    if (!this.#values.has(name)) {
      this.#values.set(name, underWay);
      try {
        this.#values.set(name, compute());
      } catch (error) {
        // Not there yet, perhaps, such as a certificate.
        this.#values.delete(name);
        throw error;
      }
    }
    return this.#values.get(name) as Result;
  }
}
