import { environmentFile, type WriteFile } from "../cloud-config";

/** A program that a VM installs from a release archive of its maker, by install-release. */
export interface Release {
  /** What the program is called: /usr/local/bin/<name>. */
  readonly name: string;
  readonly version: string;
  /** A zip or tar.xz file for 64-bit x86. */
  readonly archiveUrl: string;
  /** The archive's SHA-256, 64 hexadecimal digits; without one, the VM relies on the signature alone. */
  readonly sha256?: string;
  /** The maker's list of checksums; its signature is at the same address with .sig at the end. */
  readonly checksumsUrl: string;
  /** Where the program is in the archive. */
  readonly archiveProgram: string;
}

/** Where a VM keeps the versions of its programs. */
export const RELEASES_FOLDER = "/usr/local/lib/releases";

/** The file from which the unit <name>-install.service knows what to install. */
export function releaseFile({ name, ...release }: Release): WriteFile {
  return environmentFile(`/etc/vault-vm/${name}-release.env`, {
    RELEASE_VERSION: release.version,
    ARCHIVE_URL: release.archiveUrl,
    ARCHIVE_SHA256: release.sha256,
    ARCHIVE_PROGRAM: release.archiveProgram,
    CHECKSUMS_URL: release.checksumsUrl,
  });
}
