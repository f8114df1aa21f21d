import type { z } from "zod";
import { UserError } from "../processes/user-error";

/** What an expression yields. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

export type ObjectValue = { [key: string]: Value };

export const isObject = (value: unknown): value is ObjectValue =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** For sentences about values, which themselves may be long or secret. */
export function kindOf(value: Value): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A value in the form that the schema wants. */
export function readAs<Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  value: unknown,
): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new UserError(`${what} is not of the form that is expected here: ${problems.join("; ")}.`);
}
