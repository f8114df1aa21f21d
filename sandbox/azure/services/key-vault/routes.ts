import type { Route } from "../../server/routes";
import { notImitated } from "../../server/service";
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
  rotateKey,
  unwrapKey,
  updateKey,
  wrapKey,
} from "./keys";
import { getSecret, listSecrets, listSecretVersions, setSecret, updateSecret } from "./secrets";

export interface KeyVaultRoute extends Route {
  /** Below Microsoft.KeyVault/vaults/. */
  dataAction: string;
  perform: (call: KeyVaultCall) => unknown;
}

/**
 * The data plane. Operations with `refuse` have the right checked as in Azure, so that whoever lacks it gets a 403; who has it is
 * told that the sandbox goes no further. Source: learn.microsoft.com/rest/api/keyvault and
 * learn.microsoft.com/azure/role-based-access-control/permissions/security (the data actions).
 */
export const keyVaultRoutes: KeyVaultRoute[] = [
  route("GET", "/keys", "keys/read", refuse),
  route("GET", "/keys/{name}/versions", "keys/read", refuse),
  route("GET", "/keys/{name}/rotationpolicy", "keyrotationpolicies/read", getRotationPolicy),
  route("GET", "/keys/{name}/{version?}", "keys/read", getKey),
  route("POST", "/keys/{name}/create", "keys/create/action", createKey),
  route("POST", "/keys/{name}/rotate", "keys/rotate/action", rotateKey),
  route("POST", "/keys/{name}/backup", "keys/backup/action", refuse),
  route("POST", "/keys/{name}/{version?}/wrapkey", "keys/wrap/action", wrapKey),
  route("POST", "/keys/{name}/{version?}/unwrapkey", "keys/unwrap/action", unwrapKey),
  route("POST", "/keys/{name}/{version?}/encrypt", "keys/encrypt/action", encryptWithKey),
  route("POST", "/keys/{name}/{version?}/decrypt", "keys/decrypt/action", decryptWithKey),
  route("POST", "/keys/{name}/{version?}/sign", "keys/sign/action", refuse),
  route("POST", "/keys/{name}/{version?}/verify", "keys/verify/action", refuse),
  route("PUT", "/keys/{name}", "keys/import/action", refuse),
  route("PATCH", "/keys/{name}/{version?}", "keys/update/action", updateKey),
  route("DELETE", "/keys/{name}", "keys/delete", deleteObject("keys", getKey)),
  route("GET", "/deletedkeys/{name}", "keys/read", getDeletedObject("keys")),
  route("POST", "/deletedkeys/{name}/recover", "keys/recover/action", recoverObject("keys", getKey)),

  route("GET", "/secrets", "secrets/readMetadata/action", listSecrets),
  route("GET", "/secrets/{name}/versions", "secrets/readMetadata/action", listSecretVersions),
  route("GET", "/secrets/{name}/{version?}", "secrets/getSecret/action", getSecret),
  route("PUT", "/secrets/{name}", "secrets/setSecret/action", setSecret),
  route("PATCH", "/secrets/{name}/{version?}", "secrets/update/action", updateSecret),
  route("POST", "/secrets/{name}/backup", "secrets/backup/action", refuse),
  route("DELETE", "/secrets/{name}", "secrets/delete", deleteObject("secrets", getSecret)),
  route("GET", "/deletedsecrets/{name}", "secrets/readMetadata/action", getDeletedObject("secrets")),
  route(
    "POST",
    "/deletedsecrets/{name}/recover",
    "secrets/recover/action",
    recoverObject("secrets", getSecret),
  ),

  route("GET", "/certificates", "certificates/read", refuse),
  route("GET", "/certificates/{name}/versions", "certificates/read", listCertificateVersions),
  route("GET", "/certificates/contacts", "certificates/read", getContacts),
  route("GET", "/certificates/{name}/pending", "certificates/read", getCertificateOperation),
  route("GET", "/certificates/{name}/{version?}", "certificates/read", getCertificate),
  route("PATCH", "/certificates/{name}/{version?}", "certificates/update/action", updateCertificate),
  route("POST", "/certificates/{name}/create", "certificates/create/action", createCertificate),
  route("POST", "/certificates/{name}/import", "certificates/import/action", refuse),
  route(
    "DELETE",
    "/certificates/{name}",
    "certificates/delete",
    deleteObject("certificates", getCertificate),
  ),
  route("GET", "/deletedcertificates/{name}", "certificates/read", getDeletedObject("certificates")),
  route(
    "POST",
    "/deletedcertificates/{name}/recover",
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
  dataAction: string,
  perform: KeyVaultRoute["perform"],
): KeyVaultRoute {
  return { method, path, dataAction, perform };
}
