import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { projectFolder } from "./project";

const pointer = z.object({
  backend: z.object({ config: z.object({ path: z.string().nullish(), key: z.string().nullish() }) }),
});

/**
 * Lets Terraform forget where the state of another environment's stack is, which was deployed from this folder before: it
 * would ask whether to move that state. The state itself stays where it is; a state of the same environment that is to be
 * moved is left to Terraform's question.
 */
export async function forgetOtherEnvironment(stack: string, environment: string): Promise<void> {
  const file = join(projectFolder, "cdktf.out/stacks", stack, ".terraform/terraform.tfstate");
  const place = await readFile(file, "utf8").then(
    (text) => pointer.safeParse(JSON.parse(text)).data?.backend.config,
    () => undefined,
  );
  const state = place?.path ?? place?.key;
  if (state && !`/${state}`.endsWith(`/${environment}/${stack}.tfstate`)) await rm(file);
}
