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

const firedAlert = z.object({ alertRule: z.string().default(""), startDateTime: z.string().default("") });

/** Source: Azure Monitor's REST API, Alerts - Get All. */
const firedAlerts = z.object({
  value: z.array(z.object({ properties: z.object({ essentials: firedAlert }) })),
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
  const fired = (await Promise.all([...scopes].map((scope) => firedIn(az, scope)))).flat();
  const firing = rules.flatMap(({ id, name, description }) => {
    const its = fired.filter((alert) => alert.alertRule.toLowerCase() === id.toLowerCase());
    const [start] = its.map(({ startDateTime }) => startDateTime).sort();
    return start === undefined ? [] : [wrong(name, `fires since ${start.slice(0, 16)}Z. ${description}`)];
  });
  return firing.length > 0 ? firing : [well("alerts", `none of ${rules.length} fires`)];
}

/** Returns the alerts that fire in a scope and began within 30 days, the longest time that Azure keeps them. */
async function firedIn(az: AzureCli, scope: string): Promise<z.infer<typeof firedAlert>[]> {
  const query = "monitorCondition=Fired&timeRange=30d&pageCount=250&api-version=2023-07-12-preview";
  const found = [];
  let url: string | null | undefined = `${scope}/providers/Microsoft.AlertsManagement/alerts?${query}`;
  while (url) {
    const request = ["rest", "--method", "get", "--url", url];
    const page: z.infer<typeof firedAlerts> = await az.json(firedAlerts, ...request);
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
