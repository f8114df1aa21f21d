import { createMessage, type Key, readKey, readSignature, verify } from "openpgp";
import { messageOf, VerificationError } from "../processes/user-error";

/** HashiCorp's release key, as https://www.hashicorp.com/trust/security publishes it. */
export const HASHICORP_FINGERPRINT = "C874011F0AB405110D02105534365D9472D7468F";
/** Where HashiCorp publishes that key; it is accepted for its fingerprint, not for where it came from. */
export const HASHICORP_KEY_URL = "https://www.hashicorp.com/.well-known/pgp-key.txt";

/**
 * Reads an OpenPGP public key that must have the given fingerprint.
 *
 * @throws VerificationError when it has another one, or is no key
 */
export async function readReleaseKey(armored: string, fingerprint: string, source: string): Promise<Key> {
  let key: Key;
  try {
    key = await readKey({ armoredKey: armored });
  } catch (error) {
    throw new VerificationError(
      `${source} holds no OpenPGP key (${messageOf(error)}); find out who changed it.`,
    );
  }
  const found = key.getFingerprint().toUpperCase();
  if (found === fingerprint) return key;
  throw new VerificationError(
    `The key at ${source} is ${found}, not ${fingerprint}; find out who changed it.`,
  );
}

/**
 * Verifies a detached signature, by the key or one of its signing subkeys.
 *
 * @param name what was signed, for the error
 * @throws VerificationError when it is not that key's signature of that content
 */
export async function verifySignature(
  content: Uint8Array,
  signature: Uint8Array,
  key: Key,
  name: string,
): Promise<void> {
  try {
    const { signatures } = await verify({
      message: await createMessage({ binary: content }),
      signature: await readSignature({ binarySignature: signature }),
      verificationKeys: key,
      expectSigned: true,
    });
    await Promise.any(signatures.map(({ verified }) => verified));
  } catch (error) {
    const reason = messageOf(error instanceof AggregateError ? error.errors[0] : error);
    throw new VerificationError(
      `The signature of ${name} is not one of ${key.getFingerprint().toUpperCase()} (${reason}); nothing of it is used.`,
    );
  }
}
