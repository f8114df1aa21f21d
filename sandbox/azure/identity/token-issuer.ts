import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
  verify,
  X509Certificate,
} from "node:crypto";
import { parseFields } from "../model/fields";
import { createSelfSigned } from "../server/self-signed-certificate";

const day = 24 * 60 * 60;
/** Entra backdates its tokens by this much, and Azure's services accept clocks that differ by this much. */
const clockSkew = 5 * 60;

export type Claims = Record<string, unknown>;

/** Differences from a valid token, for tests. A claim or header that is undefined is left out. */
export interface TokenOverrides {
  claims?: Claims;
  header?: Record<string, unknown>;
  /** HS256 signs with the bytes of the published public key (PEM), the classic algorithm confusion. */
  algorithm?: "RS256" | "HS256" | "none";
  /** A private key other than the current one. */
  key?: KeyObject;
  /** Seconds from now to `exp`. */
  lifetime?: number;
}

export interface TokenLifetimes {
  /** Seconds. Azure uses a day. */
  managedIdentity: number;
  /** Seconds. Azure uses 60 to 90 minutes. */
  person: number;
}

export const azureLifetimes: TokenLifetimes = { managedIdentity: day, person: 75 * 60 };

interface SigningKey {
  /** Entra's kid is the certificate's thumbprint (x5t). */
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  certificate: X509Certificate;
}

export type TokenFlaw =
  | "missing"
  | "malformed"
  | "unknown key"
  | "signature"
  | "audience"
  | "issuer"
  | "expired"
  | "not yet valid";

/** The reason why a service rejects a token. `found` is the wrong value if Azure repeats it, and never the token. */
export class BadToken extends Error {
  constructor(
    readonly flaw: TokenFlaw,
    readonly found = "",
  ) {
    super(`${flaw}${found && `: ${found}`}`);
  }
}

/** Entra's signing keys, tokens and their verification. */
export class TokenIssuer {
  /** Seconds that Azure's clock is ahead of this machine's. Negative if it is behind. */
  clockOffsetSeconds = 0;
  readonly issuer: string;
  #keys: SigningKey[];

  private constructor(
    readonly tenantId: string,
    keys: SigningKey[],
  ) {
    this.issuer = `https://sts.windows.net/${tenantId}/`;
    this.#keys = keys;
  }

  static async create(tenantId: string): Promise<TokenIssuer> {
    return new TokenIssuer(tenantId, [await createSigningKey()]);
  }

  /** The JSON Web Key Set of /discovery/keys. The first key signs. */
  get keySet(): { keys: Record<string, unknown>[] } {
    return {
      keys: this.#keys.map(({ kid, publicKey, certificate }) => {
        const { kty, n, e } = publicKey.export({ format: "jwk" });
        return { kty, use: "sig", kid, x5t: kid, n, e, x5c: [certificate.raw.toString("base64")] };
      }),
    };
  }

  /** Creates a new signing key. Tokens of the older keys stay valid. */
  async rotateSigningKey(): Promise<void> {
    this.#keys = [await createSigningKey(), ...this.#keys];
  }

  /** Publishes only a new key, so every older token becomes invalid. The returned function restores the old keys. */
  async replaceSigningKeys(): Promise<() => void> {
    const before = this.#keys;
    this.#keys = [await createSigningKey()];
    return () => {
      this.#keys = before;
    };
  }

  /** Issues an access token of Entra's v1 endpoint with these claims and the claims of every token. */
  issue(claims: Claims, lifetime: number, overrides: TokenOverrides = {}): string {
    const now = this.#now();
    return this.sign(
      {
        iss: this.issuer,
        iat: now - clockSkew,
        nbf: now - clockSkew,
        exp: now + (overrides.lifetime ?? lifetime),
        aio: randomBytes(24).toString("base64"),
        tid: this.tenantId,
        uti: randomBytes(16).toString("base64url"),
        ver: "1.0",
        ...claims,
        ...overrides.claims,
      },
      overrides,
    );
  }

  /** Signs any claims. */
  sign(
    claims: Claims,
    { header, algorithm = "RS256", key }: Omit<TokenOverrides, "claims" | "lifetime"> = {},
  ): string {
    const { kid, privateKey, publicKey } = this.#signingKey;
    const parts = [{ typ: "JWT", alg: algorithm, x5t: kid, kid, ...header }, claims];
    const content = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const signatures = {
      RS256: () => sign("sha256", Buffer.from(content), key ?? privateKey),
      HS256: () =>
        createHmac("sha256", publicKey.export({ type: "spki", format: "pem" }))
          .update(content)
          .digest(),
      none: () => Buffer.alloc(0),
    };
    return `${content}.${signatures[algorithm]().toString("base64url")}`;
  }

  /** Returns the claims of a valid token for any of these audiences. Throws BadToken. */
  verify(token: string | undefined, audiences: string[]): Claims & { oid: string } {
    if (!token) throw new BadToken("missing");
    const { header, claims, content, signature } = parse(token);
    const key = this.#keys.find(({ kid }) => kid === header["kid"]);
    // Only the key's algorithm counts: a token does not choose its own check.
    if (header["alg"] !== "RS256") throw new BadToken("signature", `algorithm ${header["alg"]}`);
    if (!key) throw new BadToken("unknown key", String(header["kid"]));
    if (!verify("sha256", Buffer.from(content), key.publicKey, signature)) throw new BadToken("signature");
    this.#checkClaims(claims, audiences);
    if (typeof claims["oid"] !== "string") throw new BadToken("malformed", "no oid");
    return claims as Claims & { oid: string };
  }

  #checkClaims(claims: Claims, audiences: string[]): void {
    const now = this.#now();
    if (claims["iss"] !== this.issuer || claims["tid"] !== this.tenantId)
      throw new BadToken("issuer", String(claims["iss"]));
    if (!audiences.includes(String(claims["aud"]))) throw new BadToken("audience", String(claims["aud"]));
    if (typeof claims["exp"] !== "number" || claims["exp"] + clockSkew < now)
      throw new BadToken("expired", String(claims["exp"]));
    if (typeof claims["nbf"] !== "number" || claims["nbf"] - clockSkew > now)
      throw new BadToken("not yet valid", String(claims["nbf"]));
  }

  #now(): number {
    return Math.floor(Date.now() / 1000) + this.clockOffsetSeconds;
  }

  get #signingKey(): SigningKey {
    const [key] = this.#keys;
    if (!key) throw new Error("Entra has no signing key");
    return key;
  }
}

async function createSigningKey(): Promise<SigningKey> {
  const notAfter = new Date(Date.now() + 5 * 365 * day * 1000);
  const made = await createSelfSigned({
    subject: "CN=accounts.accesscontrol.windows.net",
    notAfter,
    keySize: 2048,
  });
  const certificate = new X509Certificate(made.certificatePem);
  const kid = createHash("sha1").update(certificate.raw).digest("base64url");
  return {
    kid,
    privateKey: createPrivateKey(made.keyPem),
    publicKey: createPublicKey(made.keyPem),
    certificate,
  };
}

function parse(token: string): { header: Claims; claims: Claims; content: string; signature: Buffer } {
  const [header, claims, signature, ...rest] = token.split(".");
  if (!header || !claims || signature === undefined || rest.length > 0) throw new BadToken("malformed");
  return {
    header: parseObject(header),
    claims: parseObject(claims),
    content: `${header}.${claims}`,
    signature: Buffer.from(signature, "base64url"),
  };
}

function parseObject(part: string): Claims {
  const claims = parseFields(Buffer.from(part, "base64url").toString("utf8"));
  if (!claims) throw new BadToken("malformed");
  return claims;
}

/** Returns the bearer token of a request, if it has one. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
}
