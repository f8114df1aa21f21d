import type { Problem, Read } from "./problem";
import { environmentSchema } from "./schema";

const shape = environmentSchema.shape;
const alerts = shape.alerts.unwrap().shape;

/** What needs a workspace to be of use. */
export function watchingRules(read: Read): Problem[] {
  return [...workspaceIsNamed(read), ...receiversDiffer(read)];
}

function workspaceIsNamed(read: Read): Problem[] {
  if (read(shape.evidenceWorkspace, "evidenceWorkspace") !== undefined) return [];
  const receivers = [
    ...(read(alerts.emails, "alerts", "emails") ?? []),
    ...(read(alerts.actionGroups, "alerts", "actionGroups") ?? []),
  ];
  return [
    ...(receivers.length > 0
      ? [
          {
            field: "alerts",
            sentence:
              "names receivers, and there are no alerts without a workspace; name one in evidenceWorkspace, or remove the field.",
          },
        ]
      : []),
    ...(read(shape.evidenceLocation, "evidenceLocation") !== undefined
      ? [
          {
            field: "evidenceLocation",
            sentence:
              "is the region of a workspace that is not named; name it in evidenceWorkspace, or remove the field.",
          },
        ]
      : []),
  ];
}

/** Azure refuses an action group with two receivers of one name. */
function receiversDiffer(read: Read): Problem[] {
  const names = (read(alerts.emails, "alerts", "emails") ?? []).map(({ name }) => name.toLowerCase());
  return names.flatMap((name, index) =>
    names.indexOf(name) < index
      ? [
          {
            field: `alerts.emails[${index}].name`,
            sentence: "is the name of another receiver; give each its own.",
          },
        ]
      : [],
  );
}
