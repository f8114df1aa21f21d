import { z } from "zod";
import type { AzureCli } from "./azure-cli";
import type { StackState } from "./stack-state";

const resources = z.array(z.object({ id: z.string(), name: z.string(), type: z.string() }));

type Resource = z.infer<typeof resources>[number];

/**
 * Resources that Azure creates by itself some time after Application Insights, and keeps after its deletion. azurerm then
 * refuses to delete the resource group. Source: azurerm issues 10563 and 18026.
 */
function isAzuresOwn({ name, type }: Resource): boolean {
  const kind = type.toLowerCase();
  return (
    (kind === "microsoft.insights/actiongroups" && name === "Application Insights Smart Detection") ||
    (kind === "microsoft.alertsmanagement/smartdetectoralertrules" && name.startsWith("Failure Anomalies - "))
  );
}

/**
 * Deletes these resources from the network's resource group.
 * @returns ids of the remaining resources that are in no state
 */
export async function deleteAzuresLeftovers(az: AzureCli, network: StackState): Promise<string[]> {
  const group = network.output("resource_group");
  if (group === undefined) return [];
  const found = await az.json(resources, "resource", "list", "--resource-group", group);
  const own = found.filter(isAzuresOwn).map(({ id }) => id);
  if (own.length > 0) await az.run("resource", "delete", "--ids", ...own);
  return found
    .filter((resource) => !isAzuresOwn(resource) && !network.ids.has(resource.id.toLowerCase()))
    .map(({ id }) => id);
}
