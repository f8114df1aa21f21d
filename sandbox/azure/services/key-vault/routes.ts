import { notImitated } from "../../server/refusal";
import type { Route } from "../../server/routes";
import type { KeyVaultCall } from "./call";
import * as certificates from "./certificates";
import { deleteObject, getDeletedObject, kindNames, recoverObject } from "./deleted-objects";
import * as keys from "./keys";
import * as secrets from "./secrets";
import type { ObjectKind } from "./store";

interface KeyVaultRoute extends Route {
  /** The operation's name in Key Vault's log. Source: Key Vault, logging. */
  operation: string;
  /** The action's path below Microsoft.KeyVault/vaults/. */
  dataAction: string;
  perform: Perform;
}

type Perform = (call: KeyVaultCall) => unknown;

/**
 * The routes of the data plane. Operations with `refuse` check the right as Azure does. A caller without the right
 * gets a 403, and a caller with the right learns that the sandbox does not support the operation. Source:
 * learn.microsoft.com/rest/api/keyvault and learn.microsoft.com/azure/role-based-access-control/permissions/security
 * (the data actions).
 */
export const keyVaultRoutes: readonly KeyVaultRoute[] = [
  route("GET /keys", "KeyList", "keys/read", refuse),
  route("GET /keys/{name}/versions", "KeyListVersions", "keys/read", keys.listVersions),
  route(
    "GET /keys/{name}/rotationpolicy",
    "KeyRotationPolicyGet",
    "keyrotationpolicies/read",
    keys.rotationPolicy,
  ),
  route("GET /keys/{name}/{version?}", "KeyGet", "keys/read", keys.get),
  route("POST /keys/{name}/create", "KeyCreate", "keys/create/action", keys.create),
  route("POST /keys/{name}/rotate", "KeyRotate", "keys/rotate/action", keys.rotate),
  route("POST /keys/{name}/backup", "KeyBackup", "keys/backup/action", refuse),
  route("POST /keys/{name}/{version?}/wrapkey", "KeyWrap", "keys/wrap/action", keys.wrap),
  route("POST /keys/{name}/{version?}/unwrapkey", "KeyUnwrap", "keys/unwrap/action", keys.unwrap),
  route("POST /keys/{name}/{version?}/encrypt", "KeyEncrypt", "keys/encrypt/action", keys.encryptValue),
  route("POST /keys/{name}/{version?}/decrypt", "KeyDecrypt", "keys/decrypt/action", keys.decryptValue),
  route("POST /keys/{name}/{version?}/sign", "KeySign", "keys/sign/action", refuse),
  route("POST /keys/{name}/{version?}/verify", "KeyVerify", "keys/verify/action", refuse),
  route("PUT /keys/{name}", "KeyImport", "keys/import/action", refuse),
  route("PATCH /keys/{name}/{version?}", "KeyUpdate", "keys/update/action", keys.update),
  ...softDelete("keys", "keys/read", keys.get),

  route("GET /secrets", "SecretList", "secrets/readMetadata/action", secrets.list),
  route(
    "GET /secrets/{name}/versions",
    "SecretListVersions",
    "secrets/readMetadata/action",
    secrets.listVersions,
  ),
  route("GET /secrets/{name}/{version?}", "SecretGet", "secrets/getSecret/action", secrets.get),
  route("PUT /secrets/{name}", "SecretSet", "secrets/setSecret/action", secrets.set),
  route("PATCH /secrets/{name}/{version?}", "SecretUpdate", "secrets/update/action", secrets.update),
  route("POST /secrets/{name}/backup", "SecretBackup", "secrets/backup/action", refuse),
  ...softDelete("secrets", "secrets/readMetadata/action", secrets.get),

  route("GET /certificates", "CertificateList", "certificates/read", refuse),
  route(
    "GET /certificates/{name}/versions",
    "CertificateListVersions",
    "certificates/read",
    certificates.listVersions,
  ),
  route("GET /certificates/contacts", "CertificateContactsGet", "certificates/read", certificates.contacts),
  route(
    "GET /certificates/{name}/pending",
    "CertificatePendingGet",
    "certificates/read",
    certificates.operation,
  ),
  route("GET /certificates/{name}/{version?}", "CertificateGet", "certificates/read", certificates.get),
  route(
    "PATCH /certificates/{name}/{version?}",
    "CertificateUpdate",
    "certificates/update/action",
    certificates.update,
  ),
  route(
    "POST /certificates/{name}/create",
    "CertificateCreate",
    "certificates/create/action",
    certificates.create,
  ),
  route("POST /certificates/{name}/import", "CertificateImport", "certificates/import/action", refuse),
  ...softDelete("certificates", "certificates/read", certificates.get),
];

function refuse(): never {
  throw notImitated("this operation of Key Vault");
}

/** @param request method and path */
function route(request: string, operation: string, dataAction: string, perform: Perform): KeyVaultRoute {
  return { request, operation, dataAction, perform };
}

/** Deletes an object, shows the deleted one, and recovers it. Source: Key Vault, soft delete. */
function softDelete(kind: ObjectKind, readAction: string, read: Perform): KeyVaultRoute[] {
  const name = kindNames[kind];
  const recover: Perform = (call) => recoverObject(call, kind, read);
  return [
    route(`DELETE /${kind}/{name}`, `${name}Delete`, `${kind}/delete`, (call) =>
      deleteObject(call, kind, read),
    ),
    route(`GET /deleted${kind}/{name}`, `${name}GetDeleted`, readAction, (call) =>
      getDeletedObject(call, kind),
    ),
    route(`POST /deleted${kind}/{name}/recover`, `${name}Recover`, `${kind}/recover/action`, recover),
  ];
}
