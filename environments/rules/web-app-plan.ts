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
      .describe("Number of workers. With `maxWorkers`, the smallest number."),
    maxWorkers: z
      .int()
      .min(2, "is less than two workers; choose 2 or more, or remove the field.")
      .max(30, "is more than 30 workers; choose 30 or less.")
      .optional()
      .describe(
        "Largest number of workers. Azure adds one while their processors are busy for 70 %, and removes one below 30 %. Without it, the number is fixed.",
      ),
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
  return [...workersArePossible(read), ...autoscaleIsPossible(read), ...zoneRedundancyIsPossible(read)];
}

/** Source: App Service limits: 3 instances on Basic, 10 on Standard, 30 on Premium. */
function workersArePossible(read: Read): Problem[] {
  const sku = read(shape.sku, "webAppPlan", "sku");
  const most = sku?.startsWith("B") ? 3 : sku?.startsWith("S") ? 10 : 30;
  return (["workers", "maxWorkers"] as const).flatMap((field) => {
    const workers = read(shape[field], "webAppPlan", field) ?? 0;
    if (workers <= most) return [];
    const sentence = `${workers} workers are more than a plan ${sku} allows; choose ${most} or less, or a larger webAppPlan.sku.`;
    return [{ field: `webAppPlan.${field}`, sentence }];
  });
}

/** Source: Azure Monitor, autoscale; App Service limits: Basic plans have no autoscale. */
function autoscaleIsPossible(read: Read): Problem[] {
  const field = "webAppPlan.maxWorkers";
  const most = read(shape.maxWorkers, "webAppPlan", "maxWorkers");
  const workers = read(shape.workers, "webAppPlan", "workers");
  if (most === undefined) return [];
  if (read(shape.sku, "webAppPlan", "sku")?.startsWith("B")) {
    const sentence =
      "a Basic plan has a fixed number of workers; remove the field, or set webAppPlan.sku to a larger one, such as P1v3.";
    return [{ field, sentence }];
  }
  if (workers === undefined || workers < most) return [];
  const sentence = `is not more than webAppPlan.workers (${workers}), so there is nothing to add; choose a larger number, or remove the field.`;
  return [{ field, sentence }];
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
