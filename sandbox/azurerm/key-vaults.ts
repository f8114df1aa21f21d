import { z } from "zod";
import type { EvaluatedSystem } from "../../lib/synthesized/evaluated-system";

/** Returns the name of the Key Vault with this ARM id. */
export function keyVaultName(deployment: EvaluatedSystem, id: string): string {
  return deployment.resourceWithId("azurerm_key_vault", id).read({ name: z.string() }).name;
}
