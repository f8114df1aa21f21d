import { readCloudConfig, textOf } from "../../cloud-init/cloud-config";
import { userDataText } from "./machine-changes";
import type { StackState } from "./stack-state";

/** Returns the different contents of a file in the user data of a stack's VMs. */
export function deployedFiles(stack: StackState | undefined, path: string): string[] {
  const machines = stack?.existing("azurerm_linux_virtual_machine") ?? [];
  return [...new Set(machines.flatMap(({ user_data }) => fileIn(user_data, path) ?? []))];
}

/** Returns undefined if the user data are missing, or in another form than this project writes. */
function fileIn(userData: unknown, path: string): string | undefined {
  if (typeof userData !== "string") return undefined;
  try {
    const file = readCloudConfig(userDataText(userData)).write_files.find((one) => one.path === path);
    return file && textOf(file);
  } catch {
    return undefined;
  }
}
