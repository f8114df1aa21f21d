import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import { EvaluatedSystem } from "../../../lib/synthesized/evaluated-system";
import {
  readSynthesizedFolder,
  type StackJson,
  type SynthesizedStack,
} from "../../../lib/synthesized/synthesized-folder";
import { buildSystem } from "../../../main";
import type { CertificatePem } from "../../../sandbox/azurerm/computed-attributes";
import { azurerm } from "../../../sandbox/azurerm/provider";
import { inSynthesizedFolder } from "../../synthesis";

export const demo = loadEnvironment("demo");
export const production = loadEnvironment("production");

/** Synthesizes an environment into a folder that exists during the call. */
export function inFolderOf<Result>(environment: Environment, use: (folder: string) => Result): Result {
  return inSynthesizedFolder((app) => buildSystem(app, environment), use);
}

const synthesized = new WeakMap<Environment, SynthesizedStack[]>();

/** Returns a new deployment each time. The stacks of one environment are synthesized once. */
export function deploymentOf(environment: Environment, certificatePem?: CertificatePem): EvaluatedSystem {
  const stacks = synthesized.get(environment) ?? inFolderOf(environment, readSynthesizedFolder);
  synthesized.set(environment, stacks);
  return new EvaluatedSystem(stacks, azurerm(certificatePem));
}

/** Builds stacks from JSON, for cases that the real stacks do not have. */
export function deploymentWith(
  stacks: Record<string, Partial<StackJson>>,
  certificatePem?: CertificatePem,
): EvaluatedSystem {
  const whole = Object.entries(stacks).map(([name, stack]) => ({
    name,
    json: {
      "//": {},
      terraform: { backend: { local: { path: `${name}.tfstate` } }, required_providers: {} },
      provider: {},
      data: {},
      ephemeral: {},
      resource: {},
      locals: {},
      output: {},
      ...stack,
    },
  }));
  return new EvaluatedSystem(whole, azurerm(certificatePem));
}
