import { fieldTables } from "./field-tables";
import { introduction } from "./introduction";
import { environmentJsonSchema } from "./json-schema";

/**
 * The text of docs/environments.md: how to write an environment, and every field with its description from the
 * schema.
 */
export function environmentDocumentation(): string {
  return [introduction, ...fieldTables(environmentJsonSchema())].join("\n");
}
