import { z } from "zod";
import { environmentSchema } from "../schema";
import { title } from "./field-title";

/** The part of JSON Schema (draft-07) that the environments' schema uses, with VS Code's `patternErrorMessage`. */
export interface JsonSchema {
  $schema?: string;
  title?: string;
  description?: string;
  type?: "object" | "array" | "string" | "integer" | "boolean";
  default?: unknown;
  examples?: unknown[];
  const?: unknown;
  enum?: unknown[];
  format?: string;
  pattern?: string;
  patternErrorMessage?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  propertyNames?: JsonSchema;
  additionalProperties?: false | JsonSchema;
}

/** Order of the keys for a reader of the schema. */
const keyOrder: (keyof JsonSchema)[] = [
  "$schema",
  "title",
  "description",
  "type",
  "default",
  "examples",
  "const",
  "enum",
  "format",
  "pattern",
  "patternErrorMessage",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "items",
  "anyOf",
  "oneOf",
  "properties",
  "required",
  "propertyNames",
  "additionalProperties",
];

/**
 * Returns the schema with which editors complete and explain the environment files. It is draft-07, because VS Code
 * supports it best.
 */
export function environmentJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(environmentSchema, {
    target: "draft-7",
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      const message = patternMessage(zodSchema);
      if (message) jsonSchema["patternErrorMessage"] = message;
    },
  }) as JsonSchema;
  return arranged({
    ...schema,
    title: "Environment",
    description: "The settings of one environment.",
  });
}

/** Returns the schema's message for a malformed string. */
function patternMessage(schema: z.core.$ZodType): string | undefined {
  const checks = schema._zod.def.checks ?? [];
  const own = "check" in schema._zod.def ? [schema] : [];
  for (const check of [...checks, ...own]) {
    const { error } = check._zod.def as z.core.$ZodCheckStringFormatDef;
    if ("pattern" in check._zod.def) {
      const message = error?.({ code: "custom", input: "", path: [] } as never);
      return typeof message === "string" ? message : message?.message;
    }
  }
  return undefined;
}

/** Sorts the keys by `keyOrder` and adds titles, so the file depends only on the schema. */
function arranged(schema: JsonSchema): JsonSchema {
  const unknown = Object.keys(schema).filter((key) => !keyOrder.includes(key as keyof JsonSchema));
  if (unknown.length > 0)
    throw new Error(
      `environments/documentation/json-schema.ts does not know ${unknown.join(", ")}. Add it to keyOrder.`,
    );
  const entries = keyOrder.flatMap((key): [string, unknown][] =>
    schema[key] === undefined ? [] : [[key, arrangedPart(key, schema[key])]],
  );
  return Object.fromEntries(entries);
}

function arrangedPart(key: keyof JsonSchema, part: unknown): unknown {
  switch (key) {
    case "properties":
      return Object.fromEntries(
        Object.entries(part as Record<string, JsonSchema>).map(([name, field]) => [
          name,
          arranged({ title: title(name), ...field }),
        ]),
      );
    case "items":
    case "propertyNames":
      return arranged(part as JsonSchema);
    case "additionalProperties":
      return part === false ? false : arranged(part as JsonSchema);
    case "anyOf":
    case "oneOf":
      return (part as JsonSchema[]).map(arranged);
    default:
      return part;
  }
}
