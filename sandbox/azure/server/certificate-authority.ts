import { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { type KeyAndCertificate, keyPem } from "./key-and-certificate";
import { serialNumber, validity, x509 } from "./x509";

const hour = 60 * 60 * 1000;
const ecdsa = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** The private CA of one sandbox. Its key is never written to disk, so nobody can use it after the sandbox ends. */
export class CertificateAuthority {
  readonly #leaves = new Map<string, Promise<KeyAndCertificate>>();

  private constructor(
    private readonly keys: webcrypto.CryptoKeyPair,
    private readonly leafKeys: webcrypto.CryptoKeyPair,
    private readonly leafKeyPem: string,
    private readonly certificate: x509.X509Certificate,
  ) {}

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
    return `${this.certificate.toString("pem")}\n`;
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
      issuer: this.certificate.subject,
      signingAlgorithm: ecdsa,
      publicKey: this.leafKeys.publicKey,
      signingKey: this.keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          hosts.map((value) => ({ type: isIP(value) ? "ip" : "dns", value })),
        ),
        await x509.AuthorityKeyIdentifierExtension.create(this.certificate),
      ],
    });
    return { keyPem: this.leafKeyPem, certificatePem: certificate.toString("pem") };
  }
}
