import type { z } from "zod";
import { excerpt, fieldName, type Problem } from "./problem";
import { valueAt } from "./read";
import { similarField } from "./similar-field";

/** Returns sentences for zod's issues with a file, one for each field. */
export function schemaProblems(issues: readonly z.core.$ZodIssue[], input: unknown): Problem[] {
  return onePerField(issues).flatMap((issue) => problemsOf(issue, input));
}

/** Selects the most useful of several problems with one field. zod's own checks come first, then the schema's. */
function onePerField(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  return [...new Map(issues.map((issue) => [fieldName(issue.path), issue])).values()];
}

/**
 * Converts zod's issue to sentences. The schema's own messages contain the cure, and this function adds it to general
 * ones.
 */
function problemsOf(issue: z.core.$ZodIssue, input: unknown): Problem[] {
  const field = fieldName(issue.path);
  const value = valueAt(input, issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys
      .filter((key) => key !== "__proto__")
      .map((key) => ({
        field: fieldName([...issue.path, key]),
        sentence: unknownField(issue.path, key),
      }));
  }
  if (value === undefined) {
    return [{ field, sentence: "is missing; add it (docs/environments.md explains it)." }];
  }
  if (issue.code === "invalid_type") return [{ field, sentence: wrongType(value, issue.expected) }];
  if (issue.code === "invalid_key") {
    return issue.issues.map((inner) => ({ field, sentence: `its name ${inner.message}` }));
  }
  return [{ field, sentence: `${excerpt(value)} ${issue.message}` }];
}

function unknownField(path: readonly PropertyKey[], key: string): string {
  const similar = similarField(path, key);
  return similar
    ? `is not a field. Do you mean ${similar}? (docs/environments.md lists the fields.)`
    : "is not a field; remove it or correct its spelling (docs/environments.md lists the fields).";
}

function wrongType(value: unknown, expected: string): string {
  const wanted = kindNames[expected] ?? `a ${expected}`;
  if (typeof value === "number" && (expected === "int" || expected === "number")) {
    return Number.isFinite(value)
      ? `is ${value}, but should be a whole number; round it.`
      : "is larger than any valid number; write a smaller one.";
  }
  if (typeof value === "string" && (expected === "number" || expected === "boolean")) {
    const unquoted = /^(?:-?\d+|true|false)$/.test(value)
      ? `write ${excerpt(value).slice(1, -1)}`
      : "write it";
    return `is ${excerpt(value)}, a string, but should be ${wanted}; ${unquoted} without quotes.`;
  }
  if (typeof value === "number" && expected === "string") {
    return `is ${value}, a number, but should be a string; write it in quotes.`;
  }
  const given = value === null ? "null" : kindNames[Array.isArray(value) ? "array" : typeof value];
  return `is ${given}, but should be ${wanted}; correct it (docs/environments.md explains it).`;
}

const kindNames: Record<string, string> = {
  string: "a string",
  number: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};
