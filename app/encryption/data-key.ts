import { createCipheriv, createDecipheriv, type DecipherGCM, randomBytes } from "node:crypto";

const algorithm = "aes-256-gcm";
/** Bytes. Source: NIST SP 800-38D, 8.2.1 and 5.2.1.2. */
const [keyLength, nonceLength, tagLength] = [32, 12, 16];
const prefix = "aes:";

/** Texts or ciphertexts of a row by field. */
export type Fields = Readonly<Record<string, string>>;

/** Returns true if a data key encrypted this text. */
export const isOfDataKey = (stored: string): boolean => stored.startsWith(prefix);

/**
 * Encrypts a row's fields in one piece, because the start of AES-GCM takes longer than a field. Each field gets its part of the
 * ciphertext: `aes:` and base64. Each call uses a new key, so that a nonce never repeats under a key.
 * @param place names the row. It is authenticated together with each field's name and length
 * @returns the ciphertexts, and what Vault encrypts: key, nonce and tag in base64
 */
export function sealFields(texts: Fields, place: string): { dataKey: string; ciphertexts: Fields } {
  const [key, nonce] = [randomBytes(keyLength), randomBytes(nonceLength)];
  const plain = Object.entries(texts).map(([field, text]) => [field, Buffer.from(text)] as const);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagLength });
  cipher.setAAD(associatedData(place, plain));
  const ciphertexts = plain.map(([field, bytes]) => [
    field,
    prefix + cipher.update(bytes).toString("base64"),
  ]);
  cipher.final();
  return {
    dataKey: Buffer.concat([key, nonce, cipher.getAuthTag()]).toString("base64"),
    ciphertexts: Object.fromEntries(ciphertexts),
  };
}

/** Returns undefined if a ciphertext or the data key is not of this row, field and write. */
export function openFields(dataKey: string, ciphertexts: Fields, place: string): Fields | undefined {
  const bytes = Buffer.from(dataKey, "base64");
  if (bytes.length === keyLength) return openFieldByField(bytes, ciphertexts, place);
  if (bytes.length !== keyLength + nonceLength + tagLength) return undefined;
  const sealed = Object.entries(ciphertexts).map(([field, text]) => [field, bytesOf(text)] as const);
  const decipher = createDecipheriv(
    algorithm,
    bytes.subarray(0, keyLength),
    bytes.subarray(keyLength, -tagLength),
    { authTagLength: tagLength },
  );
  decipher.setAAD(associatedData(place, sealed));
  decipher.setAuthTag(bytes.subarray(-tagLength));
  const plain = decipher.update(Buffer.concat(sealed.map(([, part]) => part)));
  if (!isGenuine(decipher)) return undefined;
  const texts: Record<string, string> = {};
  let start = 0;
  for (const [field, { length }] of sealed) {
    texts[field] = plain.toString("utf8", start, start + length);
    start += length;
  }
  return texts;
}

/** Opens a row from before fields were encrypted in one piece: each field has its own nonce, ciphertext and tag. */
function openFieldByField(key: Buffer, ciphertexts: Fields, place: string): Fields | undefined {
  const texts: Record<string, string> = {};
  for (const [field, ciphertext] of Object.entries(ciphertexts)) {
    const bytes = bytesOf(ciphertext);
    if (bytes.length < nonceLength + tagLength) return undefined;
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceLength), {
      authTagLength: tagLength,
    });
    decipher.setAAD(Buffer.from(`${place}/${field}`));
    decipher.setAuthTag(bytes.subarray(-tagLength));
    const text = decipher.update(bytes.subarray(nonceLength, -tagLength)).toString("utf8");
    if (!isGenuine(decipher)) return undefined;
    texts[field] = text;
  }
  return texts;
}

/** Without the lengths, somebody could move the end of one field to the start of the next one. */
function associatedData(place: string, parts: readonly (readonly [field: string, bytes: Buffer])[]): Buffer {
  return Buffer.from(`${place}/${parts.map(([field, { length }]) => `${field}:${length}`).join(",")}`);
}

const bytesOf = (ciphertext: string): Buffer => Buffer.from(ciphertext.slice(prefix.length), "base64");

/** Compares the tag. Nobody may use a text before. */
function isGenuine(decipher: DecipherGCM): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
}
