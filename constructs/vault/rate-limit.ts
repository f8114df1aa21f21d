import { QuotaRateLimit } from "@cdktf/provider-vault/lib/quota-rate-limit";
import { Construct } from "constructs";

/** Requests a second that one client address may send: far above what a workload sends, far below what a flood does. */
export const requestsPerSecond = 500;

/**
 * What one client can have Vault do, and write into its audit logs: a request above the rate is answered with 429, and logged
 * nowhere.
 */
export class RateLimit extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    new QuotaRateLimit(this, "each-client", { name: "each-client", path: "", rate: requestsPerSecond });
  }
}
