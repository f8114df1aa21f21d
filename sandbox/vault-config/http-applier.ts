import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { UserError } from "../../lib/processes/user-error";
import { VaultClient, VaultRefusal, type VaultRequest } from "../../lib/vault-api/vault-client";
import type { VaultConnection } from "../../lib/vault-api/vault-connection";
import { type KnownResource, understand } from "./resource-kinds";
import type { ReadSecret, SecretMarker, VaultResource } from "./vault-resource";

export interface HttpApplierOptions {
  readonly connection: VaultConnection;
  readonly readSecret: ReadSecret;
  /** The file that records the applied resources, without secrets. Default: in memory only. */
  readonly stateFile?: string;
}

/** Addresses, in the order of the work. */
export interface Applied {
  readonly written: readonly string[];
  readonly unchanged: readonly string[];
  readonly removed: readonly string[];
}

interface Note {
  readonly path: string;
  /** SHA-256 of the arguments and of the values that trigger a replacement. */
  readonly hash: string;
  readonly secretVersion?: unknown;
  /** The request leaves nothing in Vault that could be deleted. */
  readonly requestOnly?: boolean;
}

/** The applied resources by address, in that order. */
type State = Record<string, Note>;

/**
 * Sends the resources of the stack vault-config to Vault's HTTP API, for machines without Terraform. The result is
 * the same Vault. A second run changes only the differences.
 */
export class HttpApplier {
  private readonly state: State;

  constructor(private readonly options: HttpApplierOptions) {
    const { stateFile } = options;
    this.state = stateFile && existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, "utf8")) : {};
  }

  /**
   * @param resources in order, each after its dependencies
   * @throws UserError before any write, if a type or an argument is unknown
   * @throws VaultRefusal with the resource's address and Vault's reason. Earlier writes are recorded.
   */
  async apply(resources: readonly VaultResource[]): Promise<Applied> {
    const known = resources.map(understand);
    const triggers = new Map(known.map((it) => [it.resource.address, triggersOf(it, known)]));
    return this.loggedIn(async (client) => {
      const removed = await this.remove(client, (address) => !triggers.has(address));
      const run = { client, renewed: new Set<string>(), triggers };
      const written: string[] = [];
      const unchanged: string[] = [];
      for (const it of known) ((await this.bring(it, run)) ? written : unchanged).push(it.resource.address);
      return { written, unchanged, removed };
    });
  }

  /** Removes the applied resources in reverse order. */
  async destroy(): Promise<readonly string[]> {
    return this.loggedIn((client) => this.remove(client, () => true));
  }

  private async loggedIn<T>(work: (client: VaultClient) => Promise<T>): Promise<T> {
    const client = await VaultClient.loggedIn(this.options.connection, { keepsTunnel: true });
    try {
      const result = await work(client);
      await client.logOut();
      return result;
    } finally {
      client.close();
    }
  }

  /** Creates or changes one resource if necessary. */
  private async bring(known: KnownResource, run: Run): Promise<boolean> {
    const { resource, kind, path } = known;
    const { address } = resource;
    const triggers = run.triggers.get(address) ?? [];
    const hash = sha256([resource.type, known.arguments, triggers]);
    const noted = this.state[address];
    if (noted && noted.path !== path) await this.removeOne(run.client, address, noted);
    const there = kind.requestOnly ? noted !== undefined : await isThere(run.client, known);
    const triggered = triggers.some(({ address: other }) => run.renewed.has(other));
    if (there && noted?.hash === hash && !triggered) return false;

    const secret = kind.secretOf?.(known.arguments);
    const newSecret = secret?.marker !== undefined && !(there && noted?.secretVersion === secret.version);
    const value = newSecret ? await this.options.readSecret(secret.marker as SecretMarker) : undefined;
    const update = kind.update === "create" ? kind.create : kind.update;
    if (there && update) {
      await send(run.client, address, update(path, known.arguments, value));
    } else {
      if (there && !kind.requestOnly) await remove(run.client, address, path);
      await send(run.client, address, kind.create(path, known.arguments, value));
      run.renewed.add(address);
    }
    await this.note(address, { path, hash, secretVersion: secret?.version, requestOnly: kind.requestOnly });
    return true;
  }

  private async remove(client: VaultClient, which: (address: string) => boolean): Promise<string[]> {
    const gone = Object.entries(this.state)
      .filter(([address]) => which(address))
      .reverse();
    for (const [address, note] of gone) await this.removeOne(client, address, note);
    return gone.map(([address]) => address);
  }

  private async removeOne(client: VaultClient, address: string, { path, requestOnly }: Note): Promise<void> {
    if (!requestOnly) await remove(client, address, path);
    await this.note(address, undefined);
  }

  private async note(address: string, note: Note | undefined): Promise<void> {
    // A recorded resource keeps its place, because the removal runs in reverse.
    if (note) this.state[address] = note;
    else delete this.state[address];
    const { stateFile } = this.options;
    if (!stateFile) return;
    await writeFile(`${stateFile}.new`, `${JSON.stringify(this.state, undefined, 2)}\n`, { mode: 0o600 });
    await rename(`${stateFile}.new`, stateFile);
  }
}

/** One run. */
interface Run {
  readonly client: VaultClient;
  /** Addresses of recreated resources. */
  readonly renewed: Set<string>;
  readonly triggers: ReadonlyMap<string, readonly Trigger[]>;
}

/** A value whose change replaces a resource. */
interface Trigger {
  readonly address: string;
  readonly value: unknown;
}

async function isThere(
  client: VaultClient,
  { resource, kind, arguments: given, path }: KnownResource,
): Promise<boolean> {
  if (kind.list) {
    const entries = (await client.read(kind.list)) ?? {};
    return `${path.slice(kind.list.length + 1)}/` in entries;
  }
  const found = await client.read(path);
  const mountType = kind.mountType?.(given);
  if (found && mountType !== undefined && found["type"] !== mountType) {
    throw new UserError(
      `Cannot apply ${resource.address}: at ${path}, Vault has a mount of type ${found["type"]}, not ${mountType}. ` +
        "Remove it first.",
    );
  }
  return found !== undefined;
}

async function send(client: VaultClient, address: string, requests: readonly VaultRequest[]): Promise<void> {
  for (const request of requests) {
    try {
      await client.request(request);
    } catch (error) {
      if (error instanceof UserError) error.message = `${address}: ${error.message}`;
      throw error;
    }
  }
}

/** Removes a resource. It may already be gone, for example with its mount. */
async function remove(client: VaultClient, address: string, path: string): Promise<void> {
  try {
    await send(client, address, [{ method: "DELETE", path }]);
  } catch (error) {
    if (!(error instanceof VaultRefusal && error.status === 404)) throw error;
  }
}

/** Returns the values in lifecycle.replace_triggered_by, as in vault_x.name.block[0].argument. */
function triggersOf({ resource }: KnownResource, all: readonly KnownResource[]): Trigger[] {
  // This applier compares with what it wrote, so it sees no changes that Terraform would have to ignore.
  const { replace_triggered_by: references = [], ignore_changes: _, ...rest } = resource.lifecycle ?? {};
  const unknown = Object.keys(rest);
  if (unknown.length > 0) {
    throw new UserError(
      `Cannot apply ${resource.address}: the sandbox does not know lifecycle.${unknown[0]}.`,
    );
  }
  return (references as string[]).map((reference) => {
    const [type, name, ...steps] = reference
      .replace(/^\$\{(.*)\}$/, "$1")
      .replace(/\[\d+\]/g, "")
      .split(".");
    const address = `${type}.${name}`;
    const source = all.find((it) => it.resource.address === address);
    if (!source)
      throw new UserError(`${resource.address} is replaced with ${address}, which does not exist.`);
    const value = steps.reduce<unknown>(
      (at, step) => (at as Record<string, unknown> | undefined)?.[step],
      source.arguments,
    );
    return { address, value };
  });
}

function sha256(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(value)))
    .digest("hex");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}
