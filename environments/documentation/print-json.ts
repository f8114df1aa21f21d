/** The line width of biome.json. */
const width = 110;

/** Prints JSON in Biome's format: a list on one line if it fits. */
export function printJson(value: unknown): string {
  return `${print(value, "", 0)}\n`;
}

function print(value: unknown, indent: string, used: number): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    const line = `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
    const flat = value.every((item) => typeof item !== "object" || item === null);
    if (flat && indent.length + used + line.length < width) return line;
    const items = value.map((item) => `${deeper}${print(item, deeper, 0)}`);
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(value).map(([key, item]) => {
    const name = `${JSON.stringify(key)}: `;
    return `${deeper}${name}${print(item, deeper, name.length)}`;
  });
  return entries.length === 0 ? "{}" : `{\n${entries.join(",\n")}\n${indent}}`;
}
