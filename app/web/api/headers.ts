import { z } from "zod";

/** The entity tag of a version: strong, since a version is one content. Source: RFC 9110, section 8.8.3. */
export const entityTag = (version: number): string => `"${version}"`;

/** Reads the version that `If-Match` names. Undefined without that header, and if it allows any version (`*`). */
export const ifMatch = (description: string) =>
  z.object({
    "If-Match": z
      .string()
      .regex(/^(?:\*|"[1-9]\d{0,8}")$/, "This is not an ETag of a customer. Send the ETag that you read.")
      .transform((tag) => (tag === "*" ? undefined : Number(tag.slice(1, -1))))
      .optional()
      .describe(description),
  });

/** Reads the key of a request. A second request with the same key has no further effect. */
export const idempotencyKey = z.object({
  "Idempotency-Key": z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, "This key does not have 1 to 255 printable characters. Send a UUID.")
    .optional()
    .describe("A second request with the same key does not add the customer again."),
});
