import { constants } from "node:fs";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChildProgram } from "../../lib/processes/child-program";
import { programOnPath } from "../../lib/processes/program-on-path";

/** Absolute paths of the programs that a guest needs. */
export interface QemuPrograms {
  readonly system: string;
  readonly img: string;
  readonly mmdebstrap: string;
  readonly debugfs: string;
  readonly mkfs: string;
}

export type Acceleration = "KVM" | "TCG";

/** Each program, and its package in Debian and Ubuntu. */
const PROGRAMS: Readonly<Record<keyof QemuPrograms, readonly [program: string, packageName: string]>> = {
  system: ["qemu-system-x86_64", "qemu-system-x86"],
  img: ["qemu-img", "qemu-utils"],
  mmdebstrap: ["mmdebstrap", "mmdebstrap"],
  debugfs: ["debugfs", "e2fsprogs"],
  mkfs: ["mkfs.ext4", "e2fsprogs"],
};

/** Milliseconds until a kernel under KVM must print its first output. */
const FIRST_WORD_MS = 5_000;

/** Returns the programs, or a sentence with the missing ones and how to install them. */
export async function findQemuPrograms(): Promise<QemuPrograms | string> {
  if (process.platform !== "linux" || process.arch !== "x64")
    return `The boot test runs on Linux on x86-64, not on ${process.platform} ${process.arch}.`;
  const found: Partial<Record<keyof QemuPrograms, string>> = {};
  const missing = new Map<string, string>();
  for (const [key, [program, packageName]] of Object.entries(PROGRAMS)) {
    const path = await programOnPath([program], { alsoIn: ["/usr/sbin", "/sbin"] });
    if (path) found[key as keyof QemuPrograms] = path;
    else missing.set(program, packageName);
  }
  if (missing.size === 0) return found as QemuPrograms;
  const packages = [...new Set(missing.values())].join(" ");
  return `${[...missing.keys()].join(", ")} are not on PATH. Install them: apt-get install ${packages}.`;
}

/** Returns KVM if a kernel boots with it. /dev/kvm can exist without working. */
export async function findAcceleration(qemu: QemuPrograms, kernel: string): Promise<Acceleration> {
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return "TCG";
  }
  const folder = await mkdtemp(join(tmpdir(), "kvm-"));
  const console = join(folder, "console.log");
  try {
    const program = await ChildProgram.start({
      name: "QEMU",
      command: qemu.system,
      args: [
        ["-nodefaults", "-no-user-config", "-machine", "q35", "-accel", "kvm", "-cpu", "host", "-m", "512"],
        ["-display", "none", "-no-reboot", "-serial", `file:${console}`],
        ["-kernel", kernel, "-append", "console=ttyS0 panic=-1"],
      ].flat(),
      env: { PATH: process.env.PATH },
      logFile: join(folder, "qemu.log"),
    });
    try {
      await program.until(
        "a kernel under KVM",
        async () => (await readFile(console, "utf8").catch(() => "")).includes("Linux version"),
        { deadlineMs: FIRST_WORD_MS },
      );
      return "KVM";
    } catch {
      return "TCG";
    } finally {
      await program.kill();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
