import { z } from "zod";

/**
 * Letters after the number of processors describe a size's features. Source: Azure, virtual machine naming
 * conventions.
 */
const vmSize = z
  .string()
  .regex(
    /^Standard_[A-Z]+\d+(?:-\d+)?[a-z]*(?:_[A-Z][A-Za-z0-9]+)?(?:_v\d+)?$/,
    "is not a VM size; write it as `az vm list-skus` does, such as Standard_D2s_v5.",
  )
  .superRefine((size, context) => {
    const features = /^Standard_[A-Z]+\d+(?:-\d+)?([a-z]*)/.exec(size)?.[1];
    if (features === undefined) return;
    const message = features.includes("p")
      ? "has an Arm processor, and the image is for x64; choose a size without p, such as Standard_D2s_v5."
      : !features.includes("s") && !/^Standard_[DG]S\d/.test(size)
        ? "does not support premium disks, which the VMs have; choose a size with s, such as Standard_D2s_v5."
        : undefined;
    if (message) context.addIssue({ code: "custom", message });
  });

export const availabilityZone = z.enum(
  ["1", "2", "3"],
  'is not an availability zone; write "1", "2" or "3", or leave it out.',
);

/** The fields of every VM. */
export const virtualMachine = {
  vmSize: vmSize.default("Standard_D2s_v5"),
  osDiskGb: z
    .int()
    .min(30, "is smaller than Ubuntu's image; choose 30 or more.")
    .max(4095, "is larger than the maximum of an OS disk; choose 4095 or less.")
    .default(64)
    .describe("OS disk, in GiB."),
  encryptionAtHost: z
    .boolean()
    .default(false)
    .describe(
      "Also encrypt temporary disks and caches. The subscription must have the feature EncryptionAtHost registered.",
    ),
};
