import { createCipheriv, createDecipheriv, type DecipherGCM, randomBytes } from "node:crypto";

const algorithm = "aes-256-gcm";
/** Bytes. Source: NIST SP 800-38D, 8.2.1 and 5.2.1.2. */
const [keyLength, nonceLength, tagLength] = [32, 12, 16];
const prefix = "aes:";

/** Returns true if a data key encrypted this text. */
export const isOfDataKey = (stored: string): boolean => stored.startsWith(prefix);

/**
 * Encrypts a row's fields in one piece, because the start of AES-GCM takes longer than a field. Each field gets its part of the
 * ciphertext: `aes:` and base64. Each call uses a new key, so that a nonce never repeats under a key.
 * @param place names the row. It is authenticated together with each field's name and length
 * @returns the ciphertexts, and what Vault encrypts: key, nonce and tag in base64
 */
export function sealFields<Field extends string>(
  fields: readonly Field[],
  texts: Readonly<Record<Field, string>>,
  place: string,
): { dataKey: string; ciphertexts: Record<Field, string> } {
  const [key, nonce] = [randomBytes(keyLength), randomBytes(nonceLength)];
  const plain = fields.map((field) => Buffer.from(texts[field]));
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagLength });
  cipher.setAAD(associatedData(place, fields, plain));
  const ciphertexts = {} as Record<Field, string>;
  for (const [index, field] of fields.entries())
    ciphertexts[field] = prefix + cipher.update(plain[index] as Buffer).toString("base64");
  cipher.final();
  return { dataKey: Buffer.concat([key, nonce, cipher.getAuthTag()]).toString("base64"), ciphertexts };
}

/** Returns the texts of these fields, or undefined if a ciphertext or the data key is not of this row, field and write. */
export function openFields<Field extends string>(
  dataKey: string,
  fields: readonly Field[],
  ciphertexts: Readonly<Record<Field, string>>,
  place: string,
): string[] | undefined {
  const bytes = Buffer.from(dataKey, "base64");
  const sealed = fields.map((field) => bytesOf(ciphertexts[field]));
  if (bytes.length === keyLength) return openFieldByField(bytes, fields, sealed, place);
  if (bytes.length !== keyLength + nonceLength + tagLength) return undefined;
  const [key, nonce] = [bytes.subarray(0, keyLength), bytes.subarray(keyLength, -tagLength)];
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagLength });
  decipher.setAAD(associatedData(place, fields, sealed));
  decipher.setAuthTag(bytes.subarray(-tagLength));
  const plain = decipher.update(Buffer.concat(sealed));
  if (!isGenuine(decipher)) return undefined;
  let start = 0;
  return sealed.map(({ length }) => {
    start += length;
    return plain.toString("utf8", start - length, start);
  });
}

/** Opens a row from before fields were encrypted in one piece: each field has its own nonce, ciphertext and tag. */
function openFieldByField(
  key: Buffer,
  fields: readonly string[],
  sealed: readonly Buffer[],
  place: string,
): string[] | undefined {
  const texts: string[] = [];
  for (const [index, bytes] of sealed.entries()) {
    if (bytes.length < nonceLength + tagLength) return undefined;
    const nonce = bytes.subarray(0, nonceLength);
    const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagLength });
    decipher.setAAD(Buffer.from(`${place}/${fields[index]}`));
    decipher.setAuthTag(bytes.subarray(-tagLength));
    texts.push(decipher.update(bytes.subarray(nonceLength, -tagLength)).toString("utf8"));
    if (!isGenuine(decipher)) return undefined;
  }
  return texts;
}

/** Without the lengths, somebody could move the end of one field to the start of the next one. */
function associatedData(place: string, fields: readonly string[], parts: readonly Buffer[]): Buffer {
  return Buffer.from(
    `${place}/${fields.map((field, index) => `${field}:${parts[index]?.length}`).join(",")}`,
  );
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
