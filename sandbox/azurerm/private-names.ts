import { z } from "zod";
import type { Deployment } from "../../lib/synthesized/deployment";

/** The names of the private DNS zones with the address of each, such as `vault.demo.internal`. */
export function privateNames(deployment: Deployment): ReadonlyMap<string, string> {
  return new Map(
    deployment.resources("azurerm_private_dns_a_record").map((record) => {
      const { name, zone_name, records } = record.read(
        z.object({ name: z.string(), zone_name: z.string(), records: z.tuple([z.string()]) }),
      );
      return [`${name}.${zone_name}`, records[0]];
    }),
  );
}
