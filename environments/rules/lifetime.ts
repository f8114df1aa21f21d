import { seconds } from "../duration";
import type { Problem } from "../problem";

/** Vault's maximum for leases and tokens if a mount sets none. Source: Vault, `max_lease_ttl`. */
export const systemMaxTtl = "768h";

/** The name of `systemMaxTtl` in a sentence. */
export const systemLimit = "Vault's maximum";

/** Reports a lifetime that is longer than a limit. Reports nothing if either is malformed. */
export function atMost(
  field: string,
  value: string | undefined,
  limit: string | undefined,
  why: string,
): Problem[] {
  return value !== undefined && limit !== undefined && seconds(value) > seconds(limit)
    ? [{ field, sentence: `${value} is more than ${limit}, ${why}; choose ${limit} or less.` }]
    : [];
}
