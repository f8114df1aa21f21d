import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readCloudConfig, textOf } from "../../cloud-init/cloud-config";

/** The files of user data on the VM, path -> text. */
export function filesOf(userData: string): Map<string, string> {
  return new Map(readCloudConfig(userData).write_files.map((file) => [file.path, textOf(file)]));
}

/** Writes the files of user data below a private root. */
export function unpack(userData: string, root: string): void {
  for (const { path, permissions, ...file } of readCloudConfig(userData).write_files) {
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, textOf({ path, permissions, ...file }), { mode: Number.parseInt(permissions, 8) });
  }
}

/** Exit status and everything a program printed. */
export function run(program: string, args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  return { status, output: `${stdout}${stderr}` };
}
