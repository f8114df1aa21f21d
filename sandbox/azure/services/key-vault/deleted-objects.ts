import { Refusal } from "../../server/refusal";
import { type KeyVaultCall, missing } from "./call";
import type { ObjectKind } from "./store";

const kinds: Readonly<Record<ObjectKind, string>> = {
  keys: "Key",
  secrets: "Secret",
  certificates: "Certificate",
};

/** Deletes an object. It stays recoverable. Source: Key Vault, soft delete. */
export function deleteObject(kind: ObjectKind, read: (call: KeyVaultCall) => unknown) {
  return (call: KeyVaultCall): unknown => {
    const { value, ...shown } = read({ ...call, version: undefined }) as Record<string, unknown>;
    call.store.delete(kind, call.name);
    return { ...shown, ...recoveryOf(call, kind) };
  };
}

export function getDeletedObject(kind: ObjectKind) {
  return (call: KeyVaultCall): unknown => {
    if (!call.store.isDeleted(kind, call.name)) throw missing(kinds[kind], call.name);
    return recoveryOf(call, kind);
  };
}

export function recoverObject(kind: ObjectKind, read: (call: KeyVaultCall) => unknown) {
  return (call: KeyVaultCall): unknown => {
    if (!call.store.isDeleted(kind, call.name)) throw missing(kinds[kind], call.name);
    call.store.recover(kind, call.name);
    const { value, ...shown } = read({ ...call, version: undefined }) as Record<string, unknown>;
    return shown;
  };
}

/** A deleted object keeps its name. */
export function refuseDeleted({ store, name }: KeyVaultCall, kind: ObjectKind): void {
  if (!store.isDeleted(kind, name)) return;
  throw new Refusal(
    409,
    "Conflict",
    `${kinds[kind]} ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the ${kinds[kind].toLowerCase()} can only be recovered or purged.`,
    { innerCode: "ObjectIsDeletedButRecoverable" },
  );
}

function recoveryOf({ url, name }: KeyVaultCall, kind: ObjectKind): object {
  const deleted = Math.floor(Date.now() / 1000);
  return {
    recoveryId: `${url}/deleted${kind}/${name}`,
    deletedDate: deleted,
    scheduledPurgeDate: deleted + 90 * 24 * 60 * 60,
  };
}
