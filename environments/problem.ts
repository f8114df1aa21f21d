import type { z } from "zod";

/** A field, written as in `webApps[0].name`, and a sentence: what is wrong with it and the cure. */
export interface Problem {
  field: string;
  sentence: string;
}

/**
 * What one rule needs from the file: the value at a path if it is well-formed by itself, else nothing.
 * So a mistake in one field does not hide what another rule has to say.
 */
export type Read = <Schema extends z.ZodType>(
  schema: Schema,
  ...path: (string | number)[]
) => z.infer<Schema> | undefined;

/** Reads from a parsed JSON document. */
export function reader(input: unknown): Read {
  return (schema, ...path) => {
    const parsed = schema.safeParse(valueAt(input, path));
    return parsed.success ? parsed.data : undefined;
  };
}

/** The value at a path of a parsed JSON document; undefined where the path ends early. */
export function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    input,
  );
}

/** `["webApps", 0, "name"]` as `webApps[0].name`; unusual names in quotes. */
export function fieldName(path: readonly PropertyKey[]): string {
  const name = path.map((part) => {
    if (typeof part === "number") return `[${part}]`;
    return /^[\w$-]{1,60}$/.test(String(part)) ? `.${String(part)}` : `[${excerpt(part)}]`;
  });
  return name.join("").replace(/^\./, "") || "(file)";
}

/** Enough of a value to find it in the file: on one line, at most 60 characters, nothing that a terminal obeys. */
export function excerpt(value: unknown): string {
  const text = (typeof value === "number" ? String(value) : JSON.stringify(value)) ?? String(value);
  const visible = text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return visible.length > 60 ? `${visible.slice(0, 57)}...` : visible;
}

/** `a, b, c`; long lists end in a count. */
export function choices(values: readonly string[]): string {
  const shown = values.slice(0, 20).join(", ");
  return values.length > 20 ? `${shown} and ${values.length - 20} more` : shown;
}

/** Indexes of the values that stand earlier in the list too; undefined ones are passed over. */
export function repeated(values: readonly (string | undefined)[]): number[] {
  const seen = new Set<string>();
  return [...values.entries()].flatMap(([index, value]) => {
    if (value === undefined) return [];
    if (seen.has(value)) return [index];
    seen.add(value);
    return [];
  });
}
