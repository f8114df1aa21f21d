import { z } from "zod";
import type { Deployment } from "../../lib/synthesized/deployment";

/** Returns the name of the Key Vault with this ARM id. */
export function keyVaultName(deployment: Deployment, id: string): string {
  return deployment.resourceWithId("azurerm_key_vault", id).read(z.object({ name: z.string() })).name;
}
