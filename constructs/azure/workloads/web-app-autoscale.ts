import { MonitorAutoscaleSetting } from "@cdktf/provider-azurerm/lib/monitor-autoscale-setting";
import type { Construct } from "constructs";
import type { Environment } from "../../../environments/schema";
import { resourceName } from "../resource-names";

export interface WebAppAutoscaleProps {
  environment: Environment;
  resourceGroup: string;
  /** The plan whose workers it counts. */
  planId: string;
  maxWorkers: number;
}

/**
 * Rules for the processors' load of all workers, in percent. A worker fewer must not bring the load to the upper threshold, or Azure would add and remove
 * the same worker: 30 % on two workers is 60 % on one. Source: Azure Monitor, autoscale flapping.
 */
const rules = [
  { direction: "Increase", operator: "GreaterThan", threshold: 70, timeWindow: "PT5M", cooldown: "PT5M" },
  { direction: "Decrease", operator: "LessThan", threshold: 30, timeWindow: "PT15M", cooldown: "PT10M" },
] as const;

/** Adds and removes workers of an App Service plan by their load, one at a time. */
export class WebAppAutoscale extends MonitorAutoscaleSetting {
  constructor(
    scope: Construct,
    id: string,
    { environment, resourceGroup, planId, maxWorkers }: WebAppAutoscaleProps,
  ) {
    const { name, location, webAppPlan } = environment;
    // Azure uses the default while it has no measurements.
    const capacity = { minimum: webAppPlan.workers, default: webAppPlan.workers, maximum: maxWorkers };
    super(scope, id, {
      name: resourceName("asp", name, "vault"),
      resourceGroupName: resourceGroup,
      location,
      targetResourceId: planId,
      profile: [
        {
          name: "load",
          capacity,
          rule: rules.map(({ direction, operator, threshold, timeWindow, cooldown }) => ({
            metricTrigger: {
              metricResourceId: planId,
              metricName: "CpuPercentage",
              ...{ timeGrain: "PT1M", statistic: "Average", timeAggregation: "Average", timeWindow },
              ...{ operator, threshold },
            },
            scaleAction: { direction, type: "ChangeCount", value: 1, cooldown },
          })),
        },
      ],
    });
  }
}
