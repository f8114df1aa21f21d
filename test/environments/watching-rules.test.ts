import { loadEnvironment } from "../../environments/load";
import { environmentWarnings } from "../../environments/warnings";
import { changed } from "../synthesis";
import { demo, type EnvironmentFile, sentencesFor } from "./files";

const workspace =
  "/subscriptions/99999999-9999-4999-8999-999999999999/resourceGroups/rg-security/providers/Microsoft.OperationalInsights/workspaces/log-security";
const mail = { name: "On call", address: "on-call@example.com" };

function problems(change: (file: EnvironmentFile) => void): readonly string[] {
  const file = demo();
  change(file);
  return sentencesFor(file);
}

describe("The alerts of an environment", () => {
  it("need a workspace", () => {
    const found = problems((file) => {
      file.alerts = { emails: [mail] };
      file.evidenceLocation = "westeurope";
    });
    expect(found).toEqual([
      expect.stringMatching(/^alerts: .*name one in evidenceWorkspace/),
      expect.stringMatching(/^evidenceLocation: .*evidenceWorkspace is missing/),
    ]);
  });

  it("need a workspace, even if they go to an action group only", () => {
    const found = problems((file) => {
      file.alerts = {
        actionGroups: [workspace.replace(/Microsoft.+/, "Microsoft.Insights/actionGroups/ag")],
      };
    });
    expect(found).toEqual([expect.stringMatching(/^alerts: .*name one in evidenceWorkspace/)]);
  });

  it.each([
    ["no mail address", "alerts.emails[0].address", { emails: [{ ...mail, address: "on-call" }] }],
    ["a name that Azure refuses", "alerts.emails[0].name", { emails: [{ ...mail, name: "On call!" }] }],
    ["one name twice", "alerts.emails[1].name", { emails: [mail, { ...mail, name: "on call" }] }],
    ["no action group", "alerts.actionGroups[0]", { actionGroups: ["ag-on-call"] }],
    ["an unknown field", "alerts.pager", { pager: "1" }],
  ])("refuse %s", (_, field, alerts) => {
    const found = problems((file) => {
      file.evidenceWorkspace = workspace;
      file.alerts = alerts;
    });
    expect(found).toEqual([expect.stringMatching(new RegExp(`^${field.replaceAll(/[[\].]/g, "\\$&")}`))]);
  });

  it("name each receiver once", () => {
    const found = problems((file) => {
      file.evidenceWorkspace = workspace;
      file.alerts = { emails: [mail, { ...mail, name: "ON CALL" }, { ...mail, name: "Others" }] };
    });
    expect(found).toEqual([
      "alerts.emails[1].name: is also the name of another receiver; choose another name.",
    ]);
  });

  it("warn if there are alerts without a receiver", () => {
    const warned = (alerts: { emails: (typeof mail)[]; actionGroups: string[] }) =>
      environmentWarnings(
        changed(loadEnvironment("demo"), (environment) => {
          environment.evidenceWorkspace = workspace;
          environment.alerts = alerts;
        }),
      ).filter(({ field }) => field === "alerts");
    expect(warned({ emails: [], actionGroups: [] })).toEqual([
      {
        field: "alerts",
        sentence: expect.stringMatching(/^names nobody, .*; name a mail address or an action group\.$/),
      },
    ]);
    expect(warned({ emails: [mail], actionGroups: [] })).toEqual([]);
    expect(warned({ emails: [], actionGroups: ["ag"] })).toEqual([]);
    expect(warned({ emails: [mail], actionGroups: ["ag"] })).toEqual([]);
  });
});
