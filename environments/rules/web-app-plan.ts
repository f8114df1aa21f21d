import { z } from "zod";
import type { Problem } from "../problem";
import type { Read } from "../read";

export const webAppPlan = z
  .strictObject({
    sku: z
      .string()
      .regex(
        /^(?:B[1-3]|S[1-3]|P[1-3]v2|P[0-3]v[34]|P[1-5]mv[34])$/,
        "is not an App Service plan that can join a network; write B1 to B3, S1 to S3, or a Premium one such as P1v3.",
      )
      .default("B1")
      .describe("The plan's SKU, shared by the web apps."),
    workers: z
      .int()
      .min(1, "is less than one worker; choose 1 or more.")
      .max(30, "is more than 30 workers; choose 30 or less.")
      .default(1)
      .describe("Number of workers."),
    zoneRedundant: z
      .boolean()
      .default(false)
      .describe("Distribute the workers over zones. This needs a Premium SKU and at least two workers."),
  })
  .prefault({})
  .describe("The App Service plan.");

const { shape } = webAppPlan.unwrap();

/** Rules for the App Service plan. */
export function webAppPlanRules(read: Read): Problem[] {
  return [...workersArePossible(read), ...zoneRedundancyIsPossible(read)];
}

/** Source: App Service limits: 3 instances on Basic, 10 on Standard, 30 on Premium. */
function workersArePossible(read: Read): Problem[] {
  const sku = read(shape.sku, "webAppPlan", "sku");
  const workers = read(shape.workers, "webAppPlan", "workers") ?? 0;
  const most = sku?.startsWith("B") ? 3 : sku?.startsWith("S") ? 10 : 30;
  if (workers <= most) return [];
  return [
    {
      field: "webAppPlan.workers",
      sentence: `${workers} workers are more than a plan ${sku} allows; choose ${most} or less, or a larger webAppPlan.sku.`,
    },
  ];
}

/** Source: App Service, reliability: zone redundancy needs a Premium plan and two workers. */
function zoneRedundancyIsPossible(read: Read): Problem[] {
  const sku = read(shape.sku, "webAppPlan", "sku");
  const workers = read(shape.workers, "webAppPlan", "workers");
  if (!read(shape.zoneRedundant, "webAppPlan", "zoneRedundant")) return [];
  if ((sku === undefined || sku.startsWith("P")) && (workers === undefined || workers > 1)) return [];
  return [
    {
      field: "webAppPlan.zoneRedundant",
      sentence:
        "zone redundancy needs a Premium plan with at least two workers; set webAppPlan.sku to a SKU such as P1v3 and webAppPlan.workers to 2.",
    },
  ];
}
