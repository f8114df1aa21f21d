import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const algorithm = "aes-256-gcm";
/** Bytes. Source: NIST SP 800-38D, 8.2.1 and 5.2.1.2. */
const [nonceLength, tagLength] = [12, 16];
const prefix = "aes:";

/** Returns true if a data key encrypted this text. */
export const isOfDataKey = (stored: string): boolean => stored.startsWith(prefix);

/**
 * The AES-256 key of one row. It encrypts the row's fields in this process. The database holds the key encrypted by Vault.
 * Each write of a row uses a new key, so that random nonces never repeat under a key.
 */
export class DataKey {
  private constructor(private readonly key: Buffer) {}

  static generate(): DataKey {
    return new DataKey(randomBytes(32));
  }

  /** @param text as the property `text` gives it */
  static of(text: string): DataKey {
    return new DataKey(Buffer.from(text, "base64"));
  }

  /** The key in base64, as Vault encrypts it. */
  get text(): string {
    return this.key.toString("base64");
  }

  /** `aes:` and, in base64, nonce, ciphertext and tag. */
  seal(text: string, associatedData: string): string {
    const nonce = randomBytes(nonceLength);
    const cipher = createCipheriv(algorithm, this.key, nonce, { authTagLength: tagLength });
    cipher.setAAD(Buffer.from(associatedData));
    const sealed = [nonce, cipher.update(text, "utf8"), cipher.final()];
    return prefix + Buffer.concat([...sealed, cipher.getAuthTag()]).toString("base64");
  }

  /** Returns undefined if the text was encrypted with another key or for another place. */
  open(sealed: string, associatedData: string): string | undefined {
    const bytes = Buffer.from(sealed.slice(prefix.length), "base64");
    if (bytes.length < nonceLength + tagLength) return undefined;
    try {
      const nonce = bytes.subarray(0, nonceLength);
      const decipher = createDecipheriv(algorithm, this.key, nonce, { authTagLength: tagLength });
      decipher.setAAD(Buffer.from(associatedData));
      decipher.setAuthTag(bytes.subarray(-tagLength));
      return (
        decipher.update(bytes.subarray(nonceLength, -tagLength), undefined, "utf8") + decipher.final("utf8")
      );
    } catch {
      return undefined;
    }
  }
}
