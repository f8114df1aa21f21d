import { createHash } from "node:crypto";

/** The one tenant, subscription and person of a sandbox. */
export const tenantId = madeUpGuid("tenant");
export const subscriptionId = madeUpGuid("subscription");
export const signedInObjectId = madeUpGuid("signed-in user");

/** Returns the same GUID for the same source, for example `vault-server/azurerm_key_vault.x id`. */
export function madeUpGuid(source: string): string {
  return `00000000-0000-4000-8000-${hash(source).toString("hex").slice(0, 12)}`;
}

/** Returns up to 32 lower-case letters and digits. */
export function madeUpText(source: string, length: number): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  return [...hash(source).subarray(0, length)].map((byte) => alphabet[byte % alphabet.length]).join("");
}

/**
 * An RSA public key in OpenSSH's format. Nobody has its private half. Nobody logs in to a machine of the sandbox by
 * SSH, so only the key's form matters. Source: RFC 4253, 6.6.
 */
export function madeUpSshKey(source: string, bits: number): string {
  const blocks = Array.from({ length: Math.ceil(bits / 256) }, (_, index) => hash(`${source} ${index}`));
  const modulus = Buffer.concat(blocks).subarray(0, bits / 8);
  modulus[0] = (modulus[0] ?? 0) | 0x80;
  const exponent = Buffer.from([1, 0, 1]);
  // A number whose first bit is set needs a leading zero. Otherwise it is negative.
  const fields = [Buffer.from("ssh-rsa"), exponent, Buffer.concat([Buffer.from([0]), modulus])];
  return `ssh-rsa ${Buffer.concat(fields.flatMap((field) => [lengthOf(field), field])).toString("base64")}`;
}

function lengthOf(field: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(field.length);
  return length;
}

function hash(source: string): Buffer {
  return createHash("sha256").update(source).digest();
}
