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

/** Programs are executable. Only root can write the other files. */
const PROGRAMS = "/usr/local/sbin/";

/**
 * Returns entries of `write_files` for the files below some folders, which mirror the VM's root, and for `generated` files by
 * their paths.
 *
 * The result is the same on every machine: sorted by path, with fixed line endings and modes. fflate compresses, because Node's own
 * zlib gives other bytes on another processor. Terraform evaluates the user data as a template, so texts that it could evaluate are
 * in base64. They are compressed, because Azure accepts only 64 KB.
 *
 * @throws if two folders hold one path, if a placeholder has no value, if a value has no placeholder, or if a value could end
 * the string around its placeholder.
 */
export function packFiles(
  folders: readonly string[],
  values: PlaceholderValues,
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
 * Makes a file of KEY=value lines for systemd's EnvironmentFile. Its values may be Terraform references, so it is the only file
 * without an encoding.
 *
 * @throws if a value, without its references, has a special meaning for systemd, JSON or Terraform's template.
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

/** Makes user data for cloud-init. It is JSON, because JSON is YAML without YAML's surprises. */
export function cloudConfig(config: Readonly<Record<string, unknown>>): string {
  return `#cloud-config\n${JSON.stringify(config, null, 2)}\n`;
}

/** Reads the arguments of cloudConfig() back from its text. */
export function readCloudConfig(userData: string): { write_files: WriteFile[] } & Record<string, unknown> {
  return JSON.parse(userData.slice(userData.indexOf("\n")));
}

/** Returns the text of a file on the VM. */
export function textOf({ content, encoding }: WriteFile): string {
  return encoding === "gz+b64" ? strFromU8(gunzipSync(Buffer.from(content, "base64"))) : content;
}

/** Returns the file with another text. */
export function withText(file: WriteFile, text: string): WriteFile {
  return { ...file, content: file.encoding === "gz+b64" ? packed(text) : text };
}

function pathsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll("\\", "/"));
}

/**
 * Returns a file's text with the values of its placeholders.
 * @param unused the names of values, of which this removes the used ones
 * @throws if a placeholder has no value, or if a value could end the string around its placeholder
 */
export function fillIn(
  path: string,
  text: string,
  values: PlaceholderValues,
  unused = new Set<string>(),
): string {
  return text.replaceAll(/@([A-Z][A-Z_]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${path}: the placeholder @${name}@ has no value`);
    if (!/^[\w.:/,-]+$/.test(value)) {
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
    // The text stays plain if Terraform can evaluate nothing in it. Compression of the whole is then better.
    ...(/[$%]\{/.test(text) ? { encoding: "gz+b64", content: packed(text) } : { content: text }),
  };
}

/** Base64 by text. The VMs of a system share most files. */
const packedTexts = new Map<string, string>();

function packed(text: string): string {
  const known = packedTexts.get(text);
  if (known !== undefined) return known;
  const base64 = Buffer.from(gzipSync(strToU8(text), { level: 9, mtime: 0 })).toString("base64");
  packedTexts.set(text, base64);
  return base64;
}

/** Sorts by code unit, independent of the machine's language. */
function byPath(a: WriteFile, b: WriteFile): number {
  return a.path < b.path ? -1 : 1;
}
