import { madeUpGuid, madeUpSshKey, madeUpText } from "../../../sandbox/azurerm/made-up-values";

const sources = Array.from({ length: 50 }, (_, number) => `stack/type.resource-${number} attribute`);

describe("Made-up values", () => {
  it("are the same for the same source, and differ for different ones", () => {
    const all = () => [
      ...sources.map(madeUpGuid),
      ...sources.map((source) => madeUpText(source, 6)),
      ...sources.map((source) => madeUpSshKey(source, 2048)),
    ];
    expect(all()).toEqual(all());
    expect(new Set(all()).size).toBe(3 * sources.length);
  });

  it("are GUIDs that do not look real", () => {
    for (const source of sources) {
      expect(madeUpGuid(source)).toMatch(/^00000000-0000-4000-8000-[0-9a-f]{12}$/);
    }
  });

  it("are lower-case letters and digits, of the requested length", () => {
    for (const source of sources) expect(madeUpText(source, 12)).toMatch(/^[a-z0-9]{12}$/);
  });

  it("are SSH keys with a modulus of full length", () => {
    for (const source of sources) {
      const bytes = Buffer.from(madeUpSshKey(source, 2048).slice("ssh-rsa ".length), "base64");
      const modulus = bytes.subarray(-256);
      expect(modulus[0]).toBeGreaterThanOrEqual(0x80);
      expect(bytes.at(-257)).toBe(0);
    }
  });
});
