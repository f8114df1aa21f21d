import { writeFile } from "node:fs/promises";

/** Lines of an options file. A value of null means an option without a value. */
export type MySqlOptions = Readonly<Record<string, string | number | null>>;

/**
 * Writes an options file for mysqld that only its owner can read.
 *
 * Quotes and escapes values by MySQL's manual, "Using Option Files". MariaDB uses the same rules.
 */
export async function writeOptionsFile(path: string, options: MySqlOptions): Promise<void> {
  const lines = Object.entries(options).map(([name, value]) =>
    value === null ? name : `${name}=${quote(value)}`,
  );
  await writeFile(path, `[mysqld]\n${lines.join("\n")}\n`, { mode: 0o600 });
}

function quote(value: string | number): string {
  return typeof value === "number"
    ? String(value)
    : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
