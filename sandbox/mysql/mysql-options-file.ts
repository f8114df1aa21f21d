import { writeFile } from "node:fs/promises";

/** Lines of an options file: a value, or null for an option without one. */
export type MySqlOptions = Readonly<Record<string, string | number | null>>;

/**
 * Writes an options file for mysqld that only its owner can read.
 *
 * Values are quoted and escaped as MySQL's manual says under "Using Option Files"; MariaDB reads the same.
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
