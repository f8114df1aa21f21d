import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readKeys } from "openpgp";

/** Files of keys, and the fingerprints on HashiCorp's and Node.js's own pages. */
const keyrings: readonly [file: string, fingerprints: string[]][] = [
  ["common/files/usr/local/share/keyrings/hashicorp.asc", ["C874011F0AB405110D02105534365D9472D7468F"]],
  [
    "agent-vm/files/usr/local/share/keyrings/nodejs.asc",
    [
      "5BE8A3F6C8A5C01D106C0AD820B1A390B168D356",
      "DD792F5973C6DE52C432CBDAC77ABFA00DDBF2B7",
      "CC68F5A3106FF448322E48ED27F5E38D5B0A215F",
      "8FCCA13FEF1D0C2E91008E09770F7A9A5AE15600",
      "890C08DB8579162FEE0DF9DB8BEAB4DFCF555EF4",
      "C82FA3AE1CBEDC6BE46B9360C43CEC45C17AB93C",
      "108F52B48DB57BB0CC439B2997B01419BD92F80A",
      "655F3B5C1FB3FA8D1A0CA6BDE4A7D232B936D2FD",
      "A363A499291CBBC940DD62E41F10027AF002F8B0",
    ],
  ],
];

describe.each(keyrings)("%s", (file, fingerprints) => {
  const armored = readFileSync(join(__dirname, "../../cloud-init", file), "utf8");

  it("is one block of ASCII armour without headers, as install-release reads it", () => {
    expect(armored).toMatch(
      /^-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n(?:[A-Za-z0-9+/]+={0,2}\n)+=[A-Za-z0-9+/]{4}\n-----END PGP PUBLIC KEY BLOCK-----\n$/,
    );
  });

  it("contains only these public keys", async () => {
    const keys = await readKeys({ armoredKeys: armored });
    expect(keys.map((key) => key.getFingerprint().toUpperCase()).sort()).toEqual([...fingerprints].sort());
    expect(keys.filter((key) => key.isPrivate())).toEqual([]);
  });
});

it("HashiCorp's key is the copy that is valid until 2030, not the copy that expired in April 2026", async () => {
  const [file] = keyrings[0] as (typeof keyrings)[number];
  const [key] = await readKeys({
    armoredKeys: readFileSync(join(__dirname, "../../cloud-init", file), "utf8"),
  });
  expect(await key?.getExpirationTime()).toEqual(new Date("2030-03-01T23:14:24.000Z"));
});
