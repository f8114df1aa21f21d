import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Measured, measureSideBySide, median, ratios, spread } from "./side-by-side";

const project = join(__dirname, "../..");
const tsx = ["--require", "tsx/cjs"];
const output = mkdtempSync(join(tmpdir(), "bench-synth-"));
/** The folder in which scripts/run-bundled.cjs keeps its bundles. */
const bundles = join(project, "node_modules/.cache/vault-on-azure");

/** Compares `npm run synth` as a whole process with the lowest possible cost and with careless imports. */
export async function benchSynth(rounds: number): Promise<void> {
  try {
    await againstFloor(rounds);
    await perWorkload(rounds);
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

async function againstFloor(rounds: number): Promise<void> {
  const bindings = JSON.parse(node([...tsx, join(__dirname, "loaded-bindings.ts")])) as string[];
  const roots = ["azurerm", "vault", "random"].flatMap((name) => ["--require", `@cdktf/provider-${name}`]);
  const floor = join(__dirname, "floor.ts");
  const launcher = "scripts/run-bundled.cjs";
  const bundledFloor = writeBundledFloor(bindings);
  const measured = await measureSideBySide(
    [
      { name: "floor: same bindings, empty stacks", measure: () => wall([...tsx, floor, ...bindings]) },
      { name: "the floor from one bundle", measure: () => wall([launcher, bundledFloor]) },
      { name: "demo, as `npm run synth` and cdktf run it", measure: () => wall([launcher, "main.ts"]) },
      { name: "production, likewise", measure: () => wall([launcher, "main.ts"], "production") },
      {
        name: "demo, first run after a change",
        measure: () => afterChange(() => wall([launcher, "main.ts"])),
      },
      { name: "demo by tsx, without the bundle", measure: () => wall([...tsx, "main.ts"]) },
      {
        name: "demo by tsx, importing the packages' roots",
        measure: () => wall([...tsx, ...roots, "main.ts"]),
      },
    ],
    rounds,
  );
  console.log(`\nSynth, whole process, ${rounds} rounds: median (minimum to maximum)\n`);
  console.log("| program | milliseconds | times the floor | times the floor from one bundle |");
  console.log("| --- | --- | --- | --- |");
  const [least, leastBundled] = measured;
  if (!least || !leastBundled) return;
  for (const program of measured) {
    const times = [least, leastBundled].map((floor) => spread(ratios(program, floor), 2));
    console.log(`| ${program.name} | ${spread(program.figures, 0)} | ${times.join(" | ")} |`);
  }
}

/** Writes the floor in the form in which `npm run synth` would run it: the bundle names its bindings. */
function writeBundledFloor(bindings: readonly string[]): string {
  const program = join(bundles, "floor.ts");
  const imports = bindings.map((binding) => `import ${JSON.stringify(binding)};`);
  const floor = JSON.stringify(join(__dirname, "floor"));
  mkdirSync(bundles, { recursive: true });
  writeFileSync(program, [...imports, `export const main = () => require(${floor});`].join("\n"));
  // Removes the bundle of an earlier run, which may contain another list of bindings.
  rmSync(join(bundles, "node_modules-cache-vault-on-azure-floor-ts.json"), { force: true });
  return program;
}

/** Measures building and writing the stacks without the start of the process, as the number of web apps grows. */
async function perWorkload(rounds: number): Promise<void> {
  const counts = [1, 10, 100, 1000];
  const measured = await measureSideBySide(
    counts.map((count) => ({
      name: String(count),
      measure: () => Number(node([...tsx, join(__dirname, "workloads.ts"), String(count)])),
    })),
    rounds,
  );
  console.log(`\nSynth by number of workloads, without the process's start, ${rounds} rounds\n`);
  console.log("| workloads | milliseconds | milliseconds for each more than one |\n| --- | --- | --- |");
  const [one] = measured;
  for (const many of measured)
    console.log(`| ${many.name} | ${spread(many.figures, 0)} | ${each(many, one)} |`);
}

function each(many: Measured, one: Measured | undefined): string {
  const more = Number(many.name) - 1;
  return one && more > 0 ? ((median(many.figures) - median(one.figures)) / more).toFixed(2) : "";
}

/** Measures a run after a change of any source file, which rebuilds the bundle. */
function afterChange(measure: () => number): number {
  rmSync(join(bundles, "main-ts.json"), { force: true });
  return measure();
}

function wall(args: readonly string[], environment?: string): number {
  const start = performance.now();
  node(args, environment);
  return performance.now() - start;
}

function node(args: readonly string[], environment = "demo"): string {
  return execFileSync(process.execPath, args, {
    cwd: project,
    encoding: "utf8",
    env: { ...process.env, ENVIRONMENT: environment, CDKTF_OUTDIR: output },
  });
}
