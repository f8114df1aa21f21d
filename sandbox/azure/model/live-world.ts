import { roleAssignmentsIn, roleDefinitionsIn } from "../services/resource-manager/authorization";
import { interfaceAddress } from "../services/resource-manager/network";
import { isUnreachable } from "../services/resource-manager/private-endpoints";
import { fields, list, propertiesOf, text, valueAt } from "./fields";
import { parseResourceId } from "./resource-id";
import type { ResourceStore } from "./resource-store";
import type { ArmResource, AzureWorld, ManagedIdentity } from "./world";

/** The store's current world, for services other than ARM. Parts that ARM does not know keep their initial values. */
export function liveWorld(
  given: AzureWorld,
  store: ResourceStore,
  userData: ReadonlyMap<string, string>,
): AzureWorld {
  return {
    ...given,
    get identities() {
      return store
        .ofType("Microsoft.ManagedIdentity/userAssignedIdentities")
        .map(({ id, name, properties = {} }) => ({
          name,
          resourceId: id,
          clientId: String(properties["clientId"]),
          principalId: String(properties["principalId"]),
        }));
    },
    get virtualMachines() {
      return store.ofType("Microsoft.Compute/virtualMachines").map((machine) => ({
        ...virtualMachine(machine, store),
        userData: userData.get(machine.name),
      }));
    },
    get sites() {
      return store.ofType("Microsoft.Web/sites").flatMap((site) => {
        const { id, name } = site;
        const systemAssigned = systemIdentity(site, store);
        const privateIpAddress = store.addressOf(id);
        return systemAssigned ? [{ name, resourceId: id, systemAssigned, privateIpAddress }] : [];
      });
    },
    get keyVaults() {
      return store.ofType("Microsoft.KeyVault/vaults").map((keyVault) => ({
        name: keyVault.name,
        resourceId: keyVault.id,
        unreachable: isUnreachable(keyVault, store),
      }));
    },
    get storageAccounts() {
      return store.ofType("Microsoft.Storage/storageAccounts").map((account) => ({
        name: account.name,
        resourceId: account.id,
        unreachable: isUnreachable(account, store),
        blobs: given.storageAccounts?.find(({ name }) => name === account.name)?.blobs ?? [],
      }));
    },
    get roleDefinitions() {
      return roleDefinitionsIn(store);
    },
    get roleAssignments() {
      return roleAssignmentsIn(store);
    },
  };
}

function virtualMachine(machine: ArmResource, store: ResourceStore): AzureWorld["virtualMachines"][number] {
  const properties = propertiesOf(machine);
  const [card] = list(valueAt(properties, "networkProfile.networkInterfaces"));
  const [zone] = machine.zones ?? [];
  const made = card && store.get(String(card["id"]));
  return {
    name: machine.name,
    resourceId: machine.id,
    resourceGroup: parseResourceId(machine.id)?.resourceGroup ?? "",
    location: machine.location ?? "",
    vmId: String(properties["vmId"]),
    systemAssigned: systemIdentity(machine, store),
    userAssigned: Object.keys(fields(machine.identity?.["userAssignedIdentities"])),
    tags: machine.tags,
    size: text(valueAt(properties, "hardwareProfile.vmSize")),
    zone,
    privateIpAddress: made ? interfaceAddress(made) : store.addressOf(machine.id),
  };
}

function systemIdentity({ identity }: ArmResource, store: ResourceStore): ManagedIdentity | undefined {
  const principalId = text(identity?.["principalId"]);
  return principalId === undefined
    ? undefined
    : { principalId, clientId: store.clientIdOf(principalId) ?? "" };
}
