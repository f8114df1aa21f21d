import { z } from "zod";
import { resourcesOf } from "../../../lib/synthesized/synthesized-folder";
import { type Check, newStacks } from "./check";

const regions = z.array(z.object({ name: z.string() }));

/** Checks that the region has the SKU of a new App Service plan on Linux. */
export const checkAppServicePlan: Check = async (context) => {
  const { az, environment } = context;
  const plans = newStacks(context).flatMap((stack) => resourcesOf(stack, "azurerm_service_plan"));
  const problems = await Promise.all(
    plans.map(async ({ sku_name }) => {
      const sku = String(sku_name);
      const offered = await az.json(
        regions,
        ...["appservice", "list-locations", "--sku", sku, "--linux-workers-enabled"],
      );
      // Azure writes "West Europe" here.
      const names = offered.map(({ name }) => name.replaceAll(" ", "").toLowerCase());
      if (names.includes(environment.location)) return [];
      return [
        `App Service in ${environment.location} does not offer the plan ${sku} on Linux. Choose another webAppPlan.sku or location (\`az appservice list-locations --sku ${sku} --linux-workers-enabled\` lists them).`,
      ];
    }),
  );
  return problems.flat();
};
