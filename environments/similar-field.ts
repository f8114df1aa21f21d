import leven from "leven";
import { z } from "zod";
import type { JsonSchema } from "./documentation/json-schema";
import { fieldName } from "./problem";
import { environmentSchema } from "./schema";

/**
 * Returns the field that a person probably meant: a similar name in the same place, or the same name in another
 * place.
 */
export function similarField(path: readonly PropertyKey[], wrong: string): string | undefined {
  const schema = z.toJSONSchema(environmentSchema, { target: "draft-7", io: "input" }) as JsonSchema;
  const here = Object.keys(fieldsOf(path.reduce(below, [schema])));
  const [nearest] = here
    .map((name) => ({ name, distance: leven(name.toLowerCase(), wrong.toLowerCase()) }))
    .filter((it) => it.distance <= Math.floor(it.name.length / 3))
    .sort((a, b) => a.distance - b.distance);
  if (nearest) return fieldName([...path, nearest.name]);
  const elsewhere = placesOf([schema], wrong, []);
  return elsewhere.length === 1 ? elsewhere[0] : undefined;
}

/** Returns the schema's alternatives for one place. */
function alternatives(schema: JsonSchema): JsonSchema[] {
  return [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
}

function below(schemas: JsonSchema[], part: PropertyKey): JsonSchema[] {
  return schemas.flatMap(alternatives).flatMap(({ items, properties, additionalProperties }) => {
    if (typeof part === "number") return items ?? [];
    return properties?.[String(part)] ?? (additionalProperties || []);
  });
}

function fieldsOf(schemas: JsonSchema[]): Record<string, JsonSchema> {
  return Object.assign({}, ...schemas.flatMap(alternatives).map(({ properties = {} }) => properties));
}

/** Formats paths without the indexes of lists: `webApps[].tokenTtl`. */
function placesOf(schemas: JsonSchema[], wanted: string, path: readonly string[]): string[] {
  const fields = Object.entries(fieldsOf(schemas));
  const items = schemas.flatMap(alternatives).flatMap((it) => it.items ?? []);
  return [
    ...fields.filter(([name]) => name === wanted).map(([name]) => [...path, name].join(".")),
    ...fields.flatMap(([name, field]) => placesOf([field], wanted, [...path, name])),
    ...(items.length > 0 ? placesOf(items, wanted, [...path.slice(0, -1), `${path.at(-1)}[]`]) : []),
  ];
}
