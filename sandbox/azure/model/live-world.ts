import { roleAssignmentsIn, roleDefinitionsIn } from "../services/resource-manager/authorization";
import { interfaceAddress } from "../services/resource-manager/network";
import { fields, list, propertiesOf, text } from "../services/resource-manager/resource-type";
import type { ArmResource, AzureWorld, ManagedIdentity } from "../world";
import { parseResourceId } from "./resource-id";
import type { ResourceStore } from "./resource-store";

/** The world as it is now: what was there at the start, and what came by Azure Resource Manager since. */
export function liveWorld(
  seed: AzureWorld,
  store: ResourceStore,
  userData: ReadonlyMap<string, string>,
): AzureWorld {
  const created = (type: string) => store.created(type);
  return {
    tenantId: seed.tenantId,
    subscriptionId: seed.subscriptionId,
    keys: seed.keys,
    certificates: seed.certificates,
    resources: seed.resources,
    applicationIdUris: seed.applicationIdUris,
    get people() {
      return seed.people;
    },
    get identities() {
      return [
        ...seed.identities,
        ...created("Microsoft.ManagedIdentity/userAssignedIdentities").map(
          ({ id, name, properties = {} }) => ({
            name,
            resourceId: id,
            clientId: String(properties["clientId"]),
            principalId: String(properties["principalId"]),
          }),
        ),
      ];
    },
    get virtualMachines() {
      const made = created("Microsoft.Compute/virtualMachines").map((machine) =>
        virtualMachine(machine, store),
      );
      return [...seed.virtualMachines, ...made].map((machine) => ({
        ...machine,
        userData: userData.get(machine.name) ?? machine.userData,
      }));
    },
    get sites() {
      return [
        ...seed.sites,
        ...created("Microsoft.Web/sites").flatMap((site) => {
          const systemAssigned = systemIdentity(site, store);
          return systemAssigned ? [{ name: site.name, resourceId: site.id, systemAssigned }] : [];
        }),
      ];
    },
    get keyVaults() {
      const made = created("Microsoft.KeyVault/vaults").map(({ id, name }) => ({ name, resourceId: id }));
      return [...seed.keyVaults, ...made];
    },
    get storageAccounts() {
      const made = created("Microsoft.Storage/storageAccounts").map(({ id, name }) => ({
        name,
        resourceId: id,
        blobs: [],
      }));
      return [...(seed.storageAccounts ?? []), ...made];
    },
    get roleDefinitions() {
      return [...seed.roleDefinitions, ...roleDefinitionsIn(store)];
    },
    get roleAssignments() {
      return [...seed.roleAssignments, ...roleAssignmentsIn(store)];
    },
  };
}

function virtualMachine(machine: ArmResource, store: ResourceStore): AzureWorld["virtualMachines"][number] {
  const properties = propertiesOf(machine);
  const [card] = list(fields(properties["networkProfile"])["networkInterfaces"]);
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
    size: text(fields(properties["hardwareProfile"])["vmSize"]),
    zone,
    privateIpAddress: made && interfaceAddress(made),
  };
}

function systemIdentity({ identity }: ArmResource, store: ResourceStore): ManagedIdentity | undefined {
  const principalId = text(identity?.["principalId"]);
  return principalId === undefined
    ? undefined
    : { principalId, clientId: store.clientIdOf(principalId) ?? "" };
}
