/**
 * node scripts/run-bundled.cjs <program>.ts [argument...]
 *
 * Runs a TypeScript program's `main()` from one bundled file, which stays in node_modules/.cache until a source changes. The
 * providers' bindings are hundreds of large modules. Loading them one by one takes longer than the rest of a synth.
 * Positions in its stack traces are the bundle's; `npx tsx <program>.ts` gives TypeScript's.
 */
const { createHash } = require("node:crypto");
const {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} = require("node:fs");
const { createRequire, wrap } = require("node:module");
const { dirname, join, relative, resolve } = require("node:path");
const { constants, Script } = require("node:vm");

const project = join(__dirname, "..");
const cache = join(project, "node_modules/.cache/vault-on-azure");

const [program, ...rest] = process.argv.slice(2);
if (program === undefined) {
  console.error("Usage: node scripts/run-bundled.cjs <program>.ts [argument...]");
  process.exit(1);
}
const entry = resolve(program);
// The program gets the same arguments as if Node had started it.
process.argv = [process.argv[0], entry, ...rest];
void bundleOf(entry).then(run);

/**
 * Runs a bundle's `main()`. It stores V8's compiled code beside the bundle, because compiling takes a quarter of a synth. The
 * file's name contains the hash of the sources, because V8 itself compares only their length.
 */
async function run({ bundle, hash }) {
  const kept = `${bundle}.${hash}.v8`;
  const cachedData = existsSync(kept) ? readFileSync(kept) : undefined;
  const script = new Script(wrap(readFileSync(bundle, "latin1")), {
    filename: bundle,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} };
  // A run that only prints its help compiles so little that all later runs would compile the rest again.
  const onlyHelp = rest.some((argument) => argument === "--help" || argument === "-h");
  if ((cachedData === undefined || script.cachedDataRejected) && !onlyHelp)
    // This runs at the exit, because programs also end by process.exit(), and because V8 has then compiled everything they used.
    process.once("exit", () => {
      try {
        writeWhole(kept, script.createCachedData());
      } catch {
        // The folder may belong to another user. The program has done its work.
      }
    });
  script.runInThisContext()(module.exports, createRequire(bundle), module, bundle, dirname(bundle));
  await module.exports.main();
}

/** Returns the path of an up-to-date bundle, and the hash of its sources. A file beside the bundle lists the sources. */
async function bundleOf(entry) {
  const name = relative(project, entry).replace(/\W+/g, "-");
  const bundle = join(cache, `${name}.cjs`);
  const list = join(cache, `${name}.json`);
  if (existsSync(bundle) && existsSync(list)) {
    const { inputs, hash } = JSON.parse(readFileSync(list, "utf8"));
    if (inputs.every((file) => existsSync(join(project, file))) && hash === hashOf(inputs))
      return { bundle, hash };
  }
  const { outputFiles, metafile } = await build(entry);
  // Libraries change only with the lockfile.
  const inputs = Object.keys(metafile.inputs).filter((file) => !file.includes("node_modules/"));
  inputs.push("package-lock.json", "scripts/run-bundled.cjs");
  mkdirSync(cache, { recursive: true });
  const hash = hashOf(inputs);
  for (const file of readdirSync(cache))
    if (file.startsWith(`${name}.cjs.`)) rmSync(join(cache, file), { force: true });
  // Node reads ASCII much faster. Only comments and regular expressions still contain other letters.
  writeWhole(bundle, outputFiles[0].text.replace(/[\u0080-\uffff]/g, escaped));
  writeWhole(list, JSON.stringify({ inputs, hash }));
  return { bundle, hash };
}

function build(entry) {
  return require("esbuild").build({
    absWorkingDir: project,
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    target: `node${process.versions.node}`,
    banner: { js: 'const bundledProject = require("node:path").join(__dirname, "../../..");' },
    // These packages find their files by their own path.
    external: ["esbuild", "openpgp"],
    // cdktf loads it for assets that are folders. No stack has one, and loading it takes a tenth of a program's start.
    alias: { archiver: join(__dirname, "lib/no-archiver.ts") },
    keepNames: true,
    metafile: true,
    write: false,
    logLevel: "error",
    plugins: [{ name: "own folder", setup: keepOwnFolder }],
  });
}

/**
 * The project's modules read files beside them, so each keeps its own `__dirname`. It begins at the bundle's own place, so a copy of
 * the project can contain a copy of the bundle.
 */
function keepOwnFolder(build) {
  build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
    if (path.includes("node_modules")) return undefined;
    const folder = `require("node:path").join(bundledProject, ${JSON.stringify(relative(project, dirname(path)))})`;
    return { loader: "ts", contents: `const __dirname = ${folder};${readFileSync(path, "utf8")}` };
  });
}

function escaped(letter) {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function hashOf(files) {
  const hash = createHash("sha256").update(process.version);
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(project, file)));
  return hash.digest("hex");
}

/** Writes with a rename, so that a concurrent run never reads half a file. */
function writeWhole(file, content) {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, content);
  renameSync(unfinished, file);
}
