import { DataKey, isOfDataKey } from "../../app/encryption/data-key";

describe("A row's data key", () => {
  const key = DataKey.generate();
  const place = "customers/row/city";

  it.each(["", "Turin", "Zürich 🏔", "x".repeat(800)])("decrypts %j, also after it was stored", (text) => {
    const sealed = key.seal(text, place);
    expect(isOfDataKey(sealed)).toBe(true);
    expect(DataKey.of(key.text).open(sealed, place)).toBe(text);
  });

  it("never makes the same ciphertext twice, and hides the plaintext", () => {
    const sealed = [key.seal("Turin", place), key.seal("Turin", place)];
    expect(new Set(sealed).size).toBe(2);
    expect(Buffer.from(sealed.join().slice(4), "base64").toString("latin1")).not.toContain("Turin");
  });

  it("differs for each row", () => {
    expect(DataKey.generate().text).not.toBe(key.text);
    expect(Buffer.from(key.text, "base64")).toHaveLength(32);
  });

  const sealed = key.seal("Turin", place);
  const changed = (at: number) => {
    const bytes = Buffer.from(sealed.slice(4), "base64");
    bytes[at < 0 ? bytes.length + at : at] = (bytes.at(at) ?? 0) ^ 1;
    return `aes:${bytes.toString("base64")}`;
  };
  it.each<[string, DataKey, string, string]>([
    ["of another row", DataKey.generate(), sealed, place],
    ["moved to another field", key, sealed, "customers/row/address"],
    ["moved to another row", key, sealed, "customers/other/city"],
    ["with a changed nonce", key, changed(0), place],
    ["with a changed character", key, changed(14), place],
    ["with a changed tag", key, changed(-1), place],
    ["cut short", key, sealed.slice(0, -8), place],
    ["of a few bytes", key, "aes:AAAA", place],
    ["of nothing", key, "aes:", place],
    ["that is not base64", key, "aes:%%%", place],
  ])("opens no text %s", (_what, opener, text, associatedData) => {
    expect(opener.open(text, associatedData)).toBeUndefined();
  });
});
