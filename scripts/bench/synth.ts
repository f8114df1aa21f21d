import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Measured, measureSideBySide, median, ratios, spread } from "./side-by-side";

const project = join(__dirname, "../..");
const output = mkdtempSync(join(tmpdir(), "bench-synth-"));

/** What `npm run synth` costs as a whole process, against the least that is possible and against careless imports. */
export async function benchSynth(rounds: number): Promise<void> {
  try {
    await againstFloor(rounds);
    await perWorkload(rounds);
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

async function againstFloor(rounds: number): Promise<void> {
  const bindings = JSON.parse(node([join(__dirname, "loaded-bindings.ts")])) as string[];
  const roots = ["azurerm", "vault", "random"].flatMap((name) => ["--require", `@cdktf/provider-${name}`]);
  const main = join(project, "main.ts");
  const measured = await measureSideBySide(
    [
      {
        name: "floor: same bindings, empty stacks",
        measure: () => wall([join(__dirname, "floor.ts"), ...bindings]),
      },
      { name: "demo", measure: () => wall([main], "demo") },
      { name: "production", measure: () => wall([main], "production") },
      { name: "demo, importing the packages' roots", measure: () => wall([...roots, main], "demo") },
    ],
    rounds,
  );
  console.log(`\nSynth, whole process, ${rounds} rounds: median (minimum to maximum)\n`);
  console.log("| program | milliseconds | times the floor |\n| --- | --- | --- |");
  const [floor] = measured;
  for (const one of measured) {
    console.log(
      `| ${one.name} | ${spread(one.figures, 0)} | ${floor ? spread(ratios(one, floor), 2) : ""} |`,
    );
  }
}

/** Building and writing the stacks alone, without the process's start, as the number of web apps grows. */
async function perWorkload(rounds: number): Promise<void> {
  const counts = [1, 10, 100, 1000];
  const measured = await measureSideBySide(
    counts.map((count) => ({
      name: String(count),
      measure: () => Number(node([join(__dirname, "workloads.ts"), String(count)])),
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

function wall(args: readonly string[], environment?: string): number {
  const start = performance.now();
  node(args, environment);
  return performance.now() - start;
}

function node(args: readonly string[], environment = "demo"): string {
  return execFileSync(process.execPath, ["--require", "tsx/cjs", ...args], {
    cwd: project,
    encoding: "utf8",
    env: { ...process.env, ENVIRONMENT: environment, CDKTF_OUTDIR: output },
  });
}
