import { nodeRelease } from "../../cloud-init/agent-vm/node-release";
import { vaultRelease } from "../../cloud-init/common/vault-release";
import type { Environment } from "../../environments/schema";
import type { Progress } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import type { GuestWorkshop } from "../../sandbox/guest/deployed-guest";
import { findGuestImage } from "../../sandbox/guest/guest-image";
import { findAcceleration, findQemuPrograms } from "../../sandbox/guest/qemu";
import type { InstalledProgram } from "../../sandbox/machine/machine";

/** Finds the programs and images for guests on this machine, and prints them in one line. */
export async function findWorkshop(progress: Progress): Promise<GuestWorkshop> {
  const qemu = await findQemuPrograms();
  if (typeof qemu === "string") throw new UserError(qemu);
  const image = await findGuestImage({ progress });
  const acceleration = await findAcceleration(qemu, image.kernel);
  progress.line(`${image.distribution} in QEMU under ${acceleration}`);
  return { qemu, image, acceleration };
}

/** Returns the releases to install before a VM boots, so the VM does not download them. */
export function installedPrograms({ vault }: Environment, vaultProgram: string): InstalledProgram[] {
  return [
    { ...vaultRelease(vault), path: vaultProgram },
    { ...nodeRelease, path: process.execPath },
  ];
}
