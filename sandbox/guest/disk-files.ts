import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runProgram } from "../../lib/processes/run-program";
import { UserError } from "../../lib/processes/user-error";

/** A file or symbolic link of a guest. Root owns it. */
export type DiskFile = { readonly path: string } & (
  | { readonly content: string; readonly mode?: number }
  /** A file of this machine. */
  | { readonly from: string; readonly mode?: number }
  | { readonly link: string }
);

const DEADLINE_MS = 120_000;

/**
 * Writes files into an unmounted ext4 file system, and replaces existing ones. Needs no root.
 *
 * @param debugfs absolute path of e2fsprogs' program
 * @param image a raw file system
 * @param work a private folder for the files' contents
 */
export async function putFiles(
  debugfs: string,
  image: string,
  work: string,
  files: readonly DiskFile[],
): Promise<void> {
  const commands: string[] = [];
  const folders = new Set<string>();
  for (const [index, file] of files.entries()) {
    for (const folder of foldersAbove(file.path)) {
      if (!folders.has(folder)) commands.push(`mkdir ${folder}`);
      folders.add(folder);
    }
    commands.push(`rm ${file.path}`);
    if ("link" in file) {
      commands.push(`symlink ${file.path} ${file.link}`);
      continue;
    }
    const source = "from" in file ? file.from : join(work, `file-${index}`);
    if ("content" in file) await writeFile(source, file.content, { mode: 0o600 });
    const mode = 0o100000 | (file.mode ?? 0o644);
    commands.push(
      `write ${source} ${file.path}`,
      `set_inode_field ${file.path} mode 0${mode.toString(8)}`,
      `set_inode_field ${file.path} uid 0`,
      `set_inode_field ${file.path} gid 0`,
    );
  }
  const script = join(work, "debugfs-commands");
  await writeFile(script, `${commands.join("\n")}\n`, { mode: 0o600 });
  const { code, stderr } = await runProgram({
    command: debugfs,
    args: ["-w", "-f", script, image],
    env: { PATH: process.env.PATH },
    deadlineMs: DEADLINE_MS,
  });
  // Existing folders and missing files are not problems.
  const problems = stderr
    .split("\n")
    .filter((line) => line !== "" && !/^debugfs 1\.|already exists|File not found by ext2_lookup/.test(line));
  if (code !== 0 || problems.length > 0)
    throw new UserError(`debugfs could not write files into ${image}: ${problems.join(" | ")}`);
}

/** Returns a path's folders, outermost first. */
function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === "/" ? [] : [...foldersAbove(folder), folder];
}
