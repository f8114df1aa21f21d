import { fields, propertiesOf } from "../azure/services/resource-manager/resource-type";
import type { Rehearsal } from "./rehearsal";

/** Milliseconds that App Service and MySQL hold their subnets after they are deleted: minutes on Azure. Longer than the stack vault-server takes to go. */
const subnetsHeldMs = 120_000;

/** Changes that Azure makes without being asked, none of which a plan may undo. */
export function changeByItself({ azure }: Rehearsal): void {
  const { resources } = azure;
  for (const server of resources.ofType("Microsoft.DBforMySQL/flexibleServers")) {
    const properties = propertiesOf(server);
    const storage = fields(properties["storage"]);
    resources.put({
      ...server,
      properties: {
        ...properties,
        // The storage was nearly full.
        storage: { ...storage, storageSizeGB: Number(storage["storageSizeGB"]) + 12 },
        // A failover.
        availabilityZone: properties["availabilityZone"] === "2" ? "3" : "2",
      },
    });
  }
  for (const site of resources.ofType("Microsoft.Web/sites"))
    resources.put({
      ...site,
      tags: { ...site.tags, "hidden-link: /app-insights-resource-id": "/somewhere" },
    });
}

/** scripts/destroy while subnets are released late, and beside what Azure made and leaves: nothing of it may be left. */
export async function destroyAmongLeftovers(rehearsal: Rehearsal): Promise<void> {
  const { resources } = rehearsal.azure;
  resources.subnetsHeldMs = subnetsHeldMs;
  await rehearsal.destroy();
  resources.subnetsHeldMs = 0;
}
