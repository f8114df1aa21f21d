import type { VaultClient, VaultMethod } from "../../../lib/vault-api/vault-client";
import type { Sandbox } from "../../../sandbox/system/sandbox";
import { askVault } from "./vault-caller";

/** What Vault describes as an operation of its API. */
export interface ApiOperation {
  readonly method: string;
  /** As the description has it, for example /transit/keys/{name}. */
  readonly template: string;
}

/** The whole API of a Vault, as it describes it to whoever may do everything. */
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

/** How much is lost when it is allowed: nothing, something in a mount, the mount, the token that asks. */
function loss({ method, template }: ApiOperation): number {
  if (/revoke-self/.test(template)) return 3;
  if (method === "DELETE" && /^\/sys\//.test(template)) return 2;
  return method === "DELETE" ? 1 : 0;
}

/** A value for each of a path's parameters; x for those that are not named. */
export type FillIn = Readonly<Record<string, string | undefined>>;

/** Requests at a time. */
const width = 8;

/**
 * Asks for every operation, and tells which ones Vault's policies did not refuse. What becomes of the request after that is of no
 * interest: an empty body is sent along, which passes rules about parameters too. What destroys something is asked for last.
 *
 * @param fillIns tried one after the other
 */
export async function notRefused(
  sandbox: Sandbox,
  operations: readonly ApiOperation[],
  { token, from, fillIns }: { token?: string; from?: string; fillIns: readonly FillIn[] },
): Promise<string[]> {
  const found = new Set<string>();
  const ask = async (method: string, path: string, operation: string): Promise<void> => {
    if (found.has(operation)) return;
    const body = /^(POST|PUT|PATCH)$/.test(method) ? {} : undefined;
    const { status, errors } = await askVault(sandbox, from, { method, path, token, body });
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
  return [...found].sort();
}
