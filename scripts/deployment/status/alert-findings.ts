import { z } from "zod";
import type { AzureCli } from "../azure-cli";
import type { StackState } from "../stack-state";
import { type Finding, note, well, wrong } from "./finding";

/** Types of alert rules in Terraform. */
const RULE_TYPES = ["azurerm_monitor_scheduled_query_rules_alert_v2", "azurerm_monitor_metric_alert"];

/** A rule in Terraform's state. */
const alertRule = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().default(""),
  scopes: z.array(z.string()),
});

/** Source: Azure Monitor's REST API, Alerts - Get All, 2019-03-01. */
const firedAlerts = z.object({
  value: z.array(
    z.object({
      properties: z.object({
        essentials: z.object({ alertRule: z.string().default(""), startDateTime: z.string().default("") }),
      }),
    }),
  ),
  nextLink: z.string().nullish(),
});

/** Returns the system's alerts that fire, each with its rule's sentence and cure. */
export async function alertFindings(az: AzureCli, states: readonly StackState[]): Promise<Finding[]> {
  const rules = RULE_TYPES.flatMap((type) => states.flatMap((state) => state.existing(type))).map((rule) =>
    alertRule.parse(rule),
  );
  if (rules.length === 0) {
    return [note("alerts", "are not deployed, because the environment names no evidenceWorkspace.")];
  }
  // Azure keeps an alert in the subscription of the watched resource.
  const subscriptions = new Set(rules.flatMap(({ scopes }) => scopes.map(subscriptionOf)));
  const since = new Map<string, string>();
  for (const subscription of subscriptions)
    for (const { alertRule: id, startDateTime } of await firedIn(az, subscription)) {
      const earlier = since.get(id.toLowerCase());
      if (!earlier || startDateTime < earlier) since.set(id.toLowerCase(), startDateTime);
    }
  const firing = rules.flatMap(({ id, name, description }) => {
    const start = since.get(id.toLowerCase());
    return start === undefined ? [] : [wrong(name, `fires since ${start.slice(0, 16)}Z. ${description}`)];
  });
  return firing.length > 0 ? firing : [well("alerts", `none of ${rules.length} fires`)];
}

/** Returns the alerts that fire in a subscription and began within 30 days, the longest time that Azure keeps them. */
async function firedIn(
  az: AzureCli,
  subscription: string,
): Promise<z.infer<typeof firedAlerts>["value"][number]["properties"]["essentials"][]> {
  const query = "monitorCondition=Fired&timeRange=30d&pageCount=250&api-version=2019-03-01";
  let url: string | null | undefined =
    `/subscriptions/${subscription}/providers/Microsoft.AlertsManagement/alerts?${query}`;
  const found = [];
  while (url) {
    const page: z.infer<typeof firedAlerts> = await az.json(
      firedAlerts,
      "rest",
      "--method",
      "get",
      "--url",
      url,
    );
    found.push(...page.value.map(({ properties }) => properties.essentials));
    url = page.nextLink;
  }
  return found;
}

const subscriptionOf = (id: string): string => id.split("/")[2]?.toLowerCase() ?? "";
