import {
  type ProviderName,
  requirements,
  terraformVersion,
} from "../../../constructs/terraform/provider-requirements";
import type { Fact } from "../fact";
import { endOfLife, lineOf } from "../judges/end-of-life";
import { hashicorpArchive } from "../judges/hashicorp-release";
import { terraformProvider } from "../judges/terraform-provider";
import { workflowTerraforms } from "../project";

export function terraform(): Fact[] {
  const usedIn = ["constructs/terraform/provider-requirements.ts"];
  return [
    ...Object.keys(requirements).map((name) => {
      const { source, version } = requirements[name as ProviderName];
      return terraformProvider({ name: `provider ${name}`, usedIn }, { source, range: version });
    }),
    ...workflowTerraforms().map(({ value, usedIn }) =>
      hashicorpArchive(
        { name: `Terraform ${value}: archive`, value, usedIn },
        { product: "terraform", version: value, setting: "Set terraform_version" },
      ),
    ),
    endOfLife(
      {
        name: "Terraform of the workflows: end of life",
        value: lineOf(workflowTerraforms()[0]?.value ?? ""),
        usedIn: workflowTerraforms()[0]?.usedIn ?? [],
      },
      {
        product: "terraform",
        line: lineOf(workflowTerraforms()[0]?.value ?? ""),
        cure: "Set terraform_version in the workflows to a supported one.",
      },
    ),
    hashicorpArchive(
      { name: "oldest Terraform", value: terraformVersion, usedIn },
      {
        product: "terraform",
        version: terraformVersion.replace(">= ", ""),
        setting: "Raise the oldest Terraform",
      },
    ),
  ];
}
