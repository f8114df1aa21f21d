import { z } from "zod";
import { compareVersions } from "../../../lib/processes/version";
import { act, type Fact, good } from "../fact";
import { NoAnswer } from "../upstream";
import { expiry, fingerprintOf, keysIn } from "./signing-key";

/** Source: Node.js, dist/index.json, newest first. `security`: the release fixes vulnerabilities. */
const releases = z
  .array(z.object({ version: z.string(), security: z.boolean(), files: z.array(z.string()) }))
  .min(1);

const index = "https://nodejs.org/dist/index.json";

export interface NodeRelease {
  /** For example 24.17.0. */
  readonly version: string;
  /** The project's SHA-256 of the archive for Linux on x64, and the archive's name. */
  readonly archive: string;
  readonly checksum: string;
  readonly setting: string;
}

/** Checks that the pinned release has the project's checksum, and that no later release of its line fixes vulnerabilities. */
export function nodeRelease(
  fact: Pick<Fact, "name" | "usedIn" | "covers">,
  { version, archive, checksum, setting }: NodeRelease,
): Fact {
  const folder = `https://nodejs.org/dist/v${version}`;
  return {
    ...fact,
    value: version,
    source: `${folder}/`,
    judge: async (upstream) => {
      const all = await upstream.json(index, releases);
      const line = all.filter((one) => one.version.startsWith(`v${version.split(".")[0]}.`));
      const newest = line
        .map((one) => one.version.slice(1))
        .sort(compareVersions)
        .at(-1);
      const cure = `${setting} to ${newest ?? "a release that exists"}.`;
      const there =
        line.some((one) => one.version === `v${version}`) &&
        (await upstream.isThere(`${folder}/${archive}`, index));
      if (!there) return act(`Node.js ${version} no longer exists. ${cure}`);
      const sums = await upstream.text(`${folder}/SHASUMS256.txt`);
      const found = new RegExp(`^([0-9a-f]{64}) +${archive.replaceAll(".", "\\.")}$`, "m").exec(sums)?.[1];
      if (found !== checksum) {
        return act(
          `Node.js lists ${found ?? "nothing"} for ${archive}, but the project holds ${checksum}. Find out which of them changed.`,
        );
      }
      const fixes = line.filter((one) => one.security && compareVersions(one.version.slice(1), version) > 0);
      if (fixes.length === 0)
        return good(`It exists, and no later release of its line fixes vulnerabilities.`);
      return act(`${fixes.map((one) => one.version).join(", ")} fix vulnerabilities. ${cure}`);
    },
  };
}

/** Source: nodejs/release-keys, keys.list: one fingerprint a line. */
const keyList = "https://raw.githubusercontent.com/nodejs/release-keys/main/keys.list";

/** Checks that the owners of the trusted keys may still sign releases, and that no copy in the project has expired. */
export function nodeReleaseKeys(fact: Pick<Fact, "name" | "usedIn">, copies: string): Fact {
  return {
    ...fact,
    value: "in the keyring",
    source: "https://github.com/nodejs/release-keys",
    judge: async (upstream, today) => {
      const listed = z
        .array(z.string().regex(/^[0-9A-F]{40}$/, "is not a fingerprint"))
        .min(1)
        .safeParse((await upstream.text(keyList)).split("\n").filter(Boolean));
      if (!listed.success) throw new NoAnswer(`${keyList} is not a list of fingerprints`);
      const keys = await keysIn(copies, "the project's keyring");
      const gone = keys.map(fingerprintOf).filter((one) => !listed.data.includes(one));
      if (gone.length > 0) {
        return act(`Node.js no longer lists ${gone.join(", ")}. Remove it from ${fact.usedIn[0]}.`);
      }
      const findings = await Promise.all(
        keys.map((key) =>
          expiry(key, `The copy of ${fingerprintOf(key)}`, today, `Copy it again into ${fact.usedIn[0]}.`),
        ),
      );
      const ended = findings.filter(({ result }) => result === "act").map(({ sentence }) => sentence);
      return ended.length === 0
        ? good("Node.js lists each of them, and none ends soon.")
        : act(ended.join(" "));
    },
  };
}
