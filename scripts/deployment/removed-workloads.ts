import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import type { VaultClient } from "../../lib/vault-api/vault-client";
import { actionOf, type Plan } from "../plan-summary/plan";

/** A workload that a plan of vault-config takes away. */
export interface RemovedWorkload {
  /** Mount of its login: `azure` or `jwt`. */
  readonly mount: string;
  /** Role of its login. */
  readonly role: string;
  readonly policies: readonly string[];
}

const role = z.object({
  backend: z.string(),
  role: z.string().optional(),
  role_name: z.string().optional(),
  token_policies: z.array(z.string()).nullish(),
});

/** By the roles that go: they are in the plan until Terraform has deleted them, however often a run was killed before. */
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
 * Ends what a workload has, before Terraform takes its role and policy away. From then on its policy refuses whatever it allowed, to tokens
 * that cannot be revoked too. Then nobody can get what is revoked here: the database users of its roles, and the tokens of its auth
 * method. Other workloads with the same get new ones.
 *
 * @returns the prefixes of the leases that ended
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
    // The paths stay in it, so that a run after one that was killed knows what to revoke.
    const policy = text.replaceAll(/capabilities\s*=\s*\[[^\]]*\]/g, 'capabilities = ["deny"]');
    await client.request({ method: "PUT", path, body: { policy } });
    prefixes.push(...[...text.matchAll(/path "(database\/creds\/[^"]+)"/g)].map(([, prefix = ""]) => prefix));
  }
  for (const prefix of prefixes) {
    // In step: Vault answers when none is left, and with the reason where one is.
    await client.request({ method: "PUT", path: `sys/leases/revoke-prefix/${prefix}`, body: { sync: true } });
  }
  return prefixes;
}

/** @throws {UserError} when Vault still has its role or its policy */
export async function proveGone(
  client: VaultClient,
  { mount, role, policies }: RemovedWorkload,
): Promise<void> {
  const paths = [`auth/${mount}/role/${role}`, ...policies.map((name) => `sys/policies/acl/${name}`)];
  for (const path of paths) {
    if ((await client.read(path)) === undefined) continue;
    throw new UserError(
      `Vault still has ${path}, which this deployment took away. Somebody else may have made it again: ask Vault's audit log who, and run the same command again.`,
    );
  }
}
