import { z } from "zod";
import type { AzureCli } from "./azure-cli";

const resources = z.array(z.object({ id: z.string(), name: z.string() }));

/** Source: Azure, Application Insights, smart detection: names of what it makes for each component. */
const leftover = /^(?:Application Insights Smart Detection|Failure Anomalies - appi-.*)$/;

/**
 * Deletes what Application Insights made by itself in a resource group and leaves behind: an action group and an alert rule. No state
 * knows them, and Terraform deletes no resource group that holds anything.
 */
export async function deleteMonitoringLeftovers(az: AzureCli, resourceGroup: string): Promise<void> {
  const query = "[].{id:id,name:name}";
  const all = await az.json(
    resources,
    "resource",
    "list",
    "--resource-group",
    resourceGroup,
    "--query",
    query,
  );
  const ids = all.filter(({ name }) => leftover.test(name)).map(({ id }) => id);
  if (ids.length > 0) await az.run("resource", "delete", "--ids", ...ids);
}
