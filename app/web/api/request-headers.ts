import type { IncomingHttpHeaders } from "node:http";
import { InvalidInput } from "../../errors";

/** The entity tag of a version: strong, since a version is one content. Source: RFC 9110, section 8.8.3. */
export const entityTag = (version: number): string => `"${version}"`;

/**
 * The version that `If-Match` names; undefined without that header, or where it allows any.
 * @throws {InvalidInput} when it is not one tag that this API gave
 */
export function versionToMatch(headers: IncomingHttpHeaders): number | undefined {
  const sent = headers["if-match"];
  if (sent === undefined || sent === "*") return undefined;
  const [, version] = /^"([1-9]\d{0,8})"$/.exec(sent) ?? [];
  if (version === undefined) {
    throw new InvalidInput({ "If-Match": "This is not an ETag of a customer. Send the ETag that you read." });
  }
  return Number(version);
}

/**
 * The key with which a request may be sent again without being done again.
 * @throws {InvalidInput} when it is not 1 to 255 printable ASCII characters
 */
export function idempotencyKey(headers: IncomingHttpHeaders): string | undefined {
  const sent = headers["idempotency-key"];
  if (sent === undefined) return undefined;
  if (typeof sent !== "string" || !/^[\x21-\x7e]{1,255}$/.test(sent)) {
    throw new InvalidInput({
      "Idempotency-Key": "This key does not have 1 to 255 printable characters. Send a UUID.",
    });
  }
  return sent;
}
