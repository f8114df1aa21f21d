import { messageOf, UserError } from "../../lib/processes/user-error";
import { fields, propertiesOf } from "../azure/services/resource-manager/resource-type";
import type { Rehearsal } from "./rehearsal";

/** Milliseconds that App Service and MySQL hold their subnets after they are deleted: minutes on Azure. */
const subnetsHeldMs = 12_000;

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

/** scripts/destroy while subnets are released late, and among what somebody else made; once that is gone, nothing may be left. */
export async function destroyAmongLeftovers(rehearsal: Rehearsal): Promise<void> {
  const { resources } = rehearsal.azure;
  resources.subnetsHeldMs = subnetsHeldMs;
  const [server] = resources.ofType("Microsoft.DBforMySQL/flexibleServers");
  if (!server) throw new UserError("There is no MySQL server to be destroyed.");
  const name = "of-somebody-else";
  const type = "Microsoft.Compute/snapshots";
  const id = `${server.id.split("/providers/")[0]}/providers/${type}/${name}`;
  resources.put({ id, name, type, location: server.location });
  const message = await rehearsal.destroy().then(
    () => "nothing at all",
    (error: unknown) => messageOf(error),
  );
  if (!/still holds what no stack .* made/.test(message) || !message.includes(name))
    throw new UserError(`scripts/destroy does not say what is in its way, but ${message}`);
  resources.delete(id);
  await rehearsal.destroy();
  resources.subnetsHeldMs = 0;
}
