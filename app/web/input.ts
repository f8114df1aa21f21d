import type { z } from "zod";
import { InvalidInput, NotFound } from "../errors";
import { customerPath } from "./api/schemas";

/**
 * Checks the input against a schema, and returns the parsed input.
 * @throws {InvalidInput} a sentence a field
 */
export function parse<Schema extends z.ZodType>(schema: Schema, sent: unknown): z.infer<Schema> {
  const { data, error } = schema.safeParse(sent, { error: sentence });
  if (!error) return data as z.infer<Schema>;
  const problems = new Map<string, string>();
  for (const issue of error.issues) {
    for (const field of fieldsOf(issue)) if (!problems.has(field)) problems.set(field, issue.message);
  }
  throw new InvalidInput(Object.fromEntries(problems));
}

function fieldsOf(issue: z.core.$ZodIssue): string[] {
  const [field] = issue.path;
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => key.slice(0, 40));
  return [field === undefined ? "body" : String(field)];
}

/** Makes a sentence for problems that have none in the schema. */
function sentence(issue: z.core.$ZodRawIssue): string {
  if (issue.code === "unrecognized_keys") return "This field does not exist. Remove it.";
  if (issue.input === undefined) return "This field is missing. Add it.";
  const expected = issue.code === "invalid_type" ? issue.expected : undefined;
  if (expected === "string") return "This is not a text. Send a text.";
  if (expected === "object") return "This is not an object. Send an object with fields.";
  return "This is not valid. The API's description (/api/openapi.json) lists the valid values.";
}

/** @throws {NotFound} if it is not a customer number, because nobody has that address */
export function customerId(params: unknown): number {
  const { data } = customerPath.safeParse(params);
  if (!data) throw new NotFound("no customer number");
  return data.id;
}
