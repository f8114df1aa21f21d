import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { openPromise } from "yauzl";
import { UserError } from "../../lib/processes/user-error";

/**
 * Writes one file of a zip archive to `path`, and ignores the archive's other files.
 *
 * @throws UserError when the archive has no such file or is damaged, and the file system's error when the disk is
 * full
 */
export async function unzipOneFile(archive: string, name: string, path: string): Promise<void> {
  const zip = await openPromise(archive).catch((error: Error) => {
    throw new UserError(`${archive} is not a zip archive (${error.message}).`);
  });
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName !== name) continue;
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path, { mode: 0o755 }));
      return;
    }
  } finally {
    zip.close();
  }
  throw new UserError(`${archive} contains no file named ${name}.`);
}
