import { Refusal } from "../../server/refusal";
import type { KeyVaultStore } from "./store";

/** One call to a key vault, after the checks of token, right and API version. */
export interface KeyVaultCall {
  store: KeyVaultStore;
  /** https://<name>.vault.azure.net */
  url: string;
  name: string;
  version?: string;
  body: Record<string, unknown>;
}

/** The part of every object's attributes that describes its recovery. */
export const recovery = { recoveryLevel: "Recoverable+Purgeable", recoverableDays: 90 };

/** Returns the requested version, or the newest. */
export function pick<V extends { version: string }>(
  versions: V[],
  { name, version }: KeyVaultCall,
  kind: string,
): V {
  const picked = version
    ? versions.find((candidate) => candidate.version === version.toLowerCase())
    : versions.at(-1);
  if (!picked) throw missing(kind, version ? `${name}/${version}` : name);
  return picked;
}

export function missing(kind: string, name: string): Refusal {
  return new Refusal(
    404,
    `${kind}NotFound`,
    `A ${kind.toLowerCase()} with (name/id) ${name} was not found in this key vault.`,
  );
}

export const badParameter = (message: string): Refusal => new Refusal(400, "BadParameter", `${message}.`);

export const identifier = (
  { url, name }: KeyVaultCall,
  collection: string,
  { version }: { version: string },
): string => `${url}/${collection}/${name}/${version}`;
