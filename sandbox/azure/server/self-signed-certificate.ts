import { createPrivateKey, createPublicKey, webcrypto } from "node:crypto";
import { type KeyAndCertificate, keyPem } from "./key-and-certificate";
import { createRsaKey } from "./rsa-key";
import { serialNumber, validity, x509 } from "./x509";

const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

export interface SelfSignedOptions {
  /** X.500 name. */
  subject: string;
  dnsNames?: string[];
  ipAddresses?: string[];
  notAfter: Date;
  /** RSA modulus in bits, for a new key. */
  keySize: number;
  /** PKCS#8, to certify an existing key. */
  keyPem?: string;
}

/** Creates a certificate as Key Vault does for the issuer "Self": RSA, for TLS servers and clients, not a CA. */
export async function createSelfSigned(options: SelfSignedOptions): Promise<KeyAndCertificate> {
  const keys = await importKeys(options.keyPem ?? (await createRsaKey(options.keySize)));
  const names: x509.JsonGeneralName[] = [
    ...(options.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(options.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  const { digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    notBefore: validity(0).notBefore,
    notAfter: options.notAfter,
    serialNumber: serialNumber(),
    name: options.subject,
    signingAlgorithm: rsa,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.KeyUsagesExtension(digitalSignature | keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { keyPem: await keyPem(keys.privateKey), certificatePem: `${certificate.toString("pem")}\n` };
}

async function importKeys(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const privateKey = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  const publicKey = createPublicKey(pem).export({ type: "spki", format: "der" });
  return {
    privateKey: await webcrypto.subtle.importKey("pkcs8", privateKey, rsa, true, ["sign"]),
    publicKey: await webcrypto.subtle.importKey("spki", publicKey, rsa, true, ["verify"]),
  };
}
