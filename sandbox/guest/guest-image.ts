import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ProgramCache } from "../programs/program-cache";
import type { Progress } from "../programs/progress";
import { lastLines, runProgram } from "../programs/run-program";
import { SandboxError } from "../programs/sandbox-error";
import type { QemuPrograms } from "./qemu";

/** A distribution's system as files of this machine: what stands for Azure's image. */
export interface GuestImage {
  /** As in "Ubuntu 24.04". */
  readonly distribution: string;
  /** A raw ext4 file system. */
  readonly rootDisk: string;
  readonly kernel: string;
  readonly initrd?: string;
  /** The certificate authorities it trusts, PEM. */
  readonly authorities: string;
}

interface Distribution {
  readonly name: string;
  readonly suite: string;
  /** Lines of sources.list, the options aside. */
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

/** What Azure's image has of itself, as far as the user data builds on it, and QEMU's agent. */
const PACKAGES = [
  "apt",
  "ca-certificates",
  "cloud-init",
  "curl",
  "dbus",
  "e2fsprogs",
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
];

/** What the user data has to install: the image only has the packages' files, in a repository of its own. */
const REPOSITORY_PACKAGES = ["jq", "unzip"];

/** Where the image's repository is. */
const REPOSITORY = "/srv/apt";

/** Bytes of the root disk. */
const DISK_BYTES = 3 * 1024 ** 3;

const OTHERS_MS = 30 * 60_000;
const BUILD_MS = 25 * 60_000;

/** Image, kernel and the rest are named so in the cache. */
const ROOT_DISK = "root.ext4";

/**
 * The image: that which BOOT_TEST_IMAGE names, else the one in the cache, else one made from the distribution's packages (a few
 * minutes). Ubuntu 24.04, which the VMs run, where this machine has its package signing keys; else Debian 13.
 */
export async function findGuestImage(
  qemu: QemuPrograms,
  { progress, cache = new ProgramCache() }: { progress: Progress; cache?: ProgramCache },
): Promise<GuestImage> {
  const distribution = [UBUNTU, DEBIAN].find(({ keyring }) => existsSync(keyring));
  if (!distribution) {
    throw new SandboxError(
      `The guest's packages cannot be verified: ${UBUNTU.keyring} and ${DEBIAN.keyring} are missing. Install ubuntu-keyring or debian-archive-keyring.`,
    );
  }
  if (distribution !== UBUNTU) {
    progress.line(
      `The guest is ${distribution.name}, not ${UBUNTU.name}, which is deployed: ${UBUNTU.keyring} is missing.`,
    );
  }
  const script = buildScript(distribution);
  const recipe = createHash("sha256").update(script).digest("hex").slice(0, 12);
  const key = `guest_${distribution.suite}_${recipe}_linux_amd64`;
  const rootDisk =
    (await cache.find(key, ROOT_DISK)) ??
    (await cache.alone(`the guest's image`, { deadlineMs: OTHERS_MS, progress }, async () => {
      const made = await cache.find(key, ROOT_DISK);
      if (made) return made;
      return progress.step(
        `Making the guest's image from the packages of ${distribution.name}, a few minutes the first time`,
        () =>
          cache.add(key, ROOT_DISK, `mmdebstrap of ${distribution.name}`, (folder) =>
            build(qemu, script, folder),
          ),
        { announce: true },
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

async function build(qemu: QemuPrograms, script: string, folder: string): Promise<void> {
  await chmod(folder, 0o755); // mmdebstrap's hooks may run as another user
  const file = join(folder, "build");
  await writeFile(file, script, { mode: 0o755 });
  const disk = await open(join(folder, ROOT_DISK), "w", 0o666);
  await disk.truncate(DISK_BYTES);
  await disk.close();
  const { code, stderr } = await runProgram({
    command: "/bin/bash",
    args: [file],
    cwd: folder,
    env: { ...process.env, MMDEBSTRAP: qemu.mmdebstrap, MKFS: qemu.mkfs },
    deadlineMs: BUILD_MS,
  });
  if (code !== 0) {
    throw new SandboxError(
      `mmdebstrap could not make the guest's image. Its last lines: ${lastLines(stderr, 8)}`,
    );
  }
}

/** Runs in the folder that takes the image. */
function buildScript({ suite, sources, keyring, kernelPackage }: Distribution): string {
  const hooks = [
    // Packages for the user data to install, and nothing else that apt could find.
    `APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get install --yes --download-only ${REPOSITORY_PACKAGES.join(" ")}`,
    `mkdir -p "$1${REPOSITORY}" && mv "$1"/var/cache/apt/archives/*.deb "$1${REPOSITORY}/"`,
    `cd "$1${REPOSITORY}" && for deb in *.deb; do dpkg-deb --field "$deb"; printf "Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n" "$deb" "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d " " -f 1)"; done >Packages`,
    `rm -f "$1"/etc/apt/sources.list.d/* && echo "deb [trusted=yes] file:${REPOSITORY} ./" >"$1/etc/apt/sources.list"`,
    // Azure's images keep the list of sources that they come with. Locales and SSH's keys take long to make.
    `printf "%s\\n" "apt: {preserve_sources_list: true}" "locale: false" "ssh_deletekeys: false" "ssh_genkeytypes: []" >"$1/etc/cloud/cloud.cfg.d/90-image.cfg"`,
    // The stable name of data disks, as the rules of Azure's image give it.
    `echo 'SUBSYSTEM=="block", ENV{ID_SERIAL}=="lun[0-9]*", SYMLINK+="disk/azure/scsi1/$env{ID_SERIAL}"' >"$1/etc/udev/rules.d/66-azure-storage.rules"`,
    `cat "$1"/boot/vmlinuz-* >kernel`,
    `if ls "$1"/boot/initrd.img-* 2>/dev/null; then cat "$1"/boot/initrd.img-* >initrd; fi`,
    `cat "$1/etc/ssl/certs/ca-certificates.crt" >ca-certificates.crt`,
    `rm -f "$1"/boot/* "$1"/var/log/*.log`,
    // A copy, because the original has /proc and others mounted.
    `cp -ax "$1" root && "$MKFS" -q -F -d root ${ROOT_DISK} && rm -rf root`,
  ];
  return [
    "#!/bin/bash",
    "set -euo pipefail",
    "image=$PWD",
    'arguments=(--variant=minbase --format=null --aptopt="Acquire::Languages none")',
    `arguments+=(--include=${[...PACKAGES, kernelPackage].join(",")})`,
    ...hooks.map((hook) => `arguments+=(--customize-hook=${quoted(hook)})`),
    `sources=(${sources.map((source) => quoted(`deb [signed-by=${keyring}] ${source}`)).join(" ")})`,
    `"$MMDEBSTRAP" "\${arguments[@]}" ${suite} - "\${sources[@]}"`,
    "",
  ].join("\n");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
