import { notImitated } from "../../server/refusal";
import type { Route } from "../../server/routes";
import type { KeyVaultCall } from "./call";
import {
  createCertificate,
  getCertificate,
  getCertificateOperation,
  getContacts,
  listCertificateVersions,
  updateCertificate,
} from "./certificates";
import { deleteObject, getDeletedObject, recoverObject } from "./deleted-objects";
import {
  createKey,
  decryptWithKey,
  encryptWithKey,
  getKey,
  getRotationPolicy,
  listKeyVersions,
  rotateKey,
  unwrapKey,
  updateKey,
  wrapKey,
} from "./keys";
import { getSecret, listSecrets, listSecretVersions, setSecret, updateSecret } from "./secrets";

export interface KeyVaultRoute extends Route {
  /** The operation's name in Key Vault's log. Source: Key Vault, logging. */
  operation: string;
  /** The action's path below Microsoft.KeyVault/vaults/. */
  dataAction: string;
  perform: (call: KeyVaultCall) => unknown;
}

/**
 * The routes of the data plane. Operations with `refuse` check the right as Azure does. A caller without the right
 * gets a 403, and a caller with the right learns that the sandbox does not support the operation. Source:
 * learn.microsoft.com/rest/api/keyvault and learn.microsoft.com/azure/role-based-access-control/permissions/security
 * (the data actions).
 */
export const keyVaultRoutes: KeyVaultRoute[] = [
  route("GET", "/keys", "KeyList", "keys/read", refuse),
  route("GET", "/keys/{name}/versions", "KeyListVersions", "keys/read", listKeyVersions),
  route(
    "GET",
    "/keys/{name}/rotationpolicy",
    "KeyRotationPolicyGet",
    "keyrotationpolicies/read",
    getRotationPolicy,
  ),
  route("GET", "/keys/{name}/{version?}", "KeyGet", "keys/read", getKey),
  route("POST", "/keys/{name}/create", "KeyCreate", "keys/create/action", createKey),
  route("POST", "/keys/{name}/rotate", "KeyRotate", "keys/rotate/action", rotateKey),
  route("POST", "/keys/{name}/backup", "KeyBackup", "keys/backup/action", refuse),
  route("POST", "/keys/{name}/{version?}/wrapkey", "KeyWrap", "keys/wrap/action", wrapKey),
  route("POST", "/keys/{name}/{version?}/unwrapkey", "KeyUnwrap", "keys/unwrap/action", unwrapKey),
  route("POST", "/keys/{name}/{version?}/encrypt", "KeyEncrypt", "keys/encrypt/action", encryptWithKey),
  route("POST", "/keys/{name}/{version?}/decrypt", "KeyDecrypt", "keys/decrypt/action", decryptWithKey),
  route("POST", "/keys/{name}/{version?}/sign", "KeySign", "keys/sign/action", refuse),
  route("POST", "/keys/{name}/{version?}/verify", "KeyVerify", "keys/verify/action", refuse),
  route("PUT", "/keys/{name}", "KeyImport", "keys/import/action", refuse),
  route("PATCH", "/keys/{name}/{version?}", "KeyUpdate", "keys/update/action", updateKey),
  route("DELETE", "/keys/{name}", "KeyDelete", "keys/delete", deleteObject("keys", getKey)),
  route("GET", "/deletedkeys/{name}", "KeyGetDeleted", "keys/read", getDeletedObject("keys")),
  route(
    "POST",
    "/deletedkeys/{name}/recover",
    "KeyRecover",
    "keys/recover/action",
    recoverObject("keys", getKey),
  ),

  route("GET", "/secrets", "SecretList", "secrets/readMetadata/action", listSecrets),
  route(
    "GET",
    "/secrets/{name}/versions",
    "SecretListVersions",
    "secrets/readMetadata/action",
    listSecretVersions,
  ),
  route("GET", "/secrets/{name}/{version?}", "SecretGet", "secrets/getSecret/action", getSecret),
  route("PUT", "/secrets/{name}", "SecretSet", "secrets/setSecret/action", setSecret),
  route("PATCH", "/secrets/{name}/{version?}", "SecretUpdate", "secrets/update/action", updateSecret),
  route("POST", "/secrets/{name}/backup", "SecretBackup", "secrets/backup/action", refuse),
  route("DELETE", "/secrets/{name}", "SecretDelete", "secrets/delete", deleteObject("secrets", getSecret)),
  route(
    "GET",
    "/deletedsecrets/{name}",
    "SecretGetDeleted",
    "secrets/readMetadata/action",
    getDeletedObject("secrets"),
  ),
  route(
    "POST",
    "/deletedsecrets/{name}/recover",
    "SecretRecover",
    "secrets/recover/action",
    recoverObject("secrets", getSecret),
  ),

  route("GET", "/certificates", "CertificateList", "certificates/read", refuse),
  route(
    "GET",
    "/certificates/{name}/versions",
    "CertificateListVersions",
    "certificates/read",
    listCertificateVersions,
  ),
  route("GET", "/certificates/contacts", "CertificateContactsGet", "certificates/read", getContacts),
  route(
    "GET",
    "/certificates/{name}/pending",
    "CertificatePendingGet",
    "certificates/read",
    getCertificateOperation,
  ),
  route("GET", "/certificates/{name}/{version?}", "CertificateGet", "certificates/read", getCertificate),
  route(
    "PATCH",
    "/certificates/{name}/{version?}",
    "CertificateUpdate",
    "certificates/update/action",
    updateCertificate,
  ),
  route(
    "POST",
    "/certificates/{name}/create",
    "CertificateCreate",
    "certificates/create/action",
    createCertificate,
  ),
  route("POST", "/certificates/{name}/import", "CertificateImport", "certificates/import/action", refuse),
  route(
    "DELETE",
    "/certificates/{name}",
    "CertificateDelete",
    "certificates/delete",
    deleteObject("certificates", getCertificate),
  ),
  route(
    "GET",
    "/deletedcertificates/{name}",
    "CertificateGetDeleted",
    "certificates/read",
    getDeletedObject("certificates"),
  ),
  route(
    "POST",
    "/deletedcertificates/{name}/recover",
    "CertificateRecover",
    "certificates/recover/action",
    recoverObject("certificates", getCertificate),
  ),
];

function refuse(): never {
  throw notImitated("this operation of Key Vault");
}

function route(
  method: string,
  path: string,
  operation: string,
  dataAction: string,
  perform: KeyVaultRoute["perform"],
): KeyVaultRoute {
  return { method, path, operation, dataAction, perform };
}
