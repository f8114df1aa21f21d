import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import type { SynthesizedStack } from "../../../lib/synthesized/synthesized-folder";
import { AzureCli } from "../../../scripts/deployment/azure-cli";
import { chosenStacks } from "../../../scripts/deployment/chosen-stacks";
import { DeploymentProblems } from "../../../scripts/deployment/deployment-problems";
import type { Interruption } from "../../../scripts/deployment/interruption";
import { preflight } from "../../../scripts/deployment/preflight/preflight";
import { readSystem } from "../../../scripts/deployment/system";
import { UnfinishedWork } from "../../../scripts/deployment/unfinished-work";
import { answerFrom } from "./answers-in-process";
import type { DeploymentScene } from "./deployment-scene";

interface Options {
  /** Default: demo. */
  readonly environment?: string;
  /** Default: all. */
  readonly stacks?: readonly string[];
  /** More environment variables. */
  readonly env?: NodeJS.ProcessEnv;
}

interface Outcome {
  /** What scripts/deploy prints before it fails. Empty without a problem. */
  readonly message: string;
  readonly warnings: readonly string[];
}

/** The stacks of each environment file that a test wrote. */
const systems = new Map<string, SynthesizedStack[]>();

/**
 * Runs the preflight of scripts/deploy in this process, with the answers of the scene's programs. The start of a script and its synth take ten times
 * as long. The test's file replaces two modules of scripts/deployment: stack-folder, so that the project's own deployments do not count, and
 * run-command with answers-in-process.
 */
export async function preflightAlone(
  scene: DeploymentScene,
  { environment: name = "demo", stacks, env = {} }: Options = {},
): Promise<Outcome> {
  const environment = loadEnvironment(name, join(scene.project.folder, "environments"));
  const key = JSON.stringify(environment);
  const system = systems.get(key) ?? readSystem(environment);
  systems.set(key, system);
  const warnings: string[] = [];
  const before = process.env;
  // Without this variable, Terraform's environment gets a folder of the project.
  process.env = { ...scene.variables, TF_PLUGIN_CACHE_DIR: scene.variables["TMPDIR"], ...env };
  let message = "";
  answerFrom(scene.imitations);
  try {
    await preflight({
      environment,
      az: new AzureCli(environment.azureCloud),
      system,
      stacks: chosenStacks(system, stacks),
      unfinished: new UnfinishedWork(name),
      warn: (sentence) => void warnings.push(sentence),
      interruption: { signal: new AbortController().signal, check: () => {} } as unknown as Interruption,
      report: () => {},
    });
  } catch (error) {
    if (!(error instanceof DeploymentProblems)) throw error;
    message = `${error.message}\n`;
  } finally {
    process.env = before;
    answerFrom(undefined);
  }
  scene.expectNoTokens([message, ...warnings].join());
  return { message, warnings };
}
