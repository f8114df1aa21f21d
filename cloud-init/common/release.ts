import { environmentFile, type WriteFile } from "../cloud-config";

/** A program that install-release installs on a VM from its maker's release archive. */
export interface Release {
  /** The program's name: /usr/local/bin/<name>. */
  readonly name: string;
  readonly version: string;
  /** A zip or tar.xz file for 64-bit x86. */
  readonly archiveUrl: string;
  /** The archive's SHA-256, 64 hexadecimal digits. Without it, the VM relies on the signature alone. */
  readonly sha256?: string;
  /** The maker's list of checksums. Its signature has the same address with .sig at the end. */
  readonly checksumsUrl: string;
  /** The program's path in the archive. */
  readonly archiveProgram: string;
}

/** The folder in which a VM keeps the versions of its programs. */
export const RELEASES_FOLDER = "/usr/local/lib/releases";

/** The file that tells the unit <name>-install.service what to install. */
export function releaseFile({ name, ...release }: Release): WriteFile {
  return environmentFile(`/etc/vault-vm/${name}-release.env`, {
    RELEASE_VERSION: release.version,
    ARCHIVE_URL: release.archiveUrl,
    ARCHIVE_SHA256: release.sha256,
    ARCHIVE_PROGRAM: release.archiveProgram,
    CHECKSUMS_URL: release.checksumsUrl,
  });
}
