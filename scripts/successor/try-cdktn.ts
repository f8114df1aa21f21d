import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environmentNames } from "../../environments/load";
import { helpIfAsked } from "../help";

const usage = `Usage: scripts/try-cdktn

Synthesizes every environment twice, with cdktf and with cdktn, and compares the stacks. Both use cdktf's bindings of the
providers, because cdktn has none for Vault. npm installs cdktn into a temporary folder.
Exit codes: 0 the stacks are equal, 1 they differ.`;

/** cdktn 0.24 accepts no newer constructs. */
const packages = ["cdktn@0.24.0", "constructs@10.7.2"];

const project = join(__dirname, "../..");

function main(): void {
  helpIfAsked(usage);
  const folder = mkdtempSync(join(tmpdir(), "cdktn-"));
  try {
    const options = ["--prefix", folder, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
    execFileSync("npm", ["install", ...options, ...packages], { stdio: ["ignore", "ignore", "inherit"] });
    const different = environmentNames().flatMap((name) => differences(name, folder));
    for (const file of different) console.error(`Different with ${packages.join(" and ")}: ${file}`);
    if (different.length === 0) console.log(`${packages.join(" and ")} synthesize the same stacks as cdktf.`);
    process.exitCode = different.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Returns the stacks of an environment that differ. */
function differences(environment: string, folder: string): string[] {
  const before = synthesize(environment, join(folder, `${environment}-cdktf`), []);
  const hook = join(__dirname, "cdktn-for-cdktf.cjs");
  const after = synthesize(environment, join(folder, `${environment}-cdktn`), ["--require", hook], {
    CDKTN_FOLDER: folder,
  });
  const stacks = new Set([...before.keys(), ...after.keys()]);
  return [...stacks]
    .filter((stack) => before.get(stack) !== after.get(stack))
    .map((stack) => `${environment}: ${stack}`);
}

/** Returns the JSON of each stack, without the version of the framework. */
function synthesize(
  environment: string,
  outdir: string,
  options: readonly string[],
  variables: Record<string, string> = {},
): Map<string, string> {
  execFileSync(process.execPath, [...options, "--require", "tsx/cjs", "main.ts"], {
    cwd: project,
    env: { ...process.env, ...variables, ENVIRONMENT: environment, CDKTF_OUTDIR: outdir },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const stacks = join(outdir, "stacks");
  return new Map(
    readdirSync(stacks).map((stack) => {
      const json = JSON.parse(readFileSync(join(stacks, stack, "cdk.tf.json"), "utf8"));
      delete json["//"].metadata.version;
      return [stack, JSON.stringify(json)];
    }),
  );
}

main();
