/** A field, such as `webApps[0].name`, and a sentence with the problem and the cure. */
export interface Problem {
  field: string;
  sentence: string;
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
  const shown = withoutEscapes(text);
  return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
}

/** Formats `a, b, c` in one line, without terminal escapes. A long list ends with a count. */
export function choices(values: readonly string[]): string {
  const shown = withoutEscapes(values.slice(0, 20).join(", "));
  return values.length > 20 ? `${shown} and ${values.length - 20} more` : shown;
}

function withoutEscapes(text: string): string {
  return text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
