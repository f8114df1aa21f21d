import { join } from "node:path";
import type { App } from "cdktf";
import type { Environment } from "../../environments/schema";
import { readSynthesizedFolder, type SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { synthesize } from "../../main";
import { projectFolder } from "./stack-folder";
import { temporaryFolder } from "./temporary-folder";

/** Writes the environment's stacks into the folder that cdktf and Terraform read, and returns them in the order of deployment. */
export function synthesizeSystem(environment: Environment): SynthesizedStack[] {
  return stacksOf(synthesize(environment, join(projectFolder, "cdktf.out")));
}

/** Synthesizes the environment's stacks in a temporary folder, and returns them in the order of deployment. */
export function readSystem(environment: Environment): SynthesizedStack[] {
  const folder = temporaryFolder();
  try {
    return stacksOf(synthesize(environment, folder.path));
  } finally {
    folder.remove();
  }
}

/** Returns the synthesized stacks in the order in which main.ts creates them. cdktf sorts its manifest by name. */
export function stacksOf(app: App): SynthesizedStack[] {
  const written = readSynthesizedFolder(app.outdir);
  return app.node.children.flatMap(({ node }) => written.find(({ name }) => name === node.id) ?? []);
}
