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

/** Source: Azure Monitor's REST API, Alerts - Get All. */
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
  const scopes = new Set(rules.flatMap(({ id, scopes: watched }) => watched.map((one) => scopeOf(one, id))));
  const fired = await Promise.all([...scopes].map((scope) => firedIn(az, scope)));
  const since = new Map<string, string>();
  for (const { alertRule: id, startDateTime } of fired.flat()) {
    const earlier = since.get(id.toLowerCase());
    if (!earlier || startDateTime < earlier) since.set(id.toLowerCase(), startDateTime);
  }
  const firing = rules.flatMap(({ id, name, description }) => {
    const start = since.get(id.toLowerCase());
    return start === undefined ? [] : [wrong(name, `fires since ${start.slice(0, 16)}Z. ${description}`)];
  });
  return firing.length > 0 ? firing : [well("alerts", `none of ${rules.length} fires`)];
}

/** Returns the alerts that fire in a scope and began within 30 days, the longest time that Azure keeps them. */
async function firedIn(
  az: AzureCli,
  scope: string,
): Promise<z.infer<typeof firedAlerts>["value"][number]["properties"]["essentials"][]> {
  const query = "monitorCondition=Fired&timeRange=30d&pageCount=250&api-version=2023-07-12-preview";
  let url: string | null | undefined = `${scope}/providers/Microsoft.AlertsManagement/alerts?${query}`;
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

/** Azure keeps an alert with the watched resource. The system's own resources share the rule's resource group. */
function scopeOf(watched: string, rule: string): string {
  const group = groupOf(rule);
  return groupOf(watched).toLowerCase() === group.toLowerCase() ? group : watched;
}

const groupOf = (id: string): string => id.split("/").slice(0, 5).join("/");
