import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";

/** Adds a stack's outputs: the value of each, and what it is. `terraform output` shows the values. */
export function addOutputs(
  scope: Construct,
  outputs: Readonly<Record<string, readonly [value: unknown, description: string]>>,
): void {
  for (const [name, [value, description]] of Object.entries(outputs))
    new TerraformOutput(scope, name, { value, description });
}
