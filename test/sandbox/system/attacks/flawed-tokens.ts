import { generateKeyPairSync } from "node:crypto";
import type { TokenOverrides } from "../../../../sandbox/azure/identity/token-issuer";
import { withClaims } from "./scene";

const { privateKey: forger, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const hour = 3600;
const inAnHour = () => Math.floor(Date.now() / 1000) + hour;
const anHourAgo = () => Math.floor(Date.now() / 1000) - hour;

/** Flaws that make any token invalid: a description, and the change to a valid token. */
export type Flaw = readonly [what: string, spoil: (honest: (overrides?: TokenOverrides) => string) => string];

export const expired: Flaw = [
  "that has expired",
  (token) => token({ lifetime: -hour, claims: { iat: anHourAgo() - 300, nbf: anHourAgo() - 300 } }),
];

export const notYetValid: Flaw = [
  "that is not valid yet",
  (token) => token({ claims: { nbf: inAnHour(), iat: inAnHour() }, lifetime: 2 * hour }),
];

/** Flaws of the signature. Vault refuses each as a wrong signature. */
export const forgeries: readonly Flaw[] = [
  ["signed with another key under Entra's key id", (token) => token({ key: forger })],
  [
    "signed with a key of an unknown id",
    (token) => token({ key: forger, header: { kid: "forged", x5t: "forged" } }),
  ],
  ["signed with another key and no key id", (token) => token({ key: forger, header: { kid: undefined } })],
  [
    "that contains its own key (jwk)",
    (token) => token({ key: forger, header: { kid: undefined, jwk: publicKey.export({ format: "jwk" }) } }),
  ],
  [
    "that names a key set of the attacker's (jku)",
    (token) => token({ key: forger, header: { kid: "forged", jku: "https://attacker.example/keys" } }),
  ],
  ["with a claim changed after signing", (token) => withClaims(token(), { roles: ["root"] })],
  [
    "whose expiry was changed after signing",
    (token) => withClaims(token({ lifetime: -hour }), { exp: inAnHour() }),
  ],
  [
    "with a changed signature",
    (token) =>
      token().replace(/\.([^.]*)$/, (_, signature: string) => `.${[...signature].reverse().join("")}`),
  ],
  ["with its signature cut off", (token) => token().replace(/[^.]*$/, "")],
];

/** Vault refuses another algorithm than the key's before it checks a signature. */
export const wrongAlgorithms: readonly Flaw[] = [
  ["without a signature (alg none)", (token) => token({ algorithm: "none" })],
  ["signed with HS256 and the public key", (token) => token({ algorithm: "HS256" })],
  ["signed with RSA whose header says none", (token) => token({ header: { alg: "none" } })],
];
