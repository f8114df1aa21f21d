import { z } from "zod";
import { resourcesOf, type SynthesizedStack } from "../../../lib/synthesized/synthesized-folder";
import { type Check, type CheckContext, newStacks } from "./check";

const skus = z.array(
  z.object({
    name: z.string(),
    family: z.string(),
    capabilities: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
    locationInfo: z.array(z.object({ zones: z.array(z.string()).nullish() })).nullish(),
    restrictions: z
      .array(
        z.object({
          type: z.string(),
          restrictionInfo: z.object({ zones: z.array(z.string()).nullish() }).nullish(),
        }),
      )
      .nullish(),
  }),
);

const usages = z.array(
  z.object({
    name: z.object({ value: z.string() }),
    currentValue: z.coerce.number(),
    limit: z.coerce.number(),
  }),
);

const virtualMachine = z.object({
  name: z.string(),
  size: z.string(),
  zone: z.string().optional(),
  encryption_at_host_enabled: z.boolean().optional(),
  disk_controller_type: z.string().default("SCSI"),
});

type VirtualMachine = z.infer<typeof virtualMachine>;
type Sku = z.infer<typeof skus>[number];

const type = "azurerm_linux_virtual_machine";

/** Checks the sizes of new and resized VMs: offered in region and zone, with the required features, and within the quota. */
export const checkMachineSizes: Check = async (context) => {
  const machines = [
    ...newStacks(context).flatMap((stack) => machinesOf(stack)),
    ...context.stacks.flatMap((stack) => resizedOrAdded(context, stack)),
  ];
  if (machines.length === 0) return [];
  const { az, environment } = context;
  const sizes = [...new Set(machines.map(({ size }) => size))];
  const query = `[?${sizes.map((size) => `name=='${size}'`).join("||")}]`;
  const location = ["--location", environment.location];
  const [offered, used] = await Promise.all([
    az.json(
      skus,
      "vm",
      "list-skus",
      ...location,
      "--resource-type",
      "virtualMachines",
      "--all",
      "--query",
      query,
    ),
    az.json(usages, "vm", "list-usage", ...location),
  ]);
  return [
    ...notOffered(context, machines, offered),
    ...unable(machines, offered),
    ...beyondQuota(context, machines, offered, used),
  ];
};

function machinesOf(stack: SynthesizedStack): VirtualMachine[] {
  return resourcesOf(stack, type).map((machine) => virtualMachine.parse(machine));
}

/** Resized or added VMs of a stack that has VMs already. */
function resizedOrAdded({ states }: CheckContext, stack: SynthesizedStack): VirtualMachine[] {
  const existing = states.get(stack.name)?.existing(type) ?? [];
  if (existing.length === 0) return [];
  const sizes = new Map(existing.map(({ name, size }) => [name, size]));
  return machinesOf(stack).filter(({ name, size }) => sizes.get(name) !== size);
}

function notOffered(
  { environment }: CheckContext,
  machines: readonly VirtualMachine[],
  offered: readonly Sku[],
): string[] {
  const problems = machines.flatMap(({ size, zone }) => {
    const sku = offered.find(({ name }) => name === size);
    const restrictions = sku?.restrictions ?? [];
    if (!sku || restrictions.some(({ type }) => type === "Location")) {
      return [
        `The VM size ${size} is not offered to this subscription in ${environment.location}. Choose another size or location in environments/${environment.name}.json (\`az vm list-skus\` lists them).`,
      ];
    }
    const closed = restrictions.flatMap(({ restrictionInfo }) => restrictionInfo?.zones ?? []);
    const open = (sku.locationInfo?.[0]?.zones ?? []).filter((one) => !closed.includes(one)).sort();
    if (zone === undefined || open.includes(zone)) return [];
    return [
      `The VM size ${size} is not offered to this subscription in zone ${zone} of ${environment.location}. Choose ${open.length > 0 ? `zone ${open.join(" or ")}` : "no zone"}, or another size.`,
    ];
  });
  return [...new Set(problems)];
}

/** The VMs' features, and how `az vm list-skus` shows that a size lacks one. Source: Azure, Resource SKUs - List. */
const needs: readonly {
  readonly feature: string;
  readonly applies?: (machine: VirtualMachine) => boolean;
  readonly isMissing: (capability: (name: string) => string | undefined) => boolean;
}[] = [
  {
    feature: "VMs of generation 2, which trusted launch needs",
    isMissing: (capability) => capability("HyperVGenerations")?.includes("V2") === false,
  },
  { feature: "trusted launch", isMissing: (capability) => capability("TrustedLaunchDisabled") === "True" },
  { feature: "premium disks", isMissing: (capability) => capability("PremiumIO") === "False" },
  { feature: "a data disk", isMissing: (capability) => capability("MaxDataDiskCount") === "0" },
  {
    feature: "x64 processors, which the image needs",
    isMissing: (capability) => capability("CpuArchitectureType") === "Arm64",
  },
  // The disks' names on the VM differ, so the user data only works with one controller. Source: environments/vm-size.ts.
  ...["SCSI", "NVMe"].map((controller) => ({
    feature: `${controller} disks, which the project expects of its generation`,
    applies: (machine: VirtualMachine) => machine.disk_controller_type === controller,
    isMissing: (capability: (name: string) => string | undefined) =>
      capability("DiskControllerTypes")?.split(",").includes(controller) === false,
  })),
  {
    feature: "encryption at host",
    applies: (machine) => machine.encryption_at_host_enabled === true,
    isMissing: (capability) => capability("EncryptionAtHostSupported") === "False",
  },
];

function unable(machines: readonly VirtualMachine[], offered: readonly Sku[]): string[] {
  const problems = machines.flatMap((machine) => {
    const capabilities = offered.find(({ name }) => name === machine.size)?.capabilities ?? [];
    const capability = (wanted: string) => capabilities.find(({ name }) => name === wanted)?.value;
    return needs
      .filter(({ applies, isMissing }) => (applies?.(machine) ?? true) && isMissing(capability))
      .map(
        ({ feature }) =>
          `The VM size ${machine.size} does not support ${feature}. Choose another size, such as Standard_D2s_v5.`,
      );
  });
  return [...new Set(problems)];
}

function beyondQuota(
  { environment }: CheckContext,
  machines: readonly VirtualMachine[],
  offered: readonly Sku[],
  used: z.infer<typeof usages>,
): string[] {
  const wanted = new Map<string, number>();
  for (const { size } of machines) {
    const sku = offered.find(({ name }) => name === size);
    const cores = Number(sku?.capabilities?.find(({ name }) => name === "vCPUs")?.value ?? 0);
    for (const quota of ["cores", ...(sku ? [sku.family] : [])]) {
      wanted.set(quota, (wanted.get(quota) ?? 0) + cores);
    }
  }
  return [...wanted].flatMap(([quota, cores]) => {
    const usage = used.find(({ name }) => name.value.toLowerCase() === quota.toLowerCase());
    if (!usage || usage.currentValue + cores <= usage.limit) return [];
    return [
      `The VMs need ${cores} cores of the quota ${quota} in ${environment.location}, of which ${Math.max(0, usage.limit - usage.currentValue)} of ${usage.limit} are free. Request more in the portal (Subscriptions, Usage + quotas), or choose other sizes.`,
    ];
  });
}
