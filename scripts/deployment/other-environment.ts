import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { projectFolder } from "./stack-folder";

const pointer = z.object({
  backend: z.object({ config: z.object({ path: z.string().nullish(), key: z.string().nullish() }) }),
});

/**
 * Makes Terraform forget the place of another environment's state that this folder used before. Otherwise Terraform
 * asks whether to move that state. The state itself does not change. For a state of the same environment in a new
 * place, Terraform still asks.
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
