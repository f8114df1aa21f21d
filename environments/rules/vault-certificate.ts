import { z } from "zod";
import type { Problem } from "../problem";
import type { Read } from "../read";
import { resourceGroupName } from "./azure-names";

export const tls = z
  .discriminatedUnion(
    "source",
    [
      z.strictObject({
        source: z
          .literal("generated")
          .describe("Key Vault creates a self-signed certificate and renews it. Clients pin it."),
        validityInMonths: z
          .int()
          .min(1, "is less than a month; choose 1 or more.")
          .max(24, "is longer than 24 months; choose 24 or less.")
          .default(12)
          .describe("Validity of each certificate, in months."),
        renewDaysBeforeExpiry: z
          .int()
          .min(7, "leaves less than a week; choose 7 or more.")
          .max(180, "is more than 180 days; choose 180 or less.")
          .default(30)
          .describe("Key Vault renews the certificate this many days before it expires."),
      }),
      z.strictObject({
        source: z
          .literal("existing")
          .describe("An existing certificate in a Key Vault of the same subscription."),
        keyVault: z
          .string()
          .regex(
            /^(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$/,
            "is not a Key Vault name; use 3 to 24 letters, digits and single hyphens, starting with a letter.",
          )
          .describe("The Key Vault's name."),
        resourceGroup: resourceGroupName.describe("The Key Vault's resource group."),
        certificate: z
          .string()
          .regex(
            /^[A-Za-z0-9-]{1,127}$/,
            "is not a certificate name; use 1 to 127 letters, digits and hyphens.",
          )
          .describe(
            "The certificate's name. The certificate must contain Vault's private name and, with a public address, its public name.",
          ),
      }),
    ],
    "is not a source; set source to generated or existing.",
  )
  .prefault({ source: "generated" })
  .describe("Source of the TLS certificate.");

export function certificateOutlivesItsRenewal(read: Read): Problem[] {
  const given = read(tls, "vault", "tls");
  if (given?.source !== "generated" || given.renewDaysBeforeExpiry < given.validityInMonths * 28) return [];
  return [
    {
      field: "vault.tls.renewDaysBeforeExpiry",
      sentence: `${given.renewDaysBeforeExpiry} days are not less than the certificate's life (vault.tls.validityInMonths is ${given.validityInMonths}); choose fewer days or more months.`,
    },
  ];
}
