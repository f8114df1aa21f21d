import { rm } from "node:fs/promises";
import { join } from "node:path";
import { UserError, VerificationError } from "../../lib/processes/user-error";
import { readReleaseKey, verifySignature } from "../../lib/releases/release-signature";
import { HASHICORP_RELEASES, type ReleaseSource } from "../../lib/releases/release-source";
import { type DownloadOptions, downloadBytes, downloadTo } from "../programs/download";
import { sha256Of } from "../programs/file-checksum";
import { unzipOneFile } from "../programs/unzip-one-file";

export interface VaultDownloadOptions extends DownloadOptions {
  readonly version: string;
  /** For example linux_amd64. */
  readonly platform: string;
  readonly source?: ReleaseSource;
}

/**
 * Downloads HashiCorp's release of Vault into `folder`, as `folder`/vault. It verifies the signature of the checksum
 * list, then the archive's checksum, and then unpacks the archive.
 * Source of the procedure: https://www.hashicorp.com/trust/security, "Verifying downloads".
 *
 * @throws VerificationError for a wrong key, signature or checksum, and UserError for a failed download
 */
export async function downloadVaultRelease(folder: string, options: VaultDownloadOptions): Promise<void> {
  const { version, platform, source = HASHICORP_RELEASES } = options;
  const base = `${source.releasesUrl}/vault/${version}`;
  const archive = `vault_${version}_${platform}.zip`;
  const checksum = await signedChecksum(`${base}/vault_${version}_SHA256SUMS`, archive, source, options);

  const path = join(folder, archive);
  await downloadTo(`${base}/${archive}`, path, options);
  const found = await sha256Of(path);
  if (found !== checksum) {
    throw new VerificationError(
      `${base}/${archive} has SHA-256 ${found}, but HashiCorp signed ${checksum}. The file was damaged or changed, so it was not used.`,
    );
  }
  await unzipOneFile(path, "vault", join(folder, "vault"));
  await rm(path);
}

/** Returns the checksum of one file from a signed list with lines of "<sha256>  <file>". */
async function signedChecksum(
  url: string,
  file: string,
  { keyUrl, fingerprint }: ReleaseSource,
  options: DownloadOptions,
): Promise<string> {
  const { silenceMs } = options;
  const [sums, signature, armored] = await Promise.all(
    [url, `${url}.sig`, keyUrl].map((it) => downloadBytes(it, { silenceMs })),
  );
  if (!sums || !signature || !armored) throw new Error("three downloads give three results");
  const key = await readReleaseKey(Buffer.from(armored).toString("utf8"), fingerprint, keyUrl);
  await verifySignature(sums, signature, key, url);
  for (const line of Buffer.from(sums).toString("utf8").split("\n")) {
    const [checksum, name] = line.trim().split(/\s+/);
    if (name === file && checksum && /^[0-9a-f]{64}$/.test(checksum)) return checksum;
  }
  throw new UserError(`HashiCorp does not publish ${file}: ${url} does not list it.`);
}
