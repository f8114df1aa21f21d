import type { JsonSchema } from "../../environments/documentation/json-schema";

export interface Field {
  path: (string | number)[];
  schema: JsonSchema;
  /** True for the first entry of a list, and for the entry `extra` of a map. */
  isEntry: boolean;
}

/** Returns every field of a schema, with the first of each list's entries and the default of alternatives. */
export function fieldsOf(schema: JsonSchema, path: Field["path"] = []): Field[] {
  const { properties = {}, items, additionalProperties, oneOf: [alternative = {}] = [] } = schema;
  const below = (step: string | number, inner: JsonSchema, isEntry: boolean): Field[] => {
    const here = [...path, step];
    return [{ path: here, schema: inner, isEntry }, ...fieldsOf(inner, here)];
  };
  return [
    ...Object.entries(properties).flatMap(([name, field]) => below(name, field, false)),
    ...(items ? below(0, items, true) : []),
    ...(additionalProperties ? below("extra", additionalProperties, true) : []),
    ...(schema.oneOf ? fieldsOf(alternative, path) : []),
  ];
}
