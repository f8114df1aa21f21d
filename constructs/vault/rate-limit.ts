import { QuotaRateLimit } from "@cdktf/provider-vault/lib/quota-rate-limit";
import { Construct } from "constructs";

/** Requests per second from one client address. A workload sends far fewer, and a flood sends far more. */
export const requestsPerSecond = 500;

/**
 * Limits what one client can make Vault do and write into its audit logs. Vault answers a request above the rate with
 * 429 and does not log it.
 */
export class RateLimit extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    new QuotaRateLimit(this, "each-client", { name: "each-client", path: "", rate: requestsPerSecond });
  }
}
