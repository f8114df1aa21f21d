/** Abbreviations of Microsoft's Cloud Adoption Framework for the kinds of resource that are named here. */
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
 * A resource's name: abbreviation, environment, then what tells it from its siblings, joined by hyphens.
 * Lengths stay within Azure's limits because the schema limits the environment's name (10) and the workloads' (24).
 */
export function resourceName(
  abbreviation: ResourceAbbreviation,
  environment: string,
  ...parts: string[]
): string {
  return [abbreviation, environment, ...parts].join("-");
}
