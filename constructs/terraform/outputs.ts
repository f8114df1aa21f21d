import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";

/** Adds a stack's outputs, each with its value and description. `terraform output` shows the values. */
export function addOutputs(
  scope: Construct,
  outputs: Readonly<Record<string, readonly [value: unknown, description: string]>>,
): void {
  for (const [name, [value, description]] of Object.entries(outputs))
    new TerraformOutput(scope, name, { value, description });
}
