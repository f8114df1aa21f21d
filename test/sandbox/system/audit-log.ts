import { readFileSync } from "node:fs";
import type { Machine } from "../../../sandbox/machine/machine";

/** The parts of a line in Vault's audit log that tests read. */
export interface AuditEntry {
  type: "request" | "response";
  auth?: {
    display_name?: string;
    policies?: string[];
    token_type?: string;
    /** Seconds. */
    token_ttl?: number;
    metadata?: Record<string, string>;
  };
  request: {
    operation: string;
    path: string;
    remote_address?: string;
    client_token?: string;
    data?: Record<string, unknown>;
  };
  response?: { data?: Record<string, unknown> };
}

/** The devices of the stack vault-config and of first boot. */
export const vaultConfigsLog = "/var/log/vault/memory/audit.log";
export const firstBootsLog = "/var/log/vault/first-boot-audit.log";

export function auditLog(vault: Machine, file: string): AuditEntry[] {
  const lines = auditText(vault, file).split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as AuditEntry);
}

export function auditText(vault: Machine, file: string): string {
  return readFileSync(vault.path(file), "utf8");
}
