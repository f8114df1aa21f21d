import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import type { Sandbox } from "./sandbox";

/** The audit logs that first boot and the stack vault-config turn on. */
const logs = ["/var/log/vault/first-boot-audit.log", "/var/log/vault/audit.log"];

const line = z.object({
  time: z.string(),
  type: z.string(),
  auth: z
    .object({ display_name: z.string().optional(), policies: z.array(z.string()).optional() })
    .optional(),
  request: z.object({
    id: z.string(),
    operation: z.string().optional(),
    path: z.string().optional(),
    remote_address: z.string().optional(),
    data: z.unknown(),
  }),
  response: z.object({ data: z.unknown() }).optional(),
  error: z.string().optional(),
});

/** Returns the lines of Vault's audit log for one request: caller, request and address. Every value is hashed. */
export function auditLines({ vaultNodes }: Pick<Sandbox, "vaultNodes">, id: string | undefined): string {
  if (id === undefined || !/^[\w-]{8,}$/.test(id)) {
    throw new UserError("Add the id of a request to Vault. The page that reveals numbers shows such an id.");
  }
  const files = vaultNodes
    .flatMap((node) => logs.map((log) => node.path(log)))
    .filter((it) => existsSync(it));
  const found = files.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((text) => text.includes(id)),
  );
  const lines = found.map((text) => line.parse(JSON.parse(text))).filter(({ request }) => request.id === id);
  if (lines.length === 0) throw new UserError(`Vault's audit log has no request ${id}.`);
  return [...new Set(lines.map((it) => JSON.stringify(it, undefined, 2)))].join("\n");
}
