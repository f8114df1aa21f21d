import { Refusal } from "../../server/refusal";
import { type KeyVaultCall, missing } from "./call";
import type { ObjectKind } from "./store";

/** The kinds in operations and messages. */
export const kindNames: Readonly<Record<ObjectKind, string>> = {
  keys: "Key",
  secrets: "Secret",
  certificates: "Certificate",
};

type Read = (call: KeyVaultCall) => unknown;

/** Deletes an object. It stays recoverable. */
export function deleteObject(call: KeyVaultCall, kind: ObjectKind, read: Read): unknown {
  const shown = withoutValue(call, read);
  call.store.delete(kind, call.name);
  return { ...shown, ...recoveryOf(call, kind) };
}

export function getDeletedObject(call: KeyVaultCall, kind: ObjectKind): unknown {
  if (!call.store.isDeleted(kind, call.name)) throw missing(kindNames[kind], call.name);
  return recoveryOf(call, kind);
}

export function recoverObject(call: KeyVaultCall, kind: ObjectKind, read: Read): unknown {
  getDeletedObject(call, kind);
  call.store.recover(kind, call.name);
  return withoutValue(call, read);
}

/** A deleted object keeps its name. */
export function refuseDeleted({ store, name }: KeyVaultCall, kind: ObjectKind): void {
  if (!store.isDeleted(kind, name)) return;
  throw new Refusal(
    409,
    "Conflict",
    `${kindNames[kind]} ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the ${kindNames[kind].toLowerCase()} can only be recovered or purged.`,
    { innerCode: "ObjectIsDeletedButRecoverable" },
  );
}

/** Returns the newest version of an object, without a secret's value. */
function withoutValue(call: KeyVaultCall, read: Read): object {
  const { value, ...shown } = read({ ...call, version: undefined }) as Record<string, unknown>;
  return shown;
}

function recoveryOf({ url, name }: KeyVaultCall, kind: ObjectKind): object {
  const deleted = Math.floor(Date.now() / 1000);
  return {
    recoveryId: `${url}/deleted${kind}/${name}`,
    deletedDate: deleted,
    scheduledPurgeDate: deleted + 90 * 24 * 60 * 60,
  };
}
