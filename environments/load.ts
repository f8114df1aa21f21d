import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { checkRules, type Problem, valueAt } from "./rules";
import { type Environment, environmentSchema } from "./schema";

/** An environment that cannot be used: every problem of its file, a sentence each. */
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
 * @throws {EnvironmentError} with all problems of the file at once.
 */
export function loadEnvironment(name: string, folder: string = __dirname): Environment {
  const file = `environments/${name}.json`;
  if (!/^[a-z][a-z0-9]*$/.test(name)) {
    throw new EnvironmentError(file, [
      `ENVIRONMENT: "${name}" is no environment name; choose from ${environmentNames(folder).join(", ")}.`,
    ]);
  }
  const path = join(folder, `${name}.json`);
  if (!existsSync(path)) {
    throw new EnvironmentError(file, [
      `ENVIRONMENT: there is no file ${file}; choose from ${environmentNames(folder).join(", ")}, or copy one of them to that name.`,
    ]);
  }
  const input = parseJson(file, readFileSync(path, "utf8"));
  const parsed = environmentSchema.safeParse(input);
  const problems = [
    ...(parsed.error?.issues ?? []).flatMap((issue) => problemsOf(issue, input)),
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

/** Runs a program's main part; an environment that cannot be used ends it with its sentences and exit code 1. */
export function exitOnEnvironmentError(main: () => void): void {
  try {
    main();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** Names of the environments that the folder has a file for. */
export function environmentNames(folder: string = __dirname): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json") && file !== "schema.json")
    .map((file) => file.slice(0, -".json".length))
    .sort();
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(file, [
      `(file): is no JSON (${reason}); mend it, an editor that knows JSON shows the place.`,
    ]);
  }
}

function nameIsTheFiles(input: unknown, name: string): Problem[] {
  const given = valueAt(input, ["name"]);
  if (typeof given !== "string" || given === name) return [];
  return [
    {
      field: "name",
      sentence: `"${given}" differs from the file's name; write "${name}", or rename the file.`,
    },
  ];
}

/** A sentence from what zod found; the schema's own messages say the cure, the general ones get it here. */
function problemsOf(issue: z.core.$ZodIssue, input: unknown): Problem[] {
  const field = fieldName(issue.path);
  const value = valueAt(input, issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      field: fieldName([...issue.path, key]),
      sentence: "is not a field; remove it or mend its spelling (docs/environments.md lists the fields).",
    }));
  }
  if (value === undefined && issue.path.length > 0) {
    return [{ field, sentence: "is missing; add it (docs/environments.md explains it)." }];
  }
  if (issue.code === "invalid_type") {
    return [
      {
        field,
        sentence: `is ${kindOf(value)}, but should be ${article(issue.expected)}; see docs/environments.md.`,
      },
    ];
  }
  if (issue.code === "invalid_key") {
    return issue.issues.map((inner) => ({ field, sentence: `its name ${inner.message}` }));
  }
  if (issue.message.startsWith('"')) return [{ field, sentence: issue.message }];
  return [{ field, sentence: `${excerpt(value)} ${issue.message}` }];
}

function fieldName(path: readonly PropertyKey[]): string {
  const name = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return name.replace(/^\./, "") || "(file)";
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return article(typeof value);
}

function article(kind: string): string {
  const named: Record<string, string> = {
    array: "a list",
    record: "an object",
    int: "a whole number",
    boolean: "true or false",
  };
  return named[kind] ?? `${/^[aeio]/.test(kind) ? "an" : "a"} ${kind}`;
}

/** Enough of a value to find it in the file, on one line. */
function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
