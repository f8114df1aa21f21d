import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The committed lock files, one for each set of providers. scripts/lock-providers writes them. */
const folder = join(__dirname, "../../provider-locks");

/**
 * Returns the committed lock file for a stack's providers: the versions and checksums that Terraform may run. Returns
 * undefined if none is committed. Terraform then takes the newest version that the stack allows, with any checksum.
 */
function committedLock(stackFolder: string): string | undefined {
  const { terraform } = JSON.parse(readFileSync(join(stackFolder, "cdk.tf.json"), "utf8"));
  const providers = Object.keys(terraform.required_providers ?? {}).sort();
  const file = join(folder, `${providers.join("+")}.lock.hcl`);
  return existsSync(file) ? file : undefined;
}

/** Returns true if lock files are committed. Terraform then runs only the providers in a stack's lock file. */
export function providersAreLocked(): boolean {
  return existsSync(folder) && readdirSync(folder).some((file) => file.endsWith(".lock.hcl"));
}

/** Copies each stack's lock file beside the stack, where Terraform reads it. */
export function copyProviderLocks(stacksFolder: string): void {
  for (const stack of readdirSync(stacksFolder)) {
    const lock = committedLock(join(stacksFolder, stack));
    if (lock) copyFileSync(lock, join(stacksFolder, stack, ".terraform.lock.hcl"));
  }
}
