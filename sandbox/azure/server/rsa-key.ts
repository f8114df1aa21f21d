import { generateKeyPair } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { prepared } from "../../programs/prepared";

const generate = promisify(generateKeyPair);

/** How many keys this process has created, by modulus in bits. */
const created = new Map<number, number>();

/** Keys that somebody will need soon, by modulus in bits. */
const begun = new Map<number, Promise<string>[]>();

/** Begins to create keys in other threads, for the next calls of `createRsaKey`. */
export function beginRsaKeys(sizes: readonly number[]): void {
  for (const bits of sizes) {
    const key = newKey(bits);
    key.catch(() => {}); // createRsaKey's caller gets the error
    begun.set(bits, [...(begun.get(bits) ?? []), key]);
  }
}

/**
 * Creates an RSA key, PKCS#8 in PEM. A key of 3072 bits takes half a second of a processor, so sandboxes of one test run share keys: the
 * first key of each process is the same, the second, and so on. All keys of a process differ.
 */
export async function createRsaKey(bits: number): Promise<string> {
  return begun.get(bits)?.shift() ?? newKey(bits);
}

async function newKey(bits: number): Promise<string> {
  const number = (created.get(bits) ?? 0) + 1;
  created.set(bits, number);
  const file = await prepared(`rsa-${bits}-${number}.pem`, async (path) =>
    writeFile(path, await generated(bits), { mode: 0o600 }),
  );
  return file === undefined ? generated(bits) : readFile(file, "utf8");
}

async function generated(bits: number): Promise<string> {
  const { privateKey } = await generate("rsa", { modulusLength: bits });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}
