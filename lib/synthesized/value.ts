import type { z } from "zod";
import { UserError } from "../processes/user-error";

/** The result of an expression. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

export type ObjectValue = { [key: string]: Value };

export const isObject = (value: unknown): value is ObjectValue =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Describes a value's type for messages. The value itself may be long or secret. */
export function kindOf(value: Value): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Converts a value to the form that the schema requires. */
export function readAs<Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  value: unknown,
): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new UserError(`${what} does not have the expected form: ${problems.join("; ")}.`);
}
