// The x509 library requires this polyfill before its own import.
import "reflect-metadata";
import { createPrivateKey, createPublicKey, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto);

const hour = 60 * 60 * 1000;
const ecdsa = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

export interface KeyAndCertificate {
  /** PKCS#8 */
  keyPem: string;
  certificatePem: string;
}

/** The private CA of one sandbox. Its key is never written to disk, so nobody can use it after the sandbox ends. */
export class CertificateAuthority {
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #leafKeys: webcrypto.CryptoKeyPair;
  readonly #leafKeyPem: string;
  readonly #certificate: x509.X509Certificate;
  readonly #leaves = new Map<string, Promise<KeyAndCertificate>>();

  private constructor(
    keys: webcrypto.CryptoKeyPair,
    leafKeys: webcrypto.CryptoKeyPair,
    leafKeyPem: string,
    certificate: x509.X509Certificate,
  ) {
    this.#keys = keys;
    this.#leafKeys = leafKeys;
    this.#leafKeyPem = leafKeyPem;
    this.#certificate = certificate;
  }

  static async create(): Promise<CertificateAuthority> {
    const [keys, leafKeys] = await Promise.all([
      webcrypto.subtle.generateKey(ecdsa, false, ["sign", "verify"]),
      webcrypto.subtle.generateKey(ecdsa, true, ["sign", "verify"]),
    ]);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...validity(7 * 24 * hour),
      serialNumber: serialNumber(),
      name: "CN=Vault on Azure sandbox (trust nowhere else)",
      signingAlgorithm: ecdsa,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new CertificateAuthority(keys, leafKeys, await keyPem(leafKeys.privateKey), certificate);
  }

  get pem(): string {
    return `${this.#certificate.toString("pem")}\n`;
  }

  /** Issues a server certificate for an Azure host name, at first use. */
  certificateFor(host: string): Promise<KeyAndCertificate> {
    const leaf = this.#leaves.get(host) ?? this.issue(host);
    this.#leaves.set(host, leaf);
    return leaf;
  }

  /** Issues a server certificate for host names and IP addresses. The first one is its common name. */
  async issue(...hosts: [string, ...string[]]): Promise<KeyAndCertificate> {
    const certificate = await x509.X509CertificateGenerator.create({
      ...validity(7 * 24 * hour),
      serialNumber: serialNumber(),
      subject: `CN=${hosts[0].slice(0, 64)}`,
      issuer: this.#certificate.subject,
      signingAlgorithm: ecdsa,
      publicKey: this.#leafKeys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          hosts.map((value) => ({ type: isIP(value) ? "ip" : "dns", value })),
        ),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate),
      ],
    });
    return { keyPem: this.#leafKeyPem, certificatePem: certificate.toString("pem") };
  }
}

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
  const keys = options.keyPem ? await importKeys(options.keyPem) : await generateRsaKeys(options.keySize);
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

function generateRsaKeys(modulusLength: number): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(
    { ...rsa, modulusLength, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ["sign", "verify"],
  );
}

async function importKeys(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const privateKey = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  const publicKey = createPublicKey(pem).export({ type: "spki", format: "der" });
  return {
    privateKey: await webcrypto.subtle.importKey("pkcs8", privateKey, rsa, true, ["sign"]),
    publicKey: await webcrypto.subtle.importKey("spki", publicKey, rsa, true, ["verify"]),
  };
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  return createPrivateKey({ key: der, type: "pkcs8", format: "der" })
    .export({ type: "pkcs8", format: "pem" })
    .toString();
}

/** Starts a little in the past, for clocks that differ. */
function validity(lifetimeMs: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 10 * 60 * 1000), notAfter: new Date(Date.now() + lifetimeMs) };
}

/** 16 random bytes, positive and without a leading zero. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}
