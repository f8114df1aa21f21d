import { parse, referencesIn, writePath } from "../../lib/synthesized/expression";
import { asObject, type SynthesizedStack } from "../synthesis";

/** A string in a stack's JSON, with its path. */
export interface Place {
  /** Keys from the root, such as `resource.azurerm_key_vault.vault.name`. */
  path: string;
  value: string;
}

/** Returns every string of the JSON without cdktf's notes. */
export function strings(value: unknown, path = ""): Place[] {
  if (typeof value === "string") return [{ path, value }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value)
    .filter(([key]) => key !== "//")
    .flatMap(([key, inner]) => strings(inner, path ? `${path}.${key}` : key));
}

/** Returns the references in a string of a stack's JSON, such as `azurerm_key_vault.vault.id`. */
export function references(text: string): string[] {
  return referencesIn(parse(text)).map(writePath);
}

/** Returns every reference of a stack: in `${...}`, and the bare ones of depends_on and replace_triggered_by. */
export function referencesOf(stack: SynthesizedStack): Place[] {
  return strings(stack.json).flatMap(({ path, value }) => {
    const bare = /\.(?:depends_on|replace_triggered_by)\.\d+$/.test(path);
    return (bare ? [value] : references(value)).map((reference) => ({ path, value: reference }));
  });
}

/** Returns the stack and the output of a reference to another stack. */
export function crossStackReference(reference: string): { stack: string; output: string } | undefined {
  const match =
    /^data\.terraform_remote_state\.cross-stack-reference-input-([\w-]+)\.outputs\.([\w-]+)$/.exec(reference);
  return match?.[1] && match[2] ? { stack: match[1], output: match[2] } : undefined;
}

/** Returns true if the referenced element exists in the stack. */
export function exists(stack: SynthesizedStack, reference: string): boolean {
  const [first = "", second = "", third = ""] = reference.split(/[.[]/);
  if (first === "terraform") return second === "workspace";
  if (first === "local") return second in asObject(stack.json["locals"]);
  if (first === "data" || first === "ephemeral") {
    return third in asObject(asObject(stack.json[first])[second]);
  }
  return second in asObject(asObject(stack.json["resource"])[first]);
}

/**
 * Replaces each reference in a value by its meaning, `{type construct-path attribute}`. Follows locals and the
 * outputs of other stacks.
 */
export function explained(
  stacks: ReadonlyMap<string, SynthesizedStack>,
  stack: SynthesizedStack,
  value: unknown,
): string {
  return String(value).replaceAll(/\$\{([^{}]+)\}/g, (_, reference: string) => {
    const elsewhere = crossStackReference(reference);
    if (elsewhere) {
      const producer = stacks.get(elsewhere.stack);
      return producer
        ? explained(stacks, producer, producer.outputs.get(elsewhere.output))
        : `{? ${reference}}`;
    }
    const local = /^local\.([\w-]+)$/.exec(reference)?.[1];
    if (local && local in stack.locals) return explained(stacks, stack, stack.locals[local]);
    const isData = reference.startsWith("data.");
    const [type, id, ...attribute] = reference.replace(/^data\./, "").split(".");
    const block = (isData ? stack.data(type) : stack.resources(type)).find(
      (candidate) => candidate.id === id,
    );
    return `{${type} ${block?.path ?? "?"} ${attribute.join(".")}}`;
  });
}
