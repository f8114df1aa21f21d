import { gzipSync } from "node:zlib";
import { UserError } from "../processes/user-error";
import { type Expression, type Path, parse, shortened } from "./expression";
import { isObject, kindOf, type Value } from "./value";

/** Where the references of a template lead. */
export interface Scope {
  /** @throws UserError when there is no such thing */
  valueOf(path: Path): Value;
}

/** The value of a string of Terraform's JSON syntax, such as `https://${vault_mount.x.path}`. */
export function evaluateTemplate(template: string, scope: Scope): Value {
  return evaluate(parse(template), scope);
}

/** Every string in a piece of Terraform's JSON evaluated. Null stays: the objects of some providers must have every attribute. */
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
          `Terraform's function ${expression.name} is not known here, in ${shortened(expression.text)}; known are ${[...functions.keys()].join(", ")}.`,
        );
      }
      return run(
        expression.operands.map((operand) => evaluate(operand, scope)),
        expression.text,
      );
    }
  }
}

/** Exactly those that the stacks use. */
const functions = new Map<string, (operands: Value[], text: string) => Value>([
  [
    "base64gzip",
    (operands, text) => {
      const [plain] = texts(operands, 1, text);
      return gzipSync(plain ?? "").toString("base64");
    },
  ],
  [
    "basename",
    (operands, text) => {
      const [path = ""] = texts(operands, 1, text);
      return path.slice(path.lastIndexOf("/") + 1);
    },
  ],
  [
    "join",
    ([separator, list, ...more], text) => {
      if (!Array.isArray(list) || more.length > 0) fail(text, "join takes a separator and one list");
      const [between] = texts([separator ?? null], 1, text);
      return texts(list, list.length, text).join(between);
    },
  ],
  [
    "regexall",
    (operands, text) => {
      const [pattern = "", subject = ""] = texts(operands, 2, text);
      const matches = [...subject.matchAll(new RegExp(pattern, "g"))];
      if (matches.some(({ length }) => length > 1)) fail(text, "a pattern with groups is not understood");
      return matches.map(([match]) => match);
    },
  ],
]);

function texts(values: Value[], count: number, text: string): string[] {
  if (values.length !== count) fail(text, `${values.length} arguments instead of ${count}`);
  return values.map((value) => textOf(value, text));
}

/** Terraform makes text of numbers and truth values by itself, of nothing else. */
function textOf(value: Value, text: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return fail(text, `${kindOf(value)} cannot be text`);
}

function fail(text: string, reason: string): never {
  throw new UserError(`The Terraform expression ${shortened(text)} has no value: ${reason}.`);
}
