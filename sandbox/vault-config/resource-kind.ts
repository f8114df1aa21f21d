import { UserError } from "../../lib/processes/user-error";
import type { VaultRequest } from "../../lib/vault-api/vault-client";

/** Arguments of a resource without null and empty values. Blocks are objects. */
export type Arguments = Readonly<Record<string, unknown>>;

/** A type of the Vault provider in terms of Vault's HTTP API. */
export interface ResourceKind {
  /** The known arguments. Any other is an error. */
  readonly arguments: readonly string[];
  /** The known arguments of blocks. */
  readonly blocks?: Readonly<Record<string, readonly string[]>>;
  /** The path at which Vault stores, reads and deletes it. */
  path(a: Arguments): string;
  /** The path of a list with it, for a resource that cannot be read alone. */
  readonly list?: string;
  /** True for a mere request: Vault stores nothing that could be read or deleted. */
  readonly requestOnly?: boolean;
  /** Requests that create it at `path`. `secret` is the value behind `secretOf`. */
  create(path: string, a: Arguments, secret?: string): readonly VaultRequest[];
  /**
   * Requests that update an existing resource, or "create" if the requests that create it do. If missing, the resource
   * is deleted and created again.
   */
  readonly update?: "create" | ResourceKind["create"];
  /** The mount's type. The sandbox does not touch another type at the same path. */
  mountType?(a: Arguments): unknown;
  /** The write-only argument. It is sent for a new resource, and again when its version changes. */
  secretOf?(a: Arguments): { readonly marker: unknown; readonly version: unknown };
}

/** Splits a list of names at white space. */
export function names(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** @throws UserError if the argument is missing or not a text */
export function text(a: Arguments, name: string): string {
  const value = a[name];
  if (typeof value === "string") return value;
  throw new UserError(`The argument ${name} is missing or not a text.`);
}

/** Returns a mount's path, from `text(a, name)` or its default, without outer slashes, as the provider stores it. */
export function mountPath(a: Arguments, name: string, orElse?: string): string {
  const path = a[name] === undefined && orElse !== undefined ? orElse : text(a, name);
  return path.replace(/^\/+|\/+$/g, "");
}

export function without(a: Arguments, omitted: string): Arguments {
  const gone = new Set(names(omitted));
  return Object.fromEntries(Object.entries(a).filter(([name]) => !gone.has(name)));
}

export function block(a: Arguments, name: string): Arguments {
  return (a[name] ?? {}) as Arguments;
}

export function put(path: string, body: Arguments): VaultRequest {
  return { method: "PUT", path, body };
}

export function post(path: string, body: Arguments): VaultRequest {
  return { method: "POST", path, body };
}
