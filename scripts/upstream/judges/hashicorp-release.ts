import { z } from "zod";
import { VerificationError } from "../../../lib/processes/user-error";
import { compareVersions } from "../../../lib/processes/version";
import { readReleaseKey, verifySignature } from "../../../lib/releases/release-signature";
import { HASHICORP_RELEASES, type ReleaseSource } from "../../../lib/releases/release-source";
import { act, type Fact, good, type Verdict } from "../fact";
import { NoAnswer, type Upstream } from "../upstream";
import { keysIn } from "./signing-key";

const api = "https://api.releases.hashicorp.com/v1/releases";

/** Source: HashiCorp, Releases API v1. */
const release = z.object({
  version: z.string(),
  is_prerelease: z.boolean(),
  status: z.object({ state: z.string(), message: z.string().nullish() }),
});

export interface HashicorpRelease {
  readonly product: "vault" | "terraform";
  readonly version: string;
  /** The setting that holds the version, as in "Set vault.version". */
  readonly setting: string;
  /** Checksums that the project holds, by the archive's name. */
  readonly checksums?: Readonly<Record<string, string>>;
}

/** Checks that HashiCorp still supports the version and that no newer one should replace it. */
export function hashicorpVersion(
  fact: Pick<Fact, "name" | "value" | "usedIn">,
  { product, version, setting }: HashicorpRelease,
): Fact {
  return {
    ...fact,
    source: `https://releases.hashicorp.com/${product}`,
    judge: async (upstream) => {
      const [found, all] = await Promise.all([
        upstream.jsonIfThere(`${api}/${product}/${version}`, `${api}/${product}/latest`, release),
        upstream.json(`${api}/${product}?license_class=oss&limit=20`, z.array(release).min(1)),
      ]);
      const newest = newestOf(all.filter(({ is_prerelease }) => !is_prerelease).map((one) => one.version));
      if (newest === undefined)
        throw new NoAnswer(`${api}/${product} lists no release of the community edition`);
      const cure = `${setting} to ${newest}, after a run of the sandbox with it.`;
      if (!found) return act(`HashiCorp withdrew ${version}. ${cure}`);
      const { state, message } = found.status;
      if (state !== "supported") {
        return act(`HashiCorp calls it ${state}${message ? ` (${message})` : ""}. ${cure}`);
      }
      const difference = compareVersions(newest, version);
      if (difference > 0) {
        return act(`${newest} is out, and only the newest releases get fixes. ${cure}`);
      }
      if (difference < 0) throw new NoAnswer(`${api}/${product} ends at ${newest}, before ${version}`);
      return good("It is supported, and the newest.");
    },
  };
}

/** Ignores the enterprise edition, such as 2.2.2+ent. */
function newestOf(versions: readonly string[]): string | undefined {
  return versions
    .filter((version) => /^\d+\.\d+\.\d+$/.test(version))
    .sort(compareVersions)
    .at(-1);
}

/** Checks that the archive can be downloaded, that the list of checksums names it, and that the release key signs the list. */
export function hashicorpArchive(
  fact: Pick<Fact, "name" | "value" | "usedIn" | "covers">,
  { product, version, setting, checksums = {} }: HashicorpRelease,
  releases: ReleaseSource = HASHICORP_RELEASES,
): Fact {
  const base = `${releases.releasesUrl}/${product}/${version}`;
  const archive = `${product}_${version}_linux_amd64.zip`;
  return {
    ...fact,
    source: `${base}/`,
    judge: async (upstream) => {
      const there = await upstream.isThere(
        `${base}/${archive}`,
        `${releases.releasesUrl}/${product}/index.json`,
      );
      if (!there) return act(`${archive} no longer exists. ${setting} to a version that exists.`);
      return (
        (await unsigned(upstream, releases, `${base}/${product}_${version}_SHA256SUMS`)) ?? listed(upstream)
      );
    },
  };

  async function listed(upstream: Upstream): Promise<Verdict> {
    const sums = await upstream.text(`${base}/${product}_${version}_SHA256SUMS`);
    for (const name of new Set([archive, ...Object.keys(checksums)])) {
      const found = new RegExp(`^([0-9a-f]{64}) +${name.replaceAll(/[.+]/g, "\\$&")}$`, "m").exec(sums)?.[1];
      if (!found)
        return act(`HashiCorp's checksums do not list ${name}. Find out why before you deploy anything.`);
      const held = checksums[name];
      if (held && held !== found) {
        return act(
          `HashiCorp signed ${found} for ${name}, but the project holds ${held}. Find out which of them changed.`,
        );
      }
    }
    return good("It exists, and HashiCorp's release key signs its checksum.");
  }
}

async function unsigned(
  upstream: Upstream,
  { keyUrl, fingerprint }: ReleaseSource,
  sumsUrl: string,
): Promise<Verdict | undefined> {
  const [sums, signature, armored] = await Promise.all([
    upstream.bytes(sumsUrl),
    upstream.bytes(`${sumsUrl}.sig`),
    upstream.text(keyUrl),
  ]);
  await keysIn(armored, keyUrl);
  try {
    await verifySignature(sums, signature, await readReleaseKey(armored, fingerprint, keyUrl), sumsUrl);
    return undefined;
  } catch (error) {
    if (error instanceof VerificationError) return act(error.message);
    throw error;
  }
}
