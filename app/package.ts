import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { buildSync } from "esbuild";
import { zipSync } from "fflate";
import { NODE_MAJOR } from "./node-version";

/** Zip's earliest date, in local time as zip writes it: the same bytes on every machine and day. */
const fixedDate = new Date(1980, 0, 1);

/** -rw-r--r-- in zip's format. Without it, unzip creates files that only root can read. Source: Info-ZIP, "external file attributes". */
const readableByAll = (0o100644 << 16) >>> 0;

/** Versions of libraries and bundler, and how the bundler reads TypeScript. */
const settings = ["../package-lock.json", "../tsconfig.json"].map((file) => join(__dirname, file));
const cache = join(__dirname, "../node_modules/.cache/vault-on-azure");

/**
 * Packages the application for App Service: bundled files in a zip with the same bytes on every machine.
 * Bundling takes a tenth of a synth, so node_modules/.cache keeps the zip until an input changes.
 */
export function packageApp(): Uint8Array {
  const kept = join(cache, `app-${inputsHash()}.zip`);
  if (existsSync(kept)) return readFileSync(kept);
  const zip = zipSync(bundle(), { mtime: fixedDate, os: 3, attrs: readableByAll });
  mkdirSync(cache, { recursive: true });
  const unfinished = `${kept}.${process.pid}`;
  writeFileSync(unfinished, zip);
  renameSync(unfinished, kept);
  return zip;
}

/** Bundles the server that App Service starts, and the command to run after a rotation of the key. */
function bundle(): Record<string, Uint8Array> {
  const { outputFiles } = buildSync({
    absWorkingDir: __dirname,
    entryPoints: ["server.ts", "rewrap.ts"],
    outdir: ".",
    bundle: true,
    platform: "node",
    target: `node${NODE_MAJOR}`,
    // Unminified code names each library by its path on this machine.
    minify: true,
    keepNames: true,
    write: false,
  });
  return Object.fromEntries(outputFiles.map(({ path, contents }) => [basename(path), contents]));
}

/** Hashes all inputs of the zip. */
function inputsHash(): string {
  const sources = readdirSync(__dirname, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash("sha256");
  for (const file of [...sources, ...settings])
    hash.update(file.slice(__dirname.length)).update("\0").update(readFileSync(file)).update("\0");
  return hash.digest("hex").slice(0, 32);
}
