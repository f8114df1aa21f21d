import type { Environment } from "./schema";

/**
 * Days before its end at which Vault's certificate is overdue: half of the time that is left when Key Vault renews it. For a
 * certificate that is brought along, two weeks.
 */
export function certificateDays(tls: Environment["vault"]["tls"]): number {
  return tls.source === "generated" ? Math.min(14, Math.floor(tls.renewDaysBeforeExpiry / 2)) : 14;
}
