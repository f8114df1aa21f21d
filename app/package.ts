import { join } from "node:path";
import { buildSync } from "esbuild";
import { zipSync } from "fflate";

/** Zip's earliest date, in local time as zip writes it: the same bytes on every machine and day. */
const fixedDate = new Date(1980, 0, 1);

/** The application as App Service runs it: one bundled file in a zip, the same byte for byte wherever it is made. */
export function packageApp(): Uint8Array {
  const { outputFiles } = buildSync({
    absWorkingDir: __dirname,
    entryPoints: [join(__dirname, "server.ts")],
    bundle: true,
    platform: "node",
    target: "node22",
    write: false,
  });
  const [server] = outputFiles;
  if (!server) throw new Error("esbuild made no file of app/server.ts; run `npm ci` anew.");
  return zipSync({ "server.js": server.contents }, { mtime: fixedDate, os: 3 });
}
