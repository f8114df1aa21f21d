import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Writes an executable shell script that imitates a program. */
export function standIn(folder: string, name: string, script: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A Vault that only knows its version. */
export function vaultStandIn(folder: string, version: string): string {
  return standIn(folder, "vault", `echo 'Vault v${version} (0123abc), built 2026-01-01T00:00:00Z'`);
}
