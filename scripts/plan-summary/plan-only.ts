import { readFileSync, writeFileSync } from "node:fs";

/** Types whose values a plan must not read. */
const secretTypes = ["azurerm_key_vault_secret"];

/**
 * This text replaces a secret. Only write-only arguments take secrets, so no plan shows it. An apply with it fails, so it never
 * becomes a password. Source: Terraform, `terraform.applying`.
 */
const placeholder =
  '(terraform.applying ? one(["this plan is for reading", "deploy instead"]) : "read at apply")';

interface PlanOnlyStack {
  ephemeral?: Record<string, Record<string, unknown>>;
  [block: string]: unknown;
}

/**
 * A stack's Terraform without the ephemeral blocks that open secrets. Its plan is the same, and the plan's author reads no secret.
 * Terraform opens an ephemeral block in each plan, even if no argument that takes its value changes.
 */
export function planOnly(stack: PlanOnlyStack, types: readonly string[] = secretTypes): PlanOnlyStack {
  const ephemeral = Object.entries(stack.ephemeral ?? {}).filter(([type]) => !types.includes(type));
  const { ephemeral: _, ...blocks } = stack;
  const kept = ephemeral.length > 0 ? { ...blocks, ephemeral: Object.fromEntries(ephemeral) } : blocks;
  const reference = new RegExp(`\\bephemeral\\.(?:${types.join("|")})\\.[\\w-]+(?:\\.\\w+)+`, "g");
  return JSON.parse(JSON.stringify(kept), (_key, value) =>
    typeof value === "string" ? value.replaceAll(reference, () => placeholder) : value,
  );
}

/** Changes a synthesized stack's JSON so that a plan of it reads no secret. */
export function makePlanOnly(file: string): void {
  writeFileSync(file, JSON.stringify(planOnly(JSON.parse(readFileSync(file, "utf8"))), null, 2));
}
