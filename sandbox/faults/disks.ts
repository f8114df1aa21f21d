import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../../lib/processes/user-error";

/** A small file system of its own, which can be filled. */
export interface Disk {
  readonly of: string;
  fill(): void;
  free(): void;
}

/** Megabytes. MySQL wants 200 before it makes its files. Nothing rotates logs here, and Vault's grow by 150 in half an hour. */
const sizes = { "MySQL's": 800, "Vault's VM": 800 };

/**
 * Mounts small disks for MySQL and for Vault's VM, before they start. In a mount namespace of this process's own (`unshare --mount`),
 * they end with it.
 * @param folders where each disk goes
 */
export function mountDisks(folders: Readonly<Record<keyof typeof sizes, string>>): Disk[] {
  return Object.entries(sizes).map(([of, megabytes]) => {
    const folder = folders[of as keyof typeof sizes];
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=0700`, "none", folder]);
    const filler = join(folder, "filler");
    return { of, fill: () => fill(filler), free: () => rmSync(filler, { force: true }) };
  });
}

/** Until not a byte is left. */
function fill(path: string): void {
  const file = openSync(path, "a", 0o600);
  try {
    for (const size of [1 << 20, 1 << 12, 1]) {
      const block = Buffer.alloc(size);
      try {
        for (;;) writeSync(file, block);
      } catch (error) {
        if (codeOf(error) !== "ENOSPC") throw error;
      }
    }
  } finally {
    closeSync(file);
  }
}

export function unmountDisks(folders: readonly string[]): void {
  for (const folder of folders) execFileSync("umount", ["--lazy", folder]);
}
