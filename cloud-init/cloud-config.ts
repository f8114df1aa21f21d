import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync, strFromU8, strToU8 } from "fflate";

/** An entry of cloud-init's `write_files`. */
export interface WriteFile {
  path: string;
  owner: string;
  permissions: string;
  encoding?: "gz+b64";
  content: string;
}

/** Values for the placeholders (`@NAME@`) of static files: known at synth, never a reference. */
export type PlaceholderValues = Readonly<Record<string, string>>;

/** Programs are executable; everything else is read only by others than root. */
const PROGRAMS = "/usr/local/sbin/";

/**
 * The files below some folders, each of which mirrors the VM's root, and `generated` ones by their paths, as entries of
 * `write_files`.
 *
 * The same on any machine: sorted by path, line endings and modes not taken from the checkout, compressed by fflate, since Node's
 * own zlib gives other bytes on another processor. A text in which Terraform, which evaluates the user data as a template, would find
 * something to evaluate is in base64, and compressed, because Azure takes 64 KB.
 *
 * @throws when two folders hold one path, or when a placeholder has no value, a value no placeholder, or a value that
 * could end the string it is put in.
 */
export function packFiles(
  folders: readonly string[],
  values: PlaceholderValues = {},
  generated: Readonly<Record<string, string>> = {},
): WriteFile[] {
  const contents = new Map(Object.entries(generated));
  for (const folder of folders) {
    for (const path of pathsBelow(folder)) {
      if (contents.has(path)) throw new Error(`${path} is in two of the folders ${folders.join(", ")}`);
      contents.set(path, readFileSync(join(folder, path), "utf8"));
    }
  }
  const unused = new Set(Object.keys(values));
  const files = [...contents].map(([path, text]) =>
    staticFile(path, fillIn(path, text.replaceAll("\r\n", "\n"), values, unused)),
  );
  if (unused.size > 0) throw new Error(`no file has the placeholder of ${[...unused].join(", ")}`);
  return files.sort(byPath);
}

/**
 * A file of KEY=value lines for systemd's EnvironmentFile: the only file whose values may be Terraform references, so the only
 * one that is not encoded.
 *
 * @throws when a value, its references aside, holds what systemd, JSON or Terraform's template would read as more than itself.
 */
export function environmentFile(
  path: string,
  variables: Readonly<Record<string, string | undefined>>,
): WriteFile {
  const lines = Object.entries(variables)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => {
      const literal = value.replaceAll(/\$\{[^{}"\\]*\}/g, "");
      if (!/^[\w.:/,@+=-]*$/.test(literal)) {
        throw new Error(
          `${name} in ${path}: '${value}' has characters that an environment file cannot hold safely`,
        );
      }
      return `${name}=${value}\n`;
    });
  return { path, owner: "root:root", permissions: "0644", content: lines.join("") };
}

/** User data as cloud-init reads it. JSON, because it is YAML without YAML's surprises. */
export function cloudConfig(config: Readonly<Record<string, unknown>>): string {
  return `#cloud-config\n${JSON.stringify(config, null, 2)}\n`;
}

/** What cloudConfig() was given, read back from its text. */
export function readCloudConfig(userData: string): { write_files: WriteFile[] } & Record<string, unknown> {
  return JSON.parse(userData.slice(userData.indexOf("\n")));
}

/** The text of a file as it lands on the VM. */
export function textOf({ content, encoding }: WriteFile): string {
  return encoding === "gz+b64" ? strFromU8(gunzipSync(Buffer.from(content, "base64"))) : content;
}

/** The file with another text. */
export function withText(file: WriteFile, text: string): WriteFile {
  return { ...file, content: file.encoding === "gz+b64" ? packed(text) : text };
}

function pathsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll("\\", "/"));
}

function fillIn(path: string, text: string, values: PlaceholderValues, unused: Set<string>): string {
  return text.replaceAll(/@([A-Z][A-Z_]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${path}: the placeholder @${name}@ has no value`);
    if (!/^[\w.:/-]+$/.test(value)) {
      throw new Error(
        `${path}: @${name}@ cannot be '${value}'; it must be plain text that is known at synth`,
      );
    }
    unused.delete(name);
    return value;
  });
}

function staticFile(path: string, text: string): WriteFile {
  return {
    path,
    owner: "root:root",
    permissions: path.startsWith(PROGRAMS) ? "0755" : "0644",
    // Plain where Terraform has nothing to evaluate: what units have in common is compressed once, with the whole.
    ...(/[$%]\{/.test(text) ? { encoding: "gz+b64", content: packed(text) } : { content: text }),
  };
}

function packed(text: string): string {
  return Buffer.from(gzipSync(strToU8(text), { level: 9, mtime: 0 })).toString("base64");
}

/** By code unit, not by the machine's language. */
function byPath(a: WriteFile, b: WriteFile): number {
  return a.path < b.path ? -1 : 1;
}
