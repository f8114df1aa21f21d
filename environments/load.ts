import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { readJsonText } from "./json-text";
import { choices, excerpt, fieldName, type Problem, valueAt } from "./problem";
import { checkRules } from "./rules";
import { type Environment, environmentSchema } from "./schema";
import { similarField } from "./similar-field";

/** The JSON Schema for editors, the only JSON file beside the environments that is not an environment. */
const schemaName = "schema";

/** An unusable environment. The message lists every problem of its file, one sentence each. */
export class EnvironmentError extends Error {
  constructor(
    readonly file: string,
    readonly problems: readonly string[],
  ) {
    super(`${file} cannot be used:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.name = "EnvironmentError";
  }
}

/**
 * Reads and checks `<folder>/<name>.json`.
 * @throws {EnvironmentError} with all problems of the file at once
 */
export function loadEnvironment(name: string, folder: string = __dirname): Environment {
  const file = `environments/${name}.json`;
  if (!/^[a-z][a-z0-9]{0,63}$/.test(name) || name === schemaName) {
    throw new EnvironmentError("ENVIRONMENT", [
      `ENVIRONMENT: ${excerpt(name)} is not an environment; choose one of ${choices(environmentNames(folder))}.`,
    ]);
  }
  const json = readJsonText(readBytes(file, join(folder, `${name}.json`), folder));
  if ("unusable" in json) throw new EnvironmentError(file, [`(file): ${json.unusable}`]);
  const input = json.value;
  const parsed = environmentSchema.safeParse(input);
  const problems = [
    ...json.problems,
    ...onePerField(parsed.error?.issues ?? []).flatMap((issue) => problemsOf(issue, input)),
    ...nameIsTheFiles(input, name),
    ...checkRules(input),
  ];
  if (!parsed.success || problems.length > 0) {
    throw new EnvironmentError(
      file,
      problems.map(({ field, sentence }) => `${field}: ${sentence}`),
    );
  }
  return parsed.data;
}

/** Runs a program's main function. An unusable environment ends the program with its messages and exit code 1. */
export function exitOnEnvironmentError(main: () => void): void {
  try {
    main();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** Returns the names of the environments in the folder. */
export function environmentNames(folder: string = __dirname): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json") && file !== `${schemaName}.json`)
    .map((file) => file.slice(0, -".json".length))
    .sort();
}

function readBytes(file: string, path: string, folder: string): Uint8Array {
  if (!existsSync(path)) {
    throw new EnvironmentError(file, [
      `ENVIRONMENT: ${file} does not exist; choose one of ${choices(environmentNames(folder))}, or copy one of them to that name.`,
    ]);
  }
  try {
    return readFileSync(path);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    throw new EnvironmentError(file, [
      `(file): cannot be read (${reason}); make it a file that you can read.`,
    ]);
  }
}

/** Selects the most useful of several problems with one field. zod's own checks come first, then the schema's. */
function onePerField(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const byField = new Map(
    issues.map((issue) => [`${issue.code === "unrecognized_keys"} ${fieldName(issue.path)}`, issue]),
  );
  return [...byField.values()];
}

function nameIsTheFiles(input: unknown, name: string): Problem[] {
  const given = valueAt(input, ["name"]);
  if (typeof given !== "string" || given === name) return [];
  return [
    {
      field: "name",
      sentence: `${excerpt(given)} differs from the file's name; write "${name}", or rename the file.`,
    },
  ];
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
  if (value === undefined && issue.path.length > 0) {
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
  if (typeof value === "string" && ["int", "number", "boolean"].includes(expected)) {
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
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};
