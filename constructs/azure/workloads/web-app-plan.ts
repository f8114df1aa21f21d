import { ServicePlan } from "@cdktf/provider-azurerm/lib/service-plan";
import type { Construct } from "constructs";
import type { Environment } from "../../../environments/schema";
import { skipChecks } from "../../terraform/checkov-skips";
import { resourceName } from "../resource-names";
import { WebAppAutoscale } from "./web-app-autoscale";

export interface WebAppPlanProps {
  environment: Environment;
  resourceGroup: string;
}

/** The App Service plan that the web apps share. */
export class WebAppPlan extends ServicePlan {
  constructor(scope: Construct, id: string, { environment, resourceGroup }: WebAppPlanProps) {
    const { name, location, webAppPlan } = environment;
    const { maxWorkers } = webAppPlan;
    super(scope, id, {
      name: resourceName("asp", name, "vault"),
      resourceGroupName: resourceGroup,
      location,
      osType: "Linux",
      skuName: webAppPlan.sku,
      workerCount: webAppPlan.workers,
      zoneBalancingEnabled: webAppPlan.zoneRedundant,
      // Autoscale changes the number.
      lifecycle: maxWorkers === undefined ? undefined : { ignoreChanges: ["worker_count"] },
    });
    if (maxWorkers !== undefined)
      new WebAppAutoscale(scope, `${id}-autoscale`, {
        ...{ environment, resourceGroup, maxWorkers },
        planId: this.id,
      });
    skipChecks(this, planFindings(webAppPlan));
  }
}

/** Explains the features that a small plan lacks. The environment decides. */
function planFindings({ sku, workers, zoneRedundant }: Environment["webAppPlan"]): Record<string, string> {
  return {
    ...(sku.startsWith("B") && {
      CKV_AZURE_211:
        "The environment chose a Basic plan, which is enough to try the system. `webAppPlan.sku` sets a larger one.",
    }),
    ...(workers < 2 && {
      CKV_AZURE_212: "The environment chose one worker. `webAppPlan.workers` sets more.",
    }),
    ...(!zoneRedundant && {
      CKV_AZURE_225:
        "The environment chose one zone. `webAppPlan.zoneRedundant: true` spreads a Premium plan's workers.",
    }),
  };
}
