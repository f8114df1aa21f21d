import { enums, type Key, readKeys, type Subkey } from "openpgp";
import { messageOf } from "../../../lib/processes/user-error";
import { act, type Fact, good, type Verdict } from "../fact";
import { NoAnswer } from "../upstream";
import { noticeDays } from "./end-of-life";

export interface SigningKey {
  /** 40 hexadecimal digits, upper case. */
  readonly fingerprint: string;
  /** The address at which its owner publishes it. */
  readonly url: string;
  /** The copy that the project uses, armored. It carries the expiry date of the day on which it was copied. */
  readonly copy?: string;
  readonly cure: string;
}

/** Checks that the owner still publishes the key, and that neither the key nor the project's copy expires soon. */
export function signingKey(
  fact: Pick<Fact, "name" | "usedIn">,
  { fingerprint, url, copy, cure }: SigningKey,
): Fact {
  return {
    ...fact,
    value: fingerprint,
    source: url,
    judge: async (upstream, today) => {
      const keys = await keysIn(await upstream.text(url), url);
      const published = keys.find((key) => fingerprintOf(key) === fingerprint);
      if (!published) {
        return act(
          `Its owner now publishes ${keys.map(fingerprintOf).join(", ")}. Read the announcement. ${cure}`,
        );
      }
      if (copy === undefined) return expiry(published, "It", today, cure);
      const held = (await keysIn(copy, "the project's copy")).find(
        (key) => fingerprintOf(key) === fingerprint,
      );
      if (!held) return act(`The project's copy is another key. ${cure}`);
      const finding = await expiry(published, "It", today, cure);
      return finding.result === "good" ? expiry(held, "The project's copy of it", today, cure) : finding;
    },
  };
}

/** Good until the key's end is near. */
export async function expiry(key: Key, what: string, today: Date, cure: string): Promise<Verdict> {
  if (await key.isRevoked()) return act(`${what} is revoked. ${cure}`);
  const end = await endOf(key);
  if (end === Infinity) return good(`${what} does not expire.`);
  const day = new Date(end).toISOString().slice(0, 10);
  const days = Math.floor((end - today.getTime()) / 86_400_000);
  if (days < 0) return act(`${what} expired on ${day}. ${cure}`);
  return days <= noticeDays
    ? act(`${what} expires on ${day}. ${cure}`)
    : good(`${what} is valid until ${day}.`);
}

/** Milliseconds since 1970, or Infinity: the end of the last signing subkey. Without a signing subkey, the end of the primary key. */
async function endOf(key: Key): Promise<number> {
  const signs = ({ bindingSignatures }: Subkey) =>
    bindingSignatures.some(({ keyFlags }) => ((keyFlags?.[0] ?? 0) & enums.keyFlags.signData) !== 0);
  const primary = milliseconds(await key.getExpirationTime());
  const subkeys = await Promise.all(
    key
      .getSubkeys()
      .filter(signs)
      .map(async (one) => milliseconds(await one.getExpirationTime())),
  );
  return subkeys.length === 0 ? primary : Math.min(primary, Math.max(...subkeys));
}

/** OpenPGP.js returns null for a key whose own signatures it cannot verify. */
function milliseconds(end: Date | typeof Infinity | null): number {
  if (end === null) throw new NoAnswer("OpenPGP.js cannot verify the key's own signatures");
  return Number(end);
}

export function fingerprintOf(key: Key): string {
  return key.getFingerprint().toUpperCase();
}

/** @throws NoAnswer unless the text contains public keys */
export async function keysIn(armored: string, source: string): Promise<Key[]> {
  try {
    return await readKeys({ armoredKeys: armored });
  } catch (error) {
    throw new NoAnswer(`${source} contains no OpenPGP key (${messageOf(error)})`);
  }
}
