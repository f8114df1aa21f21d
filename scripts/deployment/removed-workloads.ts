import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import type { VaultClient } from "../../lib/vault-api/vault-client";
import { actionOf, type Plan } from "../plan-summary/plan-json";

/** A workload that a plan of vault-config removes. */
export interface RemovedWorkload {
  /** The mount of its login: `azure` or `jwt`. */
  readonly mount: string;
  /** The role of its login. */
  readonly role: string;
  readonly policies: readonly string[];
}

const role = z.object({
  backend: z.string(),
  role: z.string().optional(),
  role_name: z.string().optional(),
  token_policies: z.array(z.string()).nullish(),
});

/** Finds the workloads by their deleted roles. The roles stay in the plan until Terraform deletes them, even after killed runs. */
export function removedWorkloads({ resource_changes = [] }: Plan): RemovedWorkload[] {
  return resource_changes
    .filter(({ address, change }) => TYPES.test(address) && actionOf(change) === "destroyed")
    .map(({ change }) => {
      const { backend, role: name, role_name, token_policies } = role.parse(change.before);
      return { mount: backend, role: name ?? role_name ?? "", policies: token_policies ?? [] };
    });
}

const TYPES = /^vault_(?:azure|jwt)_auth_backend_role\./;

/**
 * Ends a workload's access before Terraform deletes its role and policy. First its policy denies everything that it allowed, even to tokens
 * that cannot be revoked. So nobody can get new ones of the leases that this revokes: the database users of its roles, and the tokens of its auth
 * method. Other workloads with the same roles get new ones.
 *
 * @returns the prefixes of the revoked leases
 */
export async function endAccess(
  client: VaultClient,
  { mount, policies }: RemovedWorkload,
): Promise<readonly string[]> {
  const prefixes = [`auth/${mount}/login`];
  for (const name of policies) {
    const path = `sys/policies/acl/${name}`;
    const text = String((await client.read(path))?.["policy"] ?? "");
    if (text === "") continue;
    // The policy keeps its paths. If this run is killed, the next run reads there what to revoke.
    const policy = text.replaceAll(/capabilities\s*=\s*\[[^\]]*\]/g, 'capabilities = ["deny"]');
    await client.request({ method: "PUT", path, body: { policy } });
    prefixes.push(...[...text.matchAll(/path "(database\/creds\/[^"]+)"/g)].map(([, prefix = ""]) => prefix));
  }
  for (const prefix of prefixes) {
    // Synchronous: Vault answers after the last revocation, or with the reason of a failed one.
    await client.request({ method: "PUT", path: `sys/leases/revoke-prefix/${prefix}`, body: { sync: true } });
  }
  return prefixes;
}

/** @throws {UserError} if Vault still has its role or its policy */
export async function proveGone(
  client: VaultClient,
  { mount, role, policies }: RemovedWorkload,
): Promise<void> {
  const paths = [`auth/${mount}/role/${role}`, ...policies.map((name) => `sys/policies/acl/${name}`)];
  for (const path of paths) {
    if ((await client.read(path)) === undefined) continue;
    throw new UserError(
      `Vault still has ${path}, although this deployment deleted it. Somebody may have created it again. Find out who in Vault's audit log, and run the same command again.`,
    );
  }
}
