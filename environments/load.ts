import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EnvironmentError } from "./environment-error";
import { readJsonText } from "./json-text";
import { choices, excerpt, type Problem } from "./problem";
import { valueAt } from "./read";
import { checkRules } from "./rules";
import { type Environment, environmentSchema } from "./schema";
import { schemaProblems } from "./schema-problems";

/** The JSON Schema for editors, the only JSON file beside the environments that is not an environment. */
const schemaName = "schema";

/**
 * Reads and checks `<folder>/<name>.json`.
 * @throws {EnvironmentError} with all problems of the file at once
 */
export function loadEnvironment(name: string, folder: string = __dirname): Environment {
  const file = `environments/${name}.json`;
  if (!/^[a-z][a-z0-9]{0,63}$/.test(name) || name === schemaName) {
    throw new EnvironmentError("ENVIRONMENT", [
      `ENVIRONMENT: ${excerpt(name)} is not an environment; choose from ${choices(environmentNames(folder))}.`,
    ]);
  }
  const json = readJsonText(readBytes(file, join(folder, `${name}.json`), folder));
  if ("unusable" in json) throw new EnvironmentError(file, [`(file): ${json.unusable}`]);
  const input = json.value;
  const parsed = environmentSchema.safeParse(input);
  const problems = [
    ...json.problems,
    ...schemaProblems(parsed.error?.issues ?? [], input),
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
      `ENVIRONMENT: ${file} does not exist; choose from ${choices(environmentNames(folder))}, or copy such a file to that name.`,
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
