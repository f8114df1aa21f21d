import { nodeRelease } from "../../cloud-init/agent-vm/node-release";
import { vaultRelease } from "../../cloud-init/common/vault-release";
import type { Environment } from "../../environments/schema";
import type { Progress } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import type { GuestWorkshop } from "../../sandbox/guest/deployed-guest";
import { findGuestImage } from "../../sandbox/guest/guest-image";
import { findAcceleration, findQemuPrograms } from "../../sandbox/guest/qemu";
import type { InstalledProgram } from "../../sandbox/machine/machine";

/** What guests are made with on this machine; says in one line what that is. */
export async function findWorkshop(progress: Progress): Promise<GuestWorkshop> {
  const qemu = await findQemuPrograms();
  if (typeof qemu === "string") throw new UserError(qemu);
  const image = await findGuestImage({ progress });
  const acceleration = await findAcceleration(qemu, image.kernel);
  progress.line(`${image.distribution} in QEMU under ${acceleration}`);
  return { qemu, image, acceleration };
}

/** The releases that are there before a VM boots, so that it need not download them. */
export function installedPrograms({ vault }: Environment, vaultProgram: string): InstalledProgram[] {
  return [
    { ...vaultRelease(vault), path: vaultProgram },
    { ...nodeRelease, path: process.execPath },
  ];
}
