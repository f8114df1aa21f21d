/** Microsoft's Cloud Adoption Framework abbreviations for this project's kinds of resource. */
export type ResourceAbbreviation =
  | "ag"
  | "alert"
  | "app"
  | "appi"
  | "asp"
  | "dce"
  | "dcr"
  | "disk"
  | "id"
  | "ippre"
  | "kv"
  | "lbi"
  | "log"
  | "mysql"
  | "ng"
  | "nic"
  | "nsg"
  | "pip"
  | "rg"
  | "snet"
  | "vm"
  | "vnet";

/**
 * Builds a resource's name from the abbreviation, the environment and a part that is unique among its siblings,
 * joined by hyphens. The schema limits the environment's name (10) and the workloads' names (24), so the result is
 * within Azure's limits.
 */
export function resourceName(
  abbreviation: ResourceAbbreviation,
  environment: string,
  ...parts: string[]
): string {
  return [abbreviation, environment, ...parts].join("-");
}
