import { gzipSync } from "node:zlib";
import { UserError } from "../processes/user-error";
import { type Expression, type Path, parse, shortened } from "./expression";
import { isObject, kindOf, type Value } from "./value";

/** Resolves the references of a template. */
export interface Scope {
  /** @throws UserError when the path does not exist */
  valueOf(path: Path): Value;
}

/** Evaluates a string of Terraform's JSON syntax, such as `https://${vault_mount.x.path}`. */
export function evaluateTemplate(template: string, scope: Scope): Value {
  return evaluate(parse(template), scope);
}

/**
 * Evaluates every string in a piece of Terraform's JSON. Keeps null, because the objects of some providers must have
 * every attribute.
 */
export function evaluateJson(json: unknown, scope: Scope): Value {
  if (typeof json === "string") return evaluateTemplate(json, scope);
  if (Array.isArray(json)) return json.map((item) => evaluateJson(item, scope));
  if (!isObject(json)) return json as Value;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      textOf(evaluateTemplate(key, scope), key),
      evaluateJson(value, scope),
    ]),
  );
}

function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "reference":
      return scope.valueOf(expression.path);
    case "list":
      return expression.items.map((item) => evaluate(item, scope));
    case "template":
      return expression.parts.map((part) => textOf(evaluate(part, scope), expression.text)).join("");
    case "call": {
      const run = functions.get(expression.name);
      if (!run) {
        throw new UserError(
          `The sandbox does not support the Terraform function ${expression.name} in ${shortened(expression.text)}. It supports ${[...functions.keys()].join(", ")}.`,
        );
      }
      const operands = expression.operands.map((operand) => evaluate(operand, scope));
      return run(operands, expression.text);
    }
  }
}

type TerraformFunction = (operands: Value[], text: string) => Value;

/** Exactly the functions that the stacks use. */
const functions: ReadonlyMap<string, TerraformFunction> = new Map(
  Object.entries<TerraformFunction>({
    base64gzip(operands, text) {
      const [plain = ""] = texts(operands, 1, text);
      return gzipSync(plain).toString("base64");
    },
    basename(operands, text) {
      const [path = ""] = texts(operands, 1, text);
      return path.slice(path.lastIndexOf("/") + 1);
    },
    join([separator, list, ...more], text) {
      if (!Array.isArray(list) || more.length > 0) fail(text, "join takes a separator and one list");
      const [between] = texts([separator ?? null], 1, text);
      return texts(list, list.length, text).join(between);
    },
    regexall(operands, text) {
      const [pattern = "", subject = ""] = texts(operands, 2, text);
      const matches = [...subject.matchAll(new RegExp(pattern, "g"))];
      if (matches.some(({ length }) => length > 1)) fail(text, "patterns with groups are not supported");
      return matches.map(([match]) => match);
    },
  }),
);

function texts(values: Value[], count: number, text: string): string[] {
  if (values.length !== count) fail(text, `${values.length} arguments instead of ${count}`);
  return values.map((value) => textOf(value, text));
}

/** Converts numbers and booleans to text, as Terraform does. Terraform converts nothing else. */
function textOf(value: Value, text: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return fail(text, `${kindOf(value)} cannot become text`);
}

function fail(text: string, reason: string): never {
  throw new UserError(`The Terraform expression ${shortened(text)} has no value: ${reason}.`);
}
