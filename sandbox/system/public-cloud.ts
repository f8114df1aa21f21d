import type { Environment } from "../../environments/schema";

/** Returns why the stand-in for Azure cannot be the environment's Azure. Empty if it can. */
export function cloudProblems({ azureCloud }: Pick<Environment, "azureCloud">): string[] {
  if (azureCloud === "AzureCloud") return [];
  return [
    `azureCloud: the stand-in for Azure has the names of AzureCloud only, not those of ${azureCloud}. Set azureCloud to AzureCloud, and location to one of its regions.`,
  ];
}
