import { readCloudConfig, textOf } from "../../cloud-init/cloud-config";
import type { BootingMachine } from "../../sandbox/azurerm/virtual-machines";

/** Returns a variable of the environment files in a VM's user data, empty if there is none. */
export function variableOf({ cloudConfig }: BootingMachine, name: string): string {
  const files = readCloudConfig(cloudConfig).write_files.filter(({ path }) => path.endsWith(".env"));
  const line = new RegExp(`^${name}=(.*)$`, "m");
  return files.map((file) => line.exec(textOf(file))?.[1]).find((value) => value !== undefined) ?? "";
}
