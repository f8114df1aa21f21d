import { environmentNames, loadEnvironment } from "../../environments/load";
import { readSystem } from "../deployment/system";
import { networkSection } from "./network-flows";
import { stackSections } from "./stack-tables";

/** Returns the text of docs/stacks.md: each stack's resources and outputs, and the allowed connections. */
export function stacksPage(): string {
  const examples = new Map(environmentNames().map((name) => [name, readSystem(loadEnvironment(name))]));
  return `${[
    "# Stacks",
    "<!-- `npm run generate` writes this page from the stacks of the example environments. Change the stacks instead. -->",
    "The system consists of seven stacks, in this order. Each has its own state and needs only its own rights. The tables count the resources of " +
      "each example environment. `terraform output` and the end of `scripts/deploy` show the outputs.",
    stackSections(examples),
    networkSection(examples),
  ].join("\n\n")}\n`;
}
