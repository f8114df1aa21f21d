import type { Fact } from "../fact";
import { actionPin } from "../judges/github-action";
import { vulnerabilities } from "../judges/vulnerabilities";
import { actionPins } from "../project";

export function actions(): Fact[] {
  return actionPins().flatMap(({ value: pin, usedIn }) => [
    actionPin(pin, usedIn),
    vulnerabilities(
      { name: `action ${pin.action}: vulnerabilities`, value: pin.tag, usedIn },
      {
        ecosystem: "GitHub Actions",
        name: pin.action.split("/").slice(0, 2).join("/"),
        version: pin.tag.replace(/^v/, ""),
        cure: "Pin the commit of a version that fixes them.",
      },
    ),
  ]);
}
