import type { z } from "zod";

/** A field, such as `webApps[0].name`, and a sentence with the problem and the cure. */
export interface Problem {
  field: string;
  sentence: string;
}

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

/** Formats `["webApps", 0, "name"]` as `webApps[0].name`. Quotes unusual names. */
export function fieldName(path: readonly PropertyKey[]): string {
  const name = path.map((part) => {
    if (typeof part === "number") return `[${part}]`;
    return /^[\w$-]{1,60}$/.test(String(part)) ? `.${String(part)}` : `[${excerpt(part)}]`;
  });
  return name.join("").replace(/^\./, "") || "(file)";
}

/** Shortens a value so that a reader can find it in the file: one line, at most 60 characters, no terminal escapes. */
export function excerpt(value: unknown): string {
  const text = (typeof value === "number" ? String(value) : JSON.stringify(value)) ?? String(value);
  const visible = text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return visible.length > 60 ? `${visible.slice(0, 57)}...` : visible;
}

/** Formats `a, b, c`. A long list ends with a count. */
export function choices(values: readonly string[]): string {
  const shown = values.slice(0, 20).join(", ");
  return values.length > 20 ? `${shown} and ${values.length - 20} more` : shown;
}

/** Returns the indexes of values that appear earlier in the list. Skips undefined values. */
export function repeated(values: readonly (string | undefined)[]): number[] {
  const seen = new Set<string>();
  return [...values.entries()].flatMap(([index, value]) => {
    if (value === undefined) return [];
    if (seen.has(value)) return [index];
    seen.add(value);
    return [];
  });
}
