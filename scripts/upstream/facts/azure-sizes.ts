import type { Fact } from "../fact";
import { documentedVersion } from "../judges/announcement";
import { sizeRetirement, soldSku } from "../judges/azure";
import { inEnvironments } from "../project";

/** The sizes of VMs, plans and databases in the environments. */
export function azureSizes(): Fact[] {
  const vmSizes = inEnvironments(({ vault, agentVms, location }) =>
    [vault, ...agentVms].map(({ vmSize }) => ({ sku: vmSize, region: location })),
  );
  const plans = inEnvironments(({ webAppPlan, location }) => [{ sku: webAppPlan.sku, region: location }]);
  const databases = inEnvironments(({ mysql }) => [mysql.sku]);
  return [
    ...vmSizes.flatMap(({ value: { sku, region }, usedIn }) => [
      soldSku(
        {
          kind: "VM size",
          sku,
          region,
          filter: `serviceName eq 'Virtual Machines' and armSkuName eq '${sku}'`,
          setting: "vmSize",
        },
        usedIn,
      ),
      sizeRetirement(sku, usedIn),
    ]),
    ...plans.map(({ value: { sku, region }, usedIn }) =>
      soldSku(
        {
          kind: "App Service plan",
          sku,
          region,
          // The price list writes P1v3 as P1 v3, and P0v3 as it is.
          filter: `serviceName eq 'Azure App Service' and (skuName eq '${sku}' or skuName eq '${sku.replace(/(?<=\d)(?=m?v\d$)/, " ")}')`,
          setting: "webAppPlan.sku",
        },
        usedIn,
      ),
    ),
    ...databases.map(({ value, usedIn }) =>
      documentedVersion(
        { name: `MySQL size ${value}`, value: value.replace(/^[A-Z]+_/, ""), usedIn, covers: [value] },
        {
          page: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-service-tiers-storage",
          words: "Burstable",
          cure: "Choose another size in mysql.sku.",
        },
      ),
    ),
  ];
}
