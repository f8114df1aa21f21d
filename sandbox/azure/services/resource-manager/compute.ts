import { type Fields, fields, list, propertiesOf, text, valueAt } from "../../model/fields";
import { sameId } from "../../model/resource-id";
import type { ArmResource } from "../../model/world";
import { Refusal } from "../../server/refusal";
import { consoleUrl } from "../serial-consoles";
import { completedIdentity, guidFor } from "./managed-identities";
import type { ResourceCall, ResourceTypes, Writing } from "./resource-type";

const diskType = "Microsoft.Compute/disks";

/** The sizes of the example environments, and similar ones. */
export const machineSizeNames = [
  "Standard_D2s_v3",
  "Standard_B2s",
  "Standard_B1s",
  "Standard_D4s_v3",
  "Standard_D2s_v5",
  "Standard_D4s_v5",
];

export const computeTypes: ResourceTypes = {
  "microsoft.compute/virtualmachines/vmsizes": { members: () => machineSizeNames.map((name) => ({ name })) },
  "microsoft.compute/virtualmachinescalesets": {},
  "microsoft.compute/snapshots": {},
  [diskType.toLowerCase()]: {
    putStatus: 200,
    defaults: () => ({ properties: { encryption: { type: "EncryptionAtRestWithPlatformKey" } } }),
    computed: ({ id, existing }) => ({
      properties: {
        diskState: propertiesOf(existing)["diskState"] ?? "Unattached",
        uniqueId: guidFor(id),
        timeCreated: propertiesOf(existing)["timeCreated"] ?? new Date().toISOString(),
        diskSizeBytes: undefined,
      },
    }),
    checkDelete: ({ store }, disk) => {
      const user = machineOfDisk(store.ofType("Microsoft.Compute/virtualMachines"), disk.id);
      if (user) {
        throw new Refusal(
          409,
          "OperationNotAllowed",
          `Disk ${disk.name} is attached to VM ${user.id} and cannot be deleted.`,
        );
      }
    },
  },
  "microsoft.compute/virtualmachines": {
    hidden: ["properties.osProfile.adminPassword", "properties.userData"],
    defaults: () => ({ properties: { osProfile: { secrets: [], requireGuestProvisionSignal: true } } }),
    computed: (writing) => ({ ...completedIdentity(writing), properties: machineFields(writing) }),
    view: machineView,
    written: ({ store, sent, id }, machine) => {
      const osDisk = fields(valueAt(machine, "properties.storageProfile.osDisk"));
      const { id: diskId, storageAccountType } = fields(osDisk["managedDisk"]);
      if (typeof diskId !== "string" || store.get(diskId)) return;
      store.put({
        id: diskId,
        name: String(osDisk["name"]),
        type: diskType,
        location: sent.location,
        zones: sent.zones,
        sku: { name: storageAccountType, tier: "Premium" },
        managedBy: id,
        properties: {
          osType: "Linux",
          diskSizeGB: osDisk["diskSizeGB"],
          diskState: "Attached",
          creationData: { createOption: "FromImage" },
          provisioningState: "Succeeded",
        },
      });
    },
    actions: {
      poweroff: () => undefined,
      deallocate: () => undefined,
      start: () => undefined,
      restart: () => undefined,
      // The sandbox does not run the command.
      runcommand: () => ({ value: [{ code: "ProvisioningState/succeeded", level: "Info" }] }),
      retrievebootdiagnosticsdata: ({ target }) => ({ serialConsoleLogBlobUri: consoleUrl(target.name) }),
    },
  },
  "microsoft.compute/virtualmachines/instanceview": {
    implicit: (_, machine) => instanceView(machine),
  },
  "microsoft.compute/virtualmachines/extensions": {
    hidden: ["properties.protectedSettings"],
    check: ({ store, id }) => {
      const machine = store.get(id.split(/\/extensions\//i)[0] ?? "");
      if (valueAt(machine, "properties.osProfile.allowExtensionOperations") === false) {
        throw new Refusal(
          409,
          "OperationNotAllowed",
          "This operation cannot be performed when extension operations are disallowed. To allow, please ensure VM Agent is installed on the VM and the osProfile.allowExtensionOperations property is true.",
        );
      }
    },
  },
};

/** Returns the user data as sent. IMDS returns it to the machine. */
export function userDataOf(machine: ArmResource): string | undefined {
  return text(propertiesOf(machine)["userData"]);
}

function machineFields({ id, sent, existing, store }: Writing): Fields {
  const before = propertiesOf(existing);
  const properties = propertiesOf(sent);
  const storage = fields(properties["storageProfile"]);
  const osDisk = fields(storage["osDisk"]);
  const name =
    text(osDisk["name"]) ??
    text(valueAt(before, "storageProfile.osDisk.name")) ??
    `${sent.name}_OsDisk_1_${guidFor(id).replaceAll("-", "")}`;
  const group = id.split(/\/providers\//i)[0] ?? "";
  const dataDisks = list(storage["dataDisks"]).map((disk) => {
    const diskId = text(valueAt(disk, "managedDisk.id")) ?? "";
    const made = store.get(diskId);
    if (!made) throw new Refusal(404, "ResourceNotFound", `The disk ${diskId} was not found.`);
    return {
      ...disk,
      name: disk["name"] ?? made.name,
      diskSizeGB: propertiesOf(made)["diskSizeGB"],
      toBeDetached: false,
      managedDisk: { storageAccountType: valueAt(made, "sku.name"), id: diskId },
    };
  });
  for (const card of list(valueAt(properties, "networkProfile.networkInterfaces"))) {
    if (!store.get(String(card["id"])))
      throw new Refusal(404, "NotFound", `The network interface ${card["id"]} was not found.`);
  }
  return {
    vmId: before["vmId"] ?? crypto.randomUUID(),
    timeCreated: before["timeCreated"] ?? new Date().toISOString(),
    userData: properties["userData"] === undefined ? before["userData"] : undefined,
    storageProfile: {
      osDisk: {
        osType: "Linux",
        deleteOption: "Detach",
        ...osDisk,
        name,
        managedDisk: { ...fields(osDisk["managedDisk"]), id: `${group}/providers/${diskType}/${name}` },
      },
      dataDisks,
    },
  };
}

function machineOfDisk(machines: readonly ArmResource[], diskId: string): ArmResource | undefined {
  return machines.find((machine) => {
    const storage = fields(propertiesOf(machine)["storageProfile"]);
    const disks = [storage["osDisk"], ...list(storage["dataDisks"])];
    return disks.some((disk) => sameId(String(valueAt(disk, "managedDisk.id")), diskId));
  });
}

/** Source: Compute REST API, Virtual Machines - Get. */
function machineView(machine: ArmResource, { query }: Pick<ResourceCall, "query">): unknown {
  const expand = query.get("$expand") ?? "";
  const shown = { ...machine, properties: { ...propertiesOf(machine) } as Fields };
  // Azure omits this field if every capability is off.
  if (!Object.values(fields(shown.properties["additionalCapabilities"])).includes(true))
    delete shown.properties["additionalCapabilities"];
  if (!/userData/i.test(expand)) delete shown.properties["userData"];
  if (/instanceView/i.test(expand)) shown.properties["instanceView"] = instanceView(machine);
  return shown;
}

function instanceView(machine: ArmResource): Fields {
  const time = new Date().toISOString();
  return {
    computerName: machine.name,
    osName: "ubuntu",
    statuses: [
      { code: "ProvisioningState/succeeded", level: "Info", displayStatus: "Provisioning succeeded", time },
      { code: "PowerState/running", level: "Info", displayStatus: "VM running" },
    ],
  };
}
