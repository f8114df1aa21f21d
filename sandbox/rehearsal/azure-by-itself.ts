import { fields, propertiesOf } from "../azure/model/fields";
import type { Rehearsal } from "./rehearsal";

/** Milliseconds that App Service and MySQL keep their subnets after their deletion (minutes on Azure). Destroying vault-server takes less. */
const subnetsHeldMs = 120_000;

/** Makes the changes that Azure makes by itself. No plan may undo them. */
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

/** Runs scripts/destroy while subnets are released late, and beside resources that Azure made and leaves. Nothing may remain. */
export async function destroyAmongLeftovers(rehearsal: Rehearsal): Promise<void> {
  const { resources } = rehearsal.azure;
  resources.subnetsHeldMs = subnetsHeldMs;
  await rehearsal.destroy();
  resources.subnetsHeldMs = 0;
}
