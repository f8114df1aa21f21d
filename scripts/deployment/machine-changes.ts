import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { readCloudConfig, textOf } from "../../cloud-init/cloud-config";
import { type ManagedUnit, UNITS_FILE } from "../../cloud-init/common/managed-units";

/** Returns the text of a VM's user data. Terraform and Azure store it in base64, compressed or not. */
export function userDataText(base64: string): string {
  const bytes = Buffer.from(base64, "base64");
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString("utf8");
}

/** Returns the name of this user data in the report of the VM's apply-user-data. */
export function versionOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

/** Returns a line for each change of apply-user-data on a VM from the first user data to the second. Contents are not shown. */
export function machineChanges(before: string, after: string): string[] {
  const [old, now] = [contentOf(before), contentOf(after)];
  const paths = [...new Set([...old.files.keys(), ...now.files.keys()])].sort();
  const differing = paths.filter((path) => old.files.get(path) !== now.files.get(path));
  const changed = differing.map((path) => {
    const variables = changedVariables(path, old.files.get(path), now.files.get(path));
    return { path, inputs: [path, ...variables.map((name) => `${path}#${name}`)], variables };
  });
  const added = now.packages.filter((name) => !old.packages.includes(name));
  return [
    ...added.map((name) => `installs ${name}`),
    ...changed.map(({ path, variables }) => `${verb(path, old, now)} ${[path, ...variables].join(" ")}`),
    ...old.units
      .filter(({ name, enabled }) => enabled && !now.units.some((unit) => unit.name === name))
      .map(({ name }) => `stops ${name}`),
    ...restarted(
      old,
      now,
      changed.flatMap(({ inputs }) => inputs),
    ).map((name) => `restarts ${name}`),
  ];
}

interface Content {
  readonly files: ReadonlyMap<string, string>;
  readonly units: readonly ManagedUnit[];
  readonly packages: readonly string[];
}

function contentOf(text: string): Content {
  const { write_files, packages = [] } = readCloudConfig(text);
  const files = new Map(write_files.map((file) => [file.path, textOf(file)]));
  const { units } = JSON.parse(files.get(UNITS_FILE) ?? '{"units":[]}') as { units: ManagedUnit[] };
  return {
    files,
    units,
    packages: (packages as (string | [string, string])[]).map((it) => [it].flat()[0] ?? ""),
  };
}

function verb(path: string, old: Content, now: Content): string {
  if (!old.files.has(path)) return "adds";
  return now.files.has(path) ? "changes" : "removes";
}

/** Parses the variables of an environment file. */
function changedVariables(path: string, before = "", after = ""): string[] {
  if (!path.endsWith(".env")) return [];
  const [old, now] = [before.split("\n"), after.split("\n")];
  const lines = [...old.filter((line) => !now.includes(line)), ...now.filter((line) => !old.includes(line))];
  return [...new Set(lines.map((line) => line.split("=")[0] ?? ""))].filter((name) => name !== "").sort();
}

/** Follows the same rule as the function plan in apply-user-data. */
function restarted(old: Content, now: Content, inputs: readonly string[]): string[] {
  return now.units
    .filter(({ name, enabled, onChange, reads }) => {
      const known = old.units.find((unit) => unit.name === name);
      const own = `/etc/systemd/system/${name}`;
      return (
        (enabled && !known) ||
        (onChange === "restart" &&
          inputs.some(
            (input) =>
              input === own ||
              input.startsWith(`${own}.d/`) ||
              [...reads, ...(known?.reads ?? [])].includes(input),
          ))
      );
    })
    .map(({ name }) => name);
}
