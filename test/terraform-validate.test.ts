import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { loadEnvironment } from "../environments/load";
import { type Environment, environmentSchema } from "../environments/schema";
import { synthesize } from "../main";
import { environments } from "./properties/environments";
import { environmentFiles } from "./properties/generated-environments";
import { stackNames } from "./stack-names";
import { asObject, sharedSystem } from "./synthesis";

const folder = mkdtempSync(join(tmpdir(), "terraform-validate-"));

interface Diagnostic {
  severity: string;
  summary: string;
  detail?: string;
  address?: string;
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs Terraform as a stack's user would, but without a missing settings file. */
function terraform(cwd: string, ...args: string[]) {
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    TF_IN_AUTOMATION: "1",
    CHECKPOINT_DISABLE: "1",
    TF_PLUGIN_CACHE_DIR: cacheFolder(),
    // Terraform may use the cache for providers that no lock file names yet.
    TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: "1",
  };
  const settings = environment.TF_CLI_CONFIG_FILE;
  if (settings !== undefined && !existsSync(settings)) delete environment.TF_CLI_CONFIG_FILE;
  delete environment.TF_DATA_DIR;
  delete environment.TF_WORKSPACE;
  return spawnSync("terraform", args, { cwd, env: environment, encoding: "utf8", timeout: 300_000 });
}

/** All stacks and all runs share this folder, because azurerm alone is 350 MB. */
function cacheFolder(): string {
  const cache =
    process.env.TF_PLUGIN_CACHE_DIR ?? join(__dirname, "../node_modules/.cache/terraform-plugins");
  mkdirSync(cache, { recursive: true });
  return cache;
}

/** Returns the reason why the stacks cannot be validated, or undefined. One init with all providers decides. */
function obstacle(): string | undefined {
  const version = terraform(folder, "version", "-json");
  if (version.error) return "terraform is not on the PATH; install 1.11 or newer";
  const number = String(asObject(JSON.parse(version.stdout))["terraform_version"]);
  const [major = 0, minor = 0] = number.split(".").map(Number);
  if (major < 1 || (major === 1 && minor < 11)) return `terraform ${number} is older than 1.11`;
  const probe = join(folder, "probe");
  mkdirSync(probe);
  writeFileSync(
    join(probe, "main.tf.json"),
    JSON.stringify({ terraform: { required_providers: requiredProviders() } }),
  );
  const { status, stderr } = terraform(probe, "init", "-backend=false", "-input=false", "-no-color");
  if (status === 0) return undefined;
  const reason = stderr.replaceAll(/[\s│╷╵]+/g, " ").trim();
  return `the providers cannot be installed (${reason.slice(0, 160)})`;
}

/** Returns the required providers of all stacks. */
function requiredProviders(): object {
  const stacks = [...sharedSystem(loadEnvironment("demo")).values()];
  return Object.assign(
    {},
    ...stacks.map(({ json }) => asObject(asObject(json["terraform"])["required_providers"])),
  );
}

/** Returns the environments of the property tests, and some generated ones. */
function validated(): (readonly [string, Environment])[] {
  const generated = fc.sample(environmentFiles, { numRuns: 2, seed: 20_261_124 });
  return [
    ...environments,
    ...generated.map((file, index) => [`generated ${index + 1}`, environmentSchema.parse(file)] as const),
  ];
}

/** Synthesizes all stacks of an environment, each into its own folder. */
function synthesizeTo(name: string, environment: Environment): string {
  const output = join(folder, name.replace(" ", "-"));
  synthesize(environment, output);
  return join(output, "stacks");
}

const reason = obstacle();
if (reason) console.warn(`Skipping terraform validate: ${reason}`);

describe.each(validated())("terraform validate, %s", (name, environment) => {
  if (reason) {
    test.skip(`skipped: ${reason}`, () => {});
    return;
  }
  const stacks = synthesizeTo(name, environment);

  it.each(stackNames)(
    "finds no error and no warning in %s",
    (stack) => {
      const cwd = join(stacks, stack);
      const init = terraform(cwd, "init", "-backend=false", "-input=false", "-no-color");
      expect({ status: init.status, stderr: init.stderr }).toEqual({ status: 0, stderr: "" });
      const { stdout } = terraform(cwd, "validate", "-json");
      const { valid, diagnostics } = JSON.parse(stdout) as { valid: boolean; diagnostics: Diagnostic[] };
      const said = diagnostics.map(
        ({ severity, summary, detail, address }) => `${severity}: ${address}: ${summary}: ${detail}`,
      );
      expect({ valid, said }).toEqual({ valid: true, said: [] });
    },
    120_000,
  );

  it("covers every stack", () => {
    expect(stackNames.filter((stack) => !existsSync(join(stacks, stack, "cdk.tf.json")))).toEqual([]);
  });
});
