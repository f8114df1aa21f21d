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

/** Returns the content of each `${...}`, with nested quotes and braces. `$${` is plain text. */
export function expressions(text: string): string[] {
  const found: string[] = [];
  for (let index = 0; index < text.length; index++) {
    if (text.startsWith("$${", index)) index += 2;
    else if (text.startsWith("${", index)) {
      const end = endOfExpression(text, index + 2);
      found.push(text.slice(index + 2, end));
      index = end;
    }
  }
  return found;
}

/** Returns the text that is known before Terraform runs: outside expressions, and in quotes inside them. */
export function knownText(text: string): string {
  return expressions(text).reduce((rest, expression) => {
    const quoted = [...expression.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, inner = ""]) => inner);
    return rest.replace(`\${${expression}}`, () => quoted.join(" "));
  }, text);
}

function endOfExpression(text: string, start: number): number {
  let depth = 1;
  let quoted = false;
  for (let index = start; index < text.length; index++) {
    const character = text[index];
    if (quoted && character === "\\") index++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === "{") depth++;
    else if (!quoted && character === "}" && --depth === 0) return index;
  }
  throw new Error(`an expression has no end: ${text.slice(start, start + 80)}`);
}

/** Returns traversals such as `azurerm_key_vault.vault.id` in an expression, without those in quotes. */
export function references(expression: string): string[] {
  const unquoted = expression.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  return unquoted.match(/[A-Za-z_][\w-]*(?:\.[\w-]+|\[\d+\])+/g) ?? [];
}

/** Returns every reference of a stack: in `${...}`, and the bare ones of depends_on and replace_triggered_by. */
export function referencesOf(stack: SynthesizedStack): Place[] {
  return strings(stack.json).flatMap(({ path, value }) => {
    const bare = /\.(?:depends_on|replace_triggered_by)\.\d+$/.test(path) ? [value] : expressions(value);
    return bare.flatMap(references).map((reference) => ({ path, value: reference }));
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
