import { createCipheriv, randomBytes } from "node:crypto";
import { isOfDataKey, openFields, sealFields } from "../../app/encryption/data-key";

type Fields = Readonly<Record<string, string>>;

const place = "customers/row";
const texts = { firstName: "Ada", city: "Zürich 🏔", address: "x".repeat(800), phone: "" };

const seal = (of: Fields, at: string) => sealFields(Object.keys(of), of, at);
const open = (key: string, stored: Fields, at: string) => openFields(key, Object.keys(stored), stored, at);

/** Changes one bit of a base64 text behind a prefix. */
function flipped(text: string, at: number): string {
  const prefix = text.startsWith("aes:") ? "aes:" : "";
  const bytes = Buffer.from(text.slice(prefix.length), "base64");
  bytes[at < 0 ? bytes.length + at : at] = (bytes.at(at) ?? 0) ^ 1;
  return prefix + bytes.toString("base64");
}

describe("The fields of a row under a data key", () => {
  const { dataKey, ciphertexts } = seal(texts, place);

  it("come back, with a part of the ciphertext for each field", () => {
    expect(Object.keys(ciphertexts)).toEqual(Object.keys(texts));
    expect(Object.values(ciphertexts).every(isOfDataKey)).toBe(true);
    expect(ciphertexts["phone"]).toBe("aes:");
    expect(open(dataKey, ciphertexts, place)).toEqual(Object.values(texts));
  });

  it("never have the same key or ciphertext twice, and do not show the plaintext", () => {
    const again = seal(texts, place);
    expect(again.dataKey.slice(0, 40)).not.toBe(dataKey.slice(0, 40));
    expect(again.ciphertexts["address"]).not.toBe(ciphertexts["address"]);
    const stored = Buffer.from(ciphertexts["address"]?.slice(4) ?? "", "base64").toString("latin1");
    expect(stored).toHaveLength(800);
    expect(stored).not.toContain("xxxx");
  });

  const other = seal({ ...texts, city: "Genua  🏔" }, place);
  const endOfFirstName = Buffer.from(ciphertexts["firstName"]?.slice(4) ?? "", "base64");
  it.each<[string, string, Fields, string]>([
    ["another row", dataKey, ciphertexts, "customers/other"],
    ["another data key", other.dataKey, ciphertexts, place],
    [
      "an old field among new ones",
      dataKey,
      { ...ciphertexts, city: other.ciphertexts["city"] ?? "" },
      place,
    ],
    [
      "two swapped fields",
      dataKey,
      { ...ciphertexts, firstName: ciphertexts["phone"] ?? "", phone: ciphertexts["firstName"] ?? "" },
      place,
    ],
    [
      "a field under another name",
      dataKey,
      Object.fromEntries(
        Object.entries(ciphertexts).map(([field, text]) => [field === "city" ? "town" : field, text]),
      ),
      place,
    ],
    [
      "a letter that moved from one field to the next",
      dataKey,
      {
        ...ciphertexts,
        firstName: `aes:${endOfFirstName.subarray(0, 2).toString("base64")}`,
        city: `aes:${Buffer.concat([endOfFirstName.subarray(2), Buffer.from(ciphertexts["city"]?.slice(4) ?? "", "base64")]).toString("base64")}`,
      },
      place,
    ],
    ["a missing field", dataKey, { firstName: ciphertexts["firstName"] ?? "" }, place],
    ["a changed letter", dataKey, { ...ciphertexts, city: flipped(ciphertexts["city"] ?? "", 0) }, place],
    ["a field that is cut short", dataKey, { ...ciphertexts, address: "aes:" }, place],
    ["a field that is not base64", dataKey, { ...ciphertexts, city: "aes:%%%" }, place],
    ["a changed key", flipped(dataKey, 0), ciphertexts, place],
    ["a changed nonce", flipped(dataKey, 32), ciphertexts, place],
    ["a changed tag", flipped(dataKey, -1), ciphertexts, place],
    ["a data key of another length", dataKey.slice(0, -4), ciphertexts, place],
    ["no data key", "", ciphertexts, place],
  ])("do not open with %s", (_what, key, stored, of) => {
    expect(open(key, stored, of)).toBeUndefined();
  });
});

describe("A row whose fields have a nonce and a tag each, from before", () => {
  const key = randomBytes(32);
  const sealed = (text: string, field: string): string => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    cipher.setAAD(Buffer.from(`${place}/${field}`));
    const parts = [nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()];
    return `aes:${Buffer.concat(parts).toString("base64")}`;
  };
  const dataKey = key.toString("base64");
  const ciphertexts = { city: sealed("Turin", "city"), phone: sealed("", "phone") };

  it("opens", () => {
    expect(open(dataKey, ciphertexts, place)).toEqual(["Turin", ""]);
  });

  it.each<[string, Fields, string]>([
    ["for another row", ciphertexts, "customers/other"],
    ["with swapped fields", { city: ciphertexts.phone, phone: ciphertexts.city }, place],
    ["with a changed letter", { ...ciphertexts, city: flipped(ciphertexts.city, 13) }, place],
    ["with a changed tag", { ...ciphertexts, phone: flipped(ciphertexts.phone, -1) }, place],
    ["with a field of a few bytes", { ...ciphertexts, city: "aes:AAAA" }, place],
    ["with fields of a whole row", { ...seal({ city: "Turin" }, place).ciphertexts }, place],
  ])("does not open %s", (_what, stored, of) => {
    expect(open(dataKey, stored, of)).toBeUndefined();
  });
});
