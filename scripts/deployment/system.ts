import type { Environment } from "../../environments/schema";
import { readSynthesizedFolder, type SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { synthesize } from "../../main";
import { temporaryFolder } from "./temporary-folder";

/** The environment's stacks as they are synthesized, in the order in which they are deployed. */
export function readSystem(environment: Environment): SynthesizedStack[] {
  const folder = temporaryFolder();
  try {
    synthesize(environment, folder.path);
    return readSynthesizedFolder(folder.path);
  } finally {
    folder.remove();
  }
}
