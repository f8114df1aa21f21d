import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { TerraformAvailability } from "../../../sandbox/vault-config/terraform-applier";
import { cachedVault } from "../programs-there";

/** The binaries of the real programs; what is missing is why the tests are skipped, or fail where CI=true. */
export const vaultBinary = process.env.VAULT_PROGRAM ?? onPath("vault") ?? cachedVault();
const mysqlBinary = onPath("mysqld") ?? onPath("mariadbd");

const missing = [
  vaultBinary ? "" : "Vault is neither on PATH nor in the cache, and VAULT_PROGRAM does not name it",
  mysqlBinary ? "" : "neither MySQL nor MariaDB is installed",
].filter(Boolean);

export const programsAreThere = missing.length === 0;

/** `describe`, if Vault and a database are there. */
export function describeWithVault(name: string, tests: () => void): void {
  describeIf(missing, name, tests);
}

/** `describe`, if Terraform and the Vault provider are there, too. */
export function describeWithTerraform(name: string, tests: () => void): void {
  if (missing.length > 0) {
    describeIf(missing, name, tests);
    return;
  }
  const reasons = terraformMissing();
  // The provider comes from a registry that not every pipeline reaches: skipped with the reason, even there.
  if (reasons.length > 0) describe.skip(`${name} (skipped: ${reasons.join("; ")})`, tests);
  else describe(name, tests);
}

function describeIf(reasons: readonly string[], name: string, tests: () => void): void {
  if (reasons.length === 0) describe(name, tests);
  else if (process.env.CI === "true")
    describe(name, () => it("has its programs", () => expect(reasons).toEqual([])));
  else describe.skip(`${name} (skipped: ${reasons.join("; ")})`, tests);
}

/** Jest wants to know at once whether a test is skipped, so the asynchronous answer comes from a process of its own. */
function terraformMissing(): string[] {
  const script = join(__dirname, "terraform-availability.ts");
  const { stdout, stderr } = spawnSync(process.execPath, ["--require", "tsx/cjs", script], {
    encoding: "utf8",
  });
  if (!stdout) return [`whether Terraform is there cannot be told: ${stderr}`];
  const answer = JSON.parse(stdout) as TerraformAvailability;
  return answer.available ? [] : [answer.reason];
}

function onPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"].filter(
    isAbsolute,
  );
  return folders.map((folder) => join(folder, name)).find(executable);
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
