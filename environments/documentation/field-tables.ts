import type { JsonSchema } from "./json-schema";

/** A part of the schema with its own heading. */
interface Section {
  heading: string;
  introduction: string;
  schema: JsonSchema;
  /** The schema's path, such as `["network", "subnets"]`. */
  path: string[];
}

/** Returns the tables of all fields, one section for each object. */
export function fieldTables(environment: JsonSchema): string[] {
  const root: Section = {
    heading: "Fields",
    introduction: "The fields of an environment file. Objects and lists of objects have their own sections.",
    schema: environment,
    path: [],
  };
  const sections = [root, ...sectionsBelow(root.schema, [])];
  return sections.map((section) => renderSection(section, sections));
}

/** Depth first, in the schema's order. */
function sectionsBelow(schema: JsonSchema, path: string[]): Section[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = [...path, name];
    const heading = `\`${here.join(".")}\``;
    const { description = "" } = field;
    if (field.oneOf) {
      return field.oneOf.map((variant) => {
        const [key, choice] = discriminator(variant);
        return {
          heading: `${heading} with \`"${key}": "${choice.const}"\``,
          introduction: choice.description ?? "",
          schema: variant,
          path: here,
        };
      });
    }
    if (field.properties) {
      return [
        { heading, introduction: description, schema: field, path: here },
        ...sectionsBelow(field, here),
      ];
    }
    if (field.items?.properties) {
      return [
        { heading, introduction: `${description} Each entry:`, schema: field.items, path: here },
        ...sectionsBelow(field.items, here),
      ];
    }
    const entries = field.additionalProperties || undefined;
    if (entries?.properties) {
      return [
        {
          heading,
          introduction: `${description} Each entry is \`"<name>": { ... }\`${rule(field.propertyNames)}, with:`,
          schema: entries,
          path: here,
        },
      ];
    }
    return [];
  });
}

function renderSection(
  { heading, introduction: text, schema, path }: Section,
  all: readonly Section[],
): string {
  const rows = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const required = schema.required?.includes(name) ?? false;
    const below = all.find((section) => section.path.join(".") === [...path, name].join("."));
    const link = below ? `: [fields](#${anchor(below.heading)})` : "";
    return [
      `\`${name}\``,
      `${typeAndLimits(field)}${link}`,
      defaultText(field, required),
      field.description ?? "",
    ];
  });
  const lines = [["Field", "Type and limits", "Default", "Meaning"], ["---", "---", "---", "---"], ...rows];
  return `## ${heading}\n\n${text}\n\n${lines.map((cells) => `| ${cells.map(cell).join(" | ")} |`).join("\n")}\n`;
}

/** Computes an anchor from a heading, as GitHub and VS Code do. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, "")
    .replaceAll(" ", "-");
}

/** Escapes bars, because a bar ends a table's cell even in code. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function typeAndLimits(field: JsonSchema): string {
  if (field.oneOf) {
    const kinds = field.oneOf.map((variant) => `\`${JSON.stringify(discriminator(variant)[1].const)}\``);
    return `object, ${alternatives(kinds)}`;
  }
  if (field.anyOf) return alternatives(field.anyOf.map(typeAndLimits));
  if (field.const !== undefined) return `\`${JSON.stringify(field.const)}\``;
  if (field.enum) return alternatives(field.enum.map((value) => `\`${JSON.stringify(value)}\``));
  switch (field.type) {
    case "boolean":
      return "`true` or `false`";
    case "integer":
      return `whole number${limits(field.minimum, field.maximum)}`;
    case "array": {
      const count = limits(field.minItems, field.maxItems);
      return `list${count && `${count} entries`} of ${field.items?.properties ? "objects" : plural(field.items ?? {})}`;
    }
    case "object":
      return field.additionalProperties && !field.additionalProperties.properties
        ? "object of strings"
        : "object";
    default:
      if (field.format === "uuid") return "GUID";
      return `string${rule(field)}`;
  }
}

function alternatives(values: readonly string[]): string {
  return [values.slice(0, -1).join(", "), ...values.slice(-1)].filter(Boolean).join(" or ");
}

function plural(items: JsonSchema): string {
  if (items.enum) return items.enum.map((value) => `\`${JSON.stringify(value)}\``).join(", ");
  return items.format === "uuid" ? "GUIDs" : `strings${rule(items)}`;
}

/** Returns a string's limit. A string without one has a pattern, whose message has a cure after the semicolon. */
function rule({ patternErrorMessage, maxLength }: JsonSchema = {}): string {
  if (maxLength !== undefined) return `, ${maxLength} characters at most`;
  const cure = patternErrorMessage?.split("; ").slice(1).join("; ").replace(/\.$/, "");
  return cure ? `: ${cure}` : "";
}

function limits(least: number | undefined, most: number | undefined): string {
  if (least !== undefined && most !== undefined && most < Number.MAX_SAFE_INTEGER)
    return `, ${least} to ${most}`;
  if (least !== undefined) return `, ${least} or more`;
  return most === undefined ? "" : `, up to ${most}`;
}

function defaultText(field: JsonSchema, required: boolean): string {
  if (required) return "required";
  if (field.default === undefined) return "none";
  if (field.properties && isEmpty(field.default)) return "its fields' defaults";
  return `\`${inline(field.default)}\``;
}

/** Prints JSON with a space after colons and commas. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${inline(inner)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Finds the field whose value distinguishes the variants. */
function discriminator(variant: JsonSchema): [string, JsonSchema] {
  const found = Object.entries(variant.properties ?? {}).find(([, field]) => field.const !== undefined);
  if (!found)
    throw new Error("The documentation needs a constant field in each variant. Add one to the schema.");
  return found;
}
