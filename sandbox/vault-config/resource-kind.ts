import { UserError } from "../../lib/processes/user-error";
import type { VaultRequest } from "../../lib/vault-api/vault-client";

/** Arguments of a resource without what is null or empty, its blocks as objects. */
export type Arguments = Readonly<Record<string, unknown>>;

/** What a type of the Vault provider means in Vault's HTTP API. */
export interface ResourceKind {
  /** The arguments that are understood; any other is an error. */
  readonly arguments: readonly string[];
  /** The same for the arguments that are blocks. */
  readonly blocks?: Readonly<Record<string, readonly string[]>>;
  /** Where Vault keeps it: it is read there, and deleted. */
  path(a: Arguments): string;
  /** Where Vault lists it, for what cannot be read on its own. */
  readonly list?: string;
  /** Only a request: Vault keeps nothing that could be read or deleted. */
  readonly requestOnly?: boolean;
  /** How it is made at `path`. `secret` is the value behind `secretOf`. */
  create(path: string, a: Arguments, secret?: string): readonly VaultRequest[];
  /** How what is there is brought up to date; without it, it is deleted and made again. */
  update?(path: string, a: Arguments, secret?: string): readonly VaultRequest[];
  /** What is mounted, for mounts: nothing else that is mounted there is touched. */
  mountType?(a: Arguments): unknown;
  /** The write-only argument, sent when it is new and again whenever its version changes. */
  secretOf?(a: Arguments): { readonly marker: unknown; readonly version: unknown };
}

/** Splits a list of names at white space. */
export function names(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** @throws UserError where the argument is missing or no text */
export function text(a: Arguments, name: string): string {
  const value = a[name];
  if (typeof value === "string") return value;
  throw new UserError(`The argument ${name} is missing or no text.`);
}

/** A mount's path, for `text(a, name)` or its default: without slashes at its ends, as the provider keeps it. */
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
