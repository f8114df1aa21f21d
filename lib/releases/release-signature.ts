import { createMessage, type Key, readKey, readSignature, verify } from "openpgp";
import { messageOf, VerificationError } from "../processes/user-error";

/** HashiCorp's release key, as https://www.hashicorp.com/trust/security publishes it. */
export const HASHICORP_FINGERPRINT = "C874011F0AB405110D02105534365D9472D7468F";
/** HashiCorp publishes the key here. The fingerprint decides whether we accept it, not its source. */
export const HASHICORP_KEY_URL = "https://www.hashicorp.com/.well-known/pgp-key.txt";

/**
 * Reads an OpenPGP public key and checks its fingerprint.
 *
 * @throws VerificationError when the text is not a key or has another fingerprint
 */
export async function readReleaseKey(armored: string, fingerprint: string, source: string): Promise<Key> {
  let key: Key;
  try {
    key = await readKey({ armoredKey: armored });
  } catch (error) {
    throw new VerificationError(
      `${source} does not contain an OpenPGP key (${messageOf(error)}). Find out who changed it.`,
    );
  }
  const found = key.getFingerprint().toUpperCase();
  if (found === fingerprint) return key;
  throw new VerificationError(
    `The key at ${source} is ${found}, not ${fingerprint}. Find out who changed it.`,
  );
}

/**
 * Verifies a detached signature with the key or a signing subkey.
 *
 * @param name the signed file, for the error
 * @throws VerificationError when this key did not sign this content
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
      `The key ${key.getFingerprint().toUpperCase()} did not make the signature of ${name} (${reason}). The file was not used.`,
    );
  }
}
