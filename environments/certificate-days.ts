import type { Environment } from "./schema";

/**
 * Returns the days before its expiry at which the renewal of Vault's certificate is overdue: half of the days that remain when Key Vault
 * renews it. For an existing certificate, two weeks.
 */
export function certificateDays(tls: Environment["vault"]["tls"]): number {
  return tls.source === "generated" ? Math.min(14, Math.floor(tls.renewDaysBeforeExpiry / 2)) : 14;
}
