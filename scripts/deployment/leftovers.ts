import { z } from "zod";
import type { AzureCli } from "./azure-cli";
import type { StackState } from "./stack-state";

const resources = z.array(z.object({ id: z.string(), name: z.string(), type: z.string() }));

type Resource = z.infer<typeof resources>[number];

/**
 * What Azure makes by itself beside Application Insights, some time later, and leaves when that is deleted; azurerm then
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
 * Deletes from the network's resource group what Azure left in it.
 * @returns ids of what remains and no state knows
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
