import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "../../lib/processes/progress";
import { lastLines, runProgram } from "../../lib/processes/run-program";
import { UserError } from "../../lib/processes/user-error";
import { ProgramCache } from "../programs/program-cache";

/** A distribution's system as files of this machine, in place of Azure's image. */
export interface GuestImage {
  /** For example "Ubuntu 24.04". */
  readonly distribution: string;
  /** A raw ext4 file system. */
  readonly rootDisk: string;
  readonly kernel: string;
  readonly initrd?: string;
  /** The trusted certificate authorities, PEM. */
  readonly authorities: string;
}

interface Distribution {
  readonly name: string;
  readonly suite: string;
  /** Lines of sources.list without options. */
  readonly sources: readonly string[];
  /** Package signing keys on this machine. */
  readonly keyring: string;
  readonly kernelPackage: string;
}

const UBUNTU: Distribution = {
  name: "Ubuntu 24.04",
  suite: "noble",
  sources: ["noble", "noble-updates", "noble-security"].map(
    (suite) => `http://archive.ubuntu.com/ubuntu ${suite} main universe`,
  ),
  keyring: "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
  kernelPackage: "linux-image-virtual",
};

const DEBIAN: Distribution = {
  name: "Debian 13",
  suite: "trixie",
  sources: [
    "http://deb.debian.org/debian trixie main",
    "http://deb.debian.org/debian trixie-updates main",
    "http://deb.debian.org/debian-security trixie-security main",
  ],
  keyring: "/usr/share/keyrings/debian-archive-keyring.gpg",
  kernelPackage: "linux-image-amd64",
};

/** The parts of Azure's image that the user data needs, and QEMU's agent. */
export const PACKAGES = [
  "apt",
  "ca-certificates",
  "cloud-init",
  "curl",
  "dbus",
  "e2fsprogs",
  "gpgv",
  "iproute2",
  "kmod",
  "libpam-systemd",
  "logrotate",
  "lsb-release",
  "netplan.io",
  "openssl",
  "procps",
  "qemu-guest-agent",
  "sudo",
  "systemd-resolved",
  "systemd-sysv",
  "udev",
  "unattended-upgrades",
  "xz-utils",
];

/** Packages that the user data installs. The image has only their files, in a separate repository. */
export const REPOSITORY_PACKAGES = ["haproxy", "jq", "unzip"];

/** Size of the root disk. */
const SIZE = "2G";

const OTHERS_MS = 30 * 60_000;
const BUILD_MS = 25 * 60_000;

const MAKE_IMAGE = join(__dirname, "make-image");

/** Names of image, kernel and other files in the cache. */
const ROOT_DISK = "root.ext4";

/**
 * Returns the cached image, or builds one from the distribution's packages, which takes a few minutes. The VMs run
 * Ubuntu 24.04. Without its package signing keys on this machine, the image is Debian 13.
 */
export async function findGuestImage({
  progress,
  cache = new ProgramCache(),
}: {
  progress: Progress;
  cache?: ProgramCache;
}): Promise<GuestImage> {
  const distribution = [UBUNTU, DEBIAN].find(({ keyring }) => existsSync(keyring));
  if (!distribution) {
    throw new UserError(
      `Cannot verify the guest's packages: ${UBUNTU.keyring} and ${DEBIAN.keyring} are missing. Install ubuntu-keyring or debian-archive-keyring.`,
    );
  }
  if (distribution !== UBUNTU) {
    progress.line(
      `The guest runs ${distribution.name} instead of the deployment's ${UBUNTU.name}, because ${UBUNTU.keyring} is missing.`,
    );
  }
  const args = argumentsFor(distribution);
  const key = `guest_${distribution.suite}_${await recipeOf(args)}_linux_amd64`;
  const rootDisk =
    (await cache.find(key, ROOT_DISK)) ??
    (await cache.alone(`the guest's image`, { deadlineMs: OTHERS_MS, progress }, async () => {
      const made = await cache.find(key, ROOT_DISK);
      if (made) return made;
      return progress.longStep(
        `Building the guest's image from the packages of ${distribution.name}, a few minutes the first time`,
        () =>
          cache.add(key, ROOT_DISK, `mmdebstrap of ${distribution.name}`, (folder) => build(folder, args)),
      );
    }));
  return imageIn(join(rootDisk, ".."), distribution.name);
}

function imageIn(folder: string, distribution: string): GuestImage {
  const initrd = join(folder, "initrd");
  return {
    distribution,
    rootDisk: join(folder, ROOT_DISK),
    kernel: join(folder, "kernel"),
    initrd: existsSync(initrd) ? initrd : undefined,
    authorities: join(folder, "ca-certificates.crt"),
  };
}

function argumentsFor({ suite, sources, keyring, kernelPackage }: Distribution): string[] {
  return [
    suite,
    SIZE,
    [...PACKAGES, kernelPackage].join(","),
    REPOSITORY_PACKAGES.join(","),
    ...sources.map((source) => `deb [signed-by=${keyring}] ${source}`),
  ];
}

/** Returns a hash of the recipe, so that another recipe builds another image. */
async function recipeOf(args: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(args.join("\n"));
  for (const script of [MAKE_IMAGE, join(__dirname, "customize-image")]) hash.update(await readFile(script));
  return hash.digest("hex").slice(0, 12);
}

async function build(folder: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await runProgram({
    command: MAKE_IMAGE,
    args,
    cwd: folder,
    env: process.env,
    deadlineMs: BUILD_MS,
  });
  if (code !== 0) {
    throw new UserError(`The build of the guest's image failed. The last lines: ${lastLines(stderr, 8)}`);
  }
}
