/** A piece of a resource in ARM's form. */
export type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Returns undefined if the text is not a JSON object. */
export function parseFields(json: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Merges the second object over the first, recursively. A list replaces a list, and null replaces anything. */
export function merge<T extends object>(below: T, above: Fields): T & Fields {
  const result: Fields = { ...(below as Fields) };
  for (const [key, value] of Object.entries(above)) {
    if (value === undefined) continue;
    const old = result[key];
    result[key] = isFields(old) && isFields(value) ? merge(old, value) : value;
  }
  return result as T & Fields;
}

/** Returns a copy without the fields at dotted paths. */
export function without<T extends object>(resource: T, paths: readonly string[]): T {
  const copy = structuredClone(resource);
  for (const path of paths) {
    const [, holder, last = ""] = /^(.*)\.(.+)$/.exec(path) ?? [];
    delete fields(valueAt(copy, holder ?? ""))[last];
  }
  return copy;
}

/** Returns a resource's properties in the handler's expected form. */
export const propertiesOf = (resource?: { properties?: Fields }): Fields => resource?.properties ?? {};

/** Returns a field from a client if it is text. */
export const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

export const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : []);

export const fields = (value: unknown): Fields => (isFields(value) ? value : {});

/** Returns the value at a dotted path, such as properties.osProfile.computerName. */
export const valueAt = (value: unknown, path: string): unknown =>
  path.split(".").reduce((at, step) => fields(at)[step], value);
