import { createPrivateKey, webcrypto } from "node:crypto";

export interface KeyAndCertificate {
  /** PKCS#8 */
  keyPem: string;
  certificatePem: string;
}

/** Exports a private key as PKCS#8 in PEM. */
export async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  return createPrivateKey({ key: der, type: "pkcs8", format: "der" })
    .export({ type: "pkcs8", format: "pem" })
    .toString();
}
