import { z } from "zod";

/**
 * Reads the value at a path for a rule. Returns undefined if the value itself is malformed. So a mistake in one field
 * does not hide the messages of other rules.
 */
export type Read = <Schema extends z.ZodType>(
  schema: Schema,
  ...path: (string | number)[]
) => z.infer<Schema> | undefined;

/** Creates a reader for a parsed JSON document. */
export function reader(input: unknown): Read {
  return (schema, ...path) => {
    const parsed = schema.safeParse(valueAt(input, path));
    return parsed.success ? parsed.data : undefined;
  };
}

/** Reads a list, regardless of its entries. Returns an empty list for anything else. */
export function listAt(read: Read, ...path: (string | number)[]): unknown[] {
  return read(z.array(z.unknown()), ...path) ?? [];
}

/** Returns true if a list is empty or missing, and false if it has entries or is malformed. */
export function isEmptyAt(read: Read, ...path: (string | number)[]): boolean {
  return read(z.array(z.unknown()).length(0).default([]), ...path) !== undefined;
}

/** Returns the value at a path of a parsed JSON document, or undefined if the path ends early. */
export function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    input,
  );
}
