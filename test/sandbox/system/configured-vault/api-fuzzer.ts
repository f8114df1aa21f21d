import { waitFor } from "../../../../lib/processes/wait-for";
import type { VaultClient, VaultMethod } from "../../../../lib/vault-api/vault-client";
import type { Sandbox } from "../../../../sandbox/system/sandbox";
import { askVault, connectionsTo } from "../vault-caller";

/** An operation of Vault's API, as Vault describes it. */
export interface ApiOperation {
  readonly method: string;
  /** The path in the description, for example /transit/keys/{name}. */
  readonly template: string;
}

/** Returns a Vault's whole API, as Vault describes it to a client with all rights. */
export async function apiOf(root: VaultClient): Promise<ApiOperation[]> {
  const { paths } = (await root.request({ method: "GET", path: "sys/internal/specs/openapi" })) as {
    paths: Record<string, Record<string, { parameters?: { name: string }[] }>>;
  };
  const operations = Object.entries(paths).flatMap(([template, methods]) =>
    ["get", "post", "put", "patch", "delete"]
      .filter((method) => method in methods)
      .flatMap((method): ApiOperation[] => {
        const list = methods[method]?.parameters?.some(({ name }) => name === "list");
        const asked = method === "get" && list ? ["GET", "LIST"] : [method.toUpperCase()];
        return asked.map((it) => ({ method: it as VaultMethod, template }));
      }),
  );
  return operations;
}

/** Returns the damage of an allowed request: nothing, a part of a mount, the mount, or the client's own token. */
function loss({ method, template }: ApiOperation): number {
  if (/revoke-self/.test(template)) return 3;
  if (method === "DELETE" && /^\/sys\//.test(template)) return 2;
  return method === "DELETE" ? 1 : 0;
}

/** Values for a path's parameters. Other parameters get x. */
export type FillIn = Readonly<Record<string, string | undefined>>;

/** The number of simultaneous requests. */
const width = 8;

/**
 * Requests every operation, and returns the operations that Vault's policies do not refuse. The result of the request after the policy
 * check does not matter: the empty body also passes rules about parameters. Destructive requests come last.
 *
 * @param fillIns values for the parameters, which are tried one after the other
 */
export async function notRefused(
  sandbox: Sandbox,
  operations: readonly ApiOperation[],
  { token, from, fillIns }: { token?: string; from?: string; fillIns: readonly FillIn[] },
): Promise<string[]> {
  const found = new Set<string>();
  const connections = connectionsTo(sandbox, from);
  const ask = async (method: string, path: string, operation: string): Promise<void> => {
    if (found.has(operation)) return;
    const body = /^(POST|PUT|PATCH)$/.test(method) ? {} : undefined;
    // Vault refuses more requests a second than its rate limit allows, before it looks at a policy.
    const { status, errors } = await waitFor(
      `an answer to ${operation} that is not 429`,
      async () => {
        const reply = await askVault(sandbox, from, { method, path, token, body, connections });
        return reply.status === 429 ? undefined : reply;
      },
      { deadlineMs: 30_000, intervalMs: 100 },
    );
    if (status !== 403 || !/permission denied|closed to the network/.test(errors)) found.add(operation);
  };
  for (const rank of [0, 1, 2, 3]) {
    const requests = operations
      .filter((operation) => loss(operation) === rank)
      .flatMap(({ method, template }) => {
        const paths = fillIns.map((it) =>
          template.slice(1).replaceAll(/\{(\w+)\}/g, (_, name: string) => it[name] ?? "x"),
        );
        return [...new Set(paths)].map((path) => ({ method, path, operation: `${method} ${template}` }));
      });
    while (requests.length > 0)
      await Promise.all(requests.splice(0, width).map((it) => ask(it.method, it.path, it.operation)));
  }
  connections.destroy();
  return [...found].sort();
}
