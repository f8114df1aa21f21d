import { z } from "zod";
import { azureId } from "../azure-id";

const KEY_ID = azureId("Microsoft\\.KeyVault/vaults/([A-Za-z0-9-]{3,24})/keys/([A-Za-z0-9-]{1,127})");

export const unsealKey = z
  .string()
  .regex(
    KEY_ID,
    "is not the Azure id of a key; write /subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.KeyVault/vaults/<name>/keys/<name>, without a version.",
  )
  .optional()
  .describe(
    "Azure id of another environment's unseal key. Vault seals itself with it instead of its own key, and so can restore that environment's snapshots. Set it before the first deployment. docs/operations.md, *Into another environment*.",
  );

/** Returns the names of the Key Vault and of the key in a key's Azure id. */
export function namesInKeyId(id: string): { keyVaultName: string; keyName: string } {
  const [, keyVaultName = "", keyName = ""] = KEY_ID.exec(id) ?? [];
  return { keyVaultName, keyName };
}
