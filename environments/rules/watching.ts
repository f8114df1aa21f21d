import { z } from "zod";
import { AZURE_NAME, azureId } from "../azure-id";
import type { Problem } from "../problem";
import type { Read } from "../read";

export const logRetentionDays = z
  .int()
  .min(30, "is less than Azure's minimum; choose 30 or more.")
  .max(730, "is more than Azure's maximum; choose 730 or less.")
  .default(30)
  .describe("Retention of logs in Log Analytics, in days.");

export const evidenceWorkspace = z
  .string()
  .regex(
    azureId(`Microsoft\\.OperationalInsights/workspaces/${AZURE_NAME}`),
    "is not the Azure id of a Log Analytics workspace; write it as `az monitor log-analytics workspace show --query id` does.",
  )
  .optional()
  .describe(
    "Azure id of your security team's Log Analytics workspace, in which deployers cannot delete anything. It receives the logs of the Key Vaults, MySQL, the web apps and the package store, the subscription's activity log, and from the VMs Vault's audit log and the journal. Alerts on these logs come with it. docs/operations-alerts.md says which table the workspace must have.",
  );

export const evidenceLocation = z
  .string()
  .regex(
    /^[a-z0-9]+$/,
    "is not a region of Azure; write it as `az account list-locations` does, such as westeurope.",
  )
  .optional()
  .describe(
    "Region of `evidenceWorkspace`, if it differs from `location`. Azure requires the rules about its logs there.",
  );

export const alerts = z
  .strictObject({
    emails: z
      .array(
        z.strictObject({
          name: z
            .string()
            .regex(
              /^[A-Za-z0-9][A-Za-z0-9 _-]{0,49}$/,
              "is not a name for a receiver; use 1 to 50 letters, digits, spaces, _ and -.",
            )
            .describe("Name of the receiver. The messages show it."),
          address: z
            .email("is not a mail address; write it as somebody@example.com.")
            .describe("The mail address."),
        }),
      )
      .max(50, "contains more than 50 receivers; use a mailing list.")
      .default([])
      .describe("Receivers of a mail for each alert."),
    actionGroups: z
      .array(
        z
          .string()
          .regex(
            azureId(`(?:M|m)icrosoft\\.(?:I|i)nsights/actionGroups/${AZURE_NAME}`),
            "is not the Azure id of an action group; write it as `az monitor action-group show --query id` does.",
          ),
      )
      .max(
        4,
        "contains more than 4 action groups; remove some (Azure allows 5 for an alert, and the mails use one).",
      )
      .default([])
      .describe(
        "Azure ids of action groups that somebody else maintains: for phones, on-call services and webhooks, whose addresses are secrets.",
      ),
  })
  .prefault({})
  .describe("Receivers of alerts. Only a system with `evidenceWorkspace` has alerts.");

const { shape } = alerts.unwrap();

/** Rules for the workspace, and for the receivers of alerts. */
export function watchingRules(read: Read): Problem[] {
  return [...workspaceIsNamed(read), ...receiversDiffer(read)];
}

function workspaceIsNamed(read: Read): Problem[] {
  if (read(z.unknown(), "evidenceWorkspace") !== undefined) return [];
  const receivers = [
    ...(read(shape.emails, "alerts", "emails") ?? []),
    ...(read(shape.actionGroups, "alerts", "actionGroups") ?? []),
  ];
  return [
    ...(receivers.length > 0
      ? [
          {
            field: "alerts",
            sentence:
              "names receivers, but a system without a workspace has no alerts; name one in evidenceWorkspace, or remove the field.",
          },
        ]
      : []),
    ...(read(evidenceLocation, "evidenceLocation") !== undefined
      ? [
          {
            field: "evidenceLocation",
            sentence:
              "is the region of a workspace, but evidenceWorkspace is missing; add it, or remove this field.",
          },
        ]
      : []),
  ];
}

/** Azure refuses an action group with two receivers of one name. */
function receiversDiffer(read: Read): Problem[] {
  const names = (read(shape.emails, "alerts", "emails") ?? []).map(({ name }) => name.toLowerCase());
  return names.flatMap((name, index) =>
    names.indexOf(name) < index
      ? [
          {
            field: `alerts.emails[${index}].name`,
            sentence: "is also the name of another receiver; choose another name.",
          },
        ]
      : [],
  );
}
