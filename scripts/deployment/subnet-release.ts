import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import { DeadlineError, waitFor } from "../../lib/processes/wait-for";
import type { AzureCli } from "./azure-cli";
import type { Interruption } from "./interruption";
import type { StackState } from "./stack-state";

/** Source: Azure, REST API 2024-05-01, Virtual Networks - Get. */
const virtualNetwork = z.object({
  properties: z.object({
    subnets: z
      .array(
        z.object({
          name: z.string(),
          properties: z.object({ serviceAssociationLinks: z.array(z.unknown()).nullish() }),
        }),
      )
      .default([]),
  }),
});

/**
 * Waits until App Service and MySQL release their subnets. Azure does this some time after the last application or server is
 * deleted, and refuses to delete a subnet before this. Source: azurerm issues 15032, 28979 and 30011.
 * @returns names of the subnets that are not released
 */
export async function waitForSubnets(
  az: AzureCli,
  network: StackState,
  { promise }: Pick<Interruption, "promise">,
  seconds: number,
): Promise<string[]> {
  const ids = network.existing("azurerm_virtual_network").map(({ id }) => String(id));
  let held: string[] = [];
  const isFree = async (): Promise<boolean> => {
    const found = await Promise.all(ids.map((id) => heldSubnets(az, id)));
    held = found.flat();
    return held.length === 0;
  };
  try {
    await waitFor("the subnets to be released", isFree, {
      deadlineMs: seconds * 1000,
      intervalMs: 5000,
      abort: promise,
    });
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
  }
  return held;
}

/** Returns an empty list if Azure does not show the network. If this is an error, Terraform reports it. */
async function heldSubnets(az: AzureCli, networkId: string): Promise<string[]> {
  const url = `${networkId}?api-version=2024-05-01`;
  try {
    const { properties } = await az.json(virtualNetwork, "rest", "--method", "get", "--url", url);
    return properties.subnets
      .filter((subnet) => (subnet.properties.serviceAssociationLinks ?? []).length > 0)
      .map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [];
  }
}
