import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  X509Certificate,
} from "node:crypto";
import type { KeyVaultCertificate, KeyVaultKey } from "../../model/world";
import { createRsaKey } from "../../server/rsa-key";
import { createSelfSigned } from "../../server/self-signed-certificate";

const allOperations = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"];

interface Version {
  version: string;
  /** Seconds since 1970, as Key Vault counts. */
  created: number;
}

export interface KeyVersion extends Version {
  /** PKCS#8 */
  pem: string;
  operations: string[];
  hardware?: boolean;
  /** Undefined in content of earlier sandbox versions. It then means true. */
  enabled?: boolean;
  tags?: Record<string, string>;
}

export interface SecretVersion extends Version {
  value: string;
  contentType?: string;
  enabled: boolean;
  notBefore?: number;
  expires?: number;
  tags?: Record<string, string>;
  /** True for a certificate's secret, which clients cannot set. */
  ofCertificate?: boolean;
}

export interface CertificateVersion extends Version {
  pem: string;
  /** Start of validity, in seconds since 1970. */
  notBefore: number;
  expires: number;
  made: KeyVaultCertificate;
  /** The policy from the request that created it, if there was one. */
  policy?: Record<string, unknown>;
  tags?: Record<string, string>;
}

export type ObjectKind = "keys" | "secrets" | "certificates";

/**
 * The whole content of one key vault, oldest version first. It is plain data, so the sandbox can save and restore it.
 * It is secret.
 */
export interface KeyVaultContent {
  keys: Record<string, KeyVersion[]>;
  secrets: Record<string, SecretVersion[]>;
  certificates: Record<string, CertificateVersion[]>;
  /** Deleted, recoverable objects. */
  deleted?: Pick<KeyVaultContent, ObjectKind>;
}

type Tagged = Pick<KeyVersion, "tags">;

export type EncryptionAlgorithm = "RSA-OAEP" | "RSA-OAEP-256";
const hashes: Record<EncryptionAlgorithm, string> = { "RSA-OAEP": "sha1", "RSA-OAEP-256": "sha256" };

export const isEncryptionAlgorithm = (name: unknown): name is EncryptionAlgorithm =>
  Object.keys(hashes).includes(String(name));

/** The keys, secrets and certificates of one key vault. Names ignore case. */
export class KeyVaultStore {
  readonly #content: KeyVaultContent;
  /** Planned keys by name in lower case. Each function creates the key once and resolves when it exists. */
  readonly #planned = new Map<string, () => Promise<void>>();

  constructor(
    content: KeyVaultContent | undefined,
    private readonly changed: () => void,
  ) {
    this.#content = structuredClone(content ?? { keys: {}, secrets: {}, certificates: {} });
  }

  get content(): KeyVaultContent {
    return structuredClone(this.#content);
  }

  keyVersions(name: string): KeyVersion[] {
    return versionsOf(this.#content.keys, name);
  }

  secretVersions(name: string): SecretVersion[] {
    return versionsOf(this.#content.secrets, name);
  }

  certificateVersions(name: string): CertificateVersion[] {
    return versionsOf(this.#content.certificates, name);
  }

  get secretNames(): string[] {
    return Object.keys(this.#content.secrets);
  }

  /** Plans a key. It is created at first use unless an earlier run created it, because a long key takes a second. */
  planKey(key: KeyVaultKey): void {
    if (this.keyVersions(key.name).length > 0) return;
    let made: Promise<void> | undefined;
    this.#planned.set(key.name.toLowerCase(), () => {
      made ??= this.createKey(key);
      return made;
    });
  }

  /** Waits for a planned key with this name, if there is one. */
  async plannedKey(name: string): Promise<void> {
    await this.#planned.get(name.toLowerCase())?.();
  }

  /** Replaces the newest version's tags. */
  setTags(kind: ObjectKind, name: string, tags: Record<string, string> | undefined): void {
    const newest = versionsOf<Tagged>(this.#content[kind], name).at(-1);
    if (newest) newest.tags = tags;
    this.changed();
  }

  setPolicy(name: string, policy: Record<string, unknown>): void {
    const newest = this.certificateVersions(name).at(-1);
    if (newest) newest.policy = { ...newest.policy, ...policy };
    this.changed();
  }

  isDeleted(kind: ObjectKind, name: string): boolean {
    return versionsOf<unknown>(this.#deleted[kind], name).length > 0;
  }

  /** Deletes an object. A certificate's key and secret are deleted, too. */
  delete(kind: ObjectKind, name: string): void {
    for (const part of partsOf(kind)) move<unknown>(this.#content[part], this.#deleted[part], name);
    this.changed();
  }

  recover(kind: ObjectKind, name: string): void {
    for (const part of partsOf(kind)) move<unknown>(this.#deleted[part], this.#content[part], name);
    this.changed();
  }

  get #deleted(): Pick<KeyVaultContent, ObjectKind> {
    this.#content.deleted ??= { keys: {}, secrets: {}, certificates: {} };
    return this.#content.deleted;
  }

  /** Creates a key at once. */
  async createKey(
    { name, keySize, operations = allOperations, hardware }: Omit<KeyVaultKey, "keyVault">,
    tags?: Record<string, string>,
  ): Promise<void> {
    const pem = await createRsaKey(keySize);
    this.#add(this.#content.keys, name, { ...newVersion(), pem, operations, hardware, tags });
  }

  async ensureCertificate(certificate: KeyVaultCertificate): Promise<void> {
    if (this.certificateVersions(certificate.name).length === 0) await this.makeCertificate(certificate);
  }

  /** Creates a new version, with a key and a secret of the same name and version, as Key Vault does. */
  async makeCertificate(
    certificate: KeyVaultCertificate,
    notAfter = inMonths(certificate.validityInMonths),
    { policy, tags }: Pick<CertificateVersion, "policy" | "tags"> = this.certificateVersions(
      certificate.name,
    ).at(-1) ?? {},
  ): Promise<void> {
    const { name, reuseKey, keySize = 2048 } = certificate;
    const reused = reuseKey ? this.keyVersions(name).at(-1)?.pem : undefined;
    const { keyPem, certificatePem } = await createSelfSigned({
      ...certificate,
      notAfter,
      keySize,
      keyPem: reused,
    });
    const version = newVersion();
    const { validFrom } = new X509Certificate(certificatePem);
    const dates = { notBefore: inSeconds(new Date(validFrom)), expires: inSeconds(notAfter) };
    this.#add(this.#content.keys, name, { ...version, pem: keyPem, operations: allOperations });
    this.#add(this.#content.secrets, name, {
      ...version,
      ...dates,
      value: keyPem + certificatePem,
      contentType: "application/x-pem-file",
      enabled: true,
      ofCertificate: true,
    });
    this.#add(this.#content.certificates, name, {
      ...version,
      ...dates,
      pem: certificatePem,
      made: certificate,
      policy,
      tags,
    });
  }

  setSecret(name: string, secret: Omit<SecretVersion, "version" | "created">): SecretVersion {
    const made = { ...newVersion(), ...secret };
    this.#add(this.#content.secrets, name, made);
    return made;
  }

  #add<V>(collection: Record<string, V[]>, name: string, version: V): void {
    const known = nameIn(collection, name) ?? name;
    collection[known] = [...(collection[known] ?? []), version];
    this.changed();
  }
}

/** Uses real RSA-OAEP. MGF1 uses the padding's hash, as in Key Vault. */
export function encrypt({ pem }: KeyVersion, algorithm: EncryptionAlgorithm, value: Buffer): Buffer {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return publicEncrypt({ key: createPublicKey(pem), padding, oaepHash: hashes[algorithm] }, value);
}

/** Decrypts. Throws an error if another key or algorithm encrypted the value. */
export function decrypt({ pem }: KeyVersion, algorithm: EncryptionAlgorithm, value: Buffer): Buffer {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return privateDecrypt({ key: createPrivateKey(pem), padding, oaepHash: hashes[algorithm] }, value);
}

export function thumbprint(certificatePem: string): string {
  return createHash("sha1").update(new X509Certificate(certificatePem).raw).digest("base64url");
}

const nameIn = (collection: Record<string, unknown>, name: string): string | undefined =>
  Object.keys(collection).find((known) => known.toLowerCase() === name.toLowerCase());

const versionsOf = <V>(collection: Record<string, V[]>, name: string): V[] =>
  collection[nameIn(collection, name) ?? ""] ?? [];

const partsOf = (kind: ObjectKind): ObjectKind[] =>
  kind === "certificates" ? ["certificates", "keys", "secrets"] : [kind];

function move<V>(from: Record<string, V[]>, to: Record<string, V[]>, name: string): void {
  const known = nameIn(from, name);
  if (known === undefined) return;
  to[known] = from[known] ?? [];
  delete from[known];
}

/** Creates a version name of 32 hexadecimal digits, as Key Vault does. */
function newVersion(): Version {
  return { version: randomBytes(16).toString("hex"), created: inSeconds(new Date()) };
}

const inSeconds = (date: Date): number => Math.floor(date.getTime() / 1000);

function inMonths(months: number): Date {
  const date = new Date();
  date.setUTCMonth(date.getUTCMonth() + months);
  return date;
}
