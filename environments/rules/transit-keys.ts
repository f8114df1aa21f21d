import { z } from "zod";
import type { Problem } from "../problem";
import type { Read } from "../read";
import { entriesDiffer } from "./repeated-entries";

const transitKeyName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}$/, "is not a key name; use 1 to 64 lower-case letters, digits and hyphens.");

export const transitKeys = z
  .array(transitKeyName)
  .min(1, "is empty; name at least one key, such as customer-key.")
  .default(["customer-key", "archive-key"])
  .describe("Keys of Vault's transit engine.");

export function transitKeyRules(read: Read): Problem[] {
  return entriesDiffer(read, "transitKeys");
}
