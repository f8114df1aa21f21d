import { createHash } from "node:crypto";
import { readCloudConfig, textOf } from "../../cloud-init/cloud-config";
import { asObject, type SynthesizedStack, withoutMetadata } from "../synthesis";

/**
 * A stack for the reader of a pull request: without cdktf's notes, and with user data as files. Files from the
 * repository appear with mode and hash. Files with references appear as text.
 */
export function readable({ json }: SynthesizedStack): unknown {
  const stack = asObject(JSON.parse(JSON.stringify(withoutMetadata(json), withoutBulk)));
  const locals = Object.entries(asObject(stack["locals"]));
  if (locals.length === 0) return stack;
  return {
    ...stack,
    locals: Object.fromEntries(locals.map(([name, value]) => [name, readableLocal(value)])),
  };
}

/** Removes the package's hash, which changes with every edit of app/ and every library's version, and the queries that the workbook repeats. */
function withoutBulk(key: string, value: unknown): unknown {
  if (key === "data_json" && typeof value === "string" && value.includes('"Notebook/1.0"'))
    return "<workbook>";
  return key === "package" && /^[0-9a-f]{64}$/.test(String(value)) ? "<SHA-256 of app.zip>" : value;
}

function readableLocal(value: unknown): unknown {
  if (typeof value !== "string" || !value.startsWith("#cloud-config")) return value;
  const config = readCloudConfig(value);
  const files = config.write_files.map((file) => {
    const content = textOf(file);
    const shown = file.path.endsWith(".env")
      ? content.split("\n")
      : createHash("sha256").update(content).digest("hex");
    return [`${file.path} ${file.permissions} ${file.owner}`, shown];
  });
  return { ...config, write_files: Object.fromEntries(files) };
}
