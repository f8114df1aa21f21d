import type { VaultRequest } from "../../lib/vault-api/vault-client";
import {
  type Arguments,
  block,
  mountPath,
  names,
  post,
  put,
  type ResourceKind,
  text,
  without,
} from "./resource-kind";

/** Secrets engines and their contents in the provider's (5.6.0) requests. Source: its vault/resource_*.go. */
export const secretsEngineKinds: Readonly<Record<string, ResourceKind>> = {
  vault_mount: {
    arguments: names(
      `path type description default_lease_ttl_seconds max_lease_ttl_seconds options local seal_wrap
       external_entropy_access`,
    ),
    path: (a) => `sys/mounts/${mountPath(a, "path")}`,
    mountType: (a) => a["type"],
    create: (path, a) => [
      post(path, {
        type: a["type"],
        description: a["description"] ?? "",
        config: { ...leaseTtls(a), force_no_cache: false },
        local: a["local"] ?? false,
        options: a["options"] ?? {},
        seal_wrap: a["seal_wrap"] ?? false,
        external_entropy_access: a["external_entropy_access"] ?? false,
      }),
    ],
    update: (path, a) => [
      post(`${path}/tune`, {
        ...leaseTtls(a),
        options: a["options"] ?? {},
        description: a["description"] ?? "",
      }),
    ],
  },

  vault_database_secret_backend_connection: {
    arguments: names("backend name allowed_roles verify_connection"),
    blocks: {
      mysql: names(
        `connection_url username password_wo password_wo_version username_template tls_ca max_open_connections
         max_idle_connections max_connection_lifetime`,
      ),
    },
    path: (a) => `${mountPath(a, "backend")}/config/${text(a, "name")}`,
    secretOf: (a) => {
      const { password_wo: marker, password_wo_version: version } = block(a, "mysql");
      return { marker, version };
    },
    create: writeConnection,
    update: "create",
  },

  vault_database_secret_backend_role: {
    arguments: names(
      `backend name db_name creation_statements revocation_statements rollback_statements renew_statements default_ttl
       max_ttl`,
    ),
    path: (a) => `${mountPath(a, "backend")}/roles/${text(a, "name")}`,
    create: (path, a) => [put(path, without(a, "backend name"))],
  },

  vault_transit_secret_backend_key: {
    arguments: names(
      `backend name type derived convergent_encryption deletion_allowed exportable allow_plaintext_backup
       auto_rotate_period min_decryption_version`,
    ),
    path: (a) => `${mountPath(a, "backend")}/keys/${text(a, "name")}`,
    create: (path, a) => [
      put(path, {
        type: a["type"] ?? "aes256-gcm96",
        derived: a["derived"] ?? false,
        convergent_encryption: a["convergent_encryption"] ?? false,
        auto_rotate_period: a["auto_rotate_period"] ?? 0,
        key_size: 0,
      }),
      ...configureTransitKey(path, a),
    ],
    update: configureTransitKey,
  },

  vault_transform_transformation: {
    arguments: names("path name type template tweak_source masking_character allowed_roles deletion_allowed"),
    path: (a) => `${mountPath(a, "path")}/transformation/${text(a, "name")}`,
    create: (path, a) => [put(path, without({ deletion_allowed: false, ...a }, "path"))],
    update: "create",
  },

  vault_transform_role: {
    arguments: names("path name transformations"),
    path: (a) => `${mountPath(a, "path")}/role/${text(a, "name")}`,
    create: (path, a) => [put(path, without(a, "path"))],
    update: "create",
  },

  // The provider also sends a template's mount.
  vault_transform_template: {
    arguments: names("path name type pattern alphabet encode_format decode_formats"),
    path: (a) => `${mountPath(a, "path")}/template/${text(a, "name")}`,
    create: (path, a) => [put(path, a)],
  },

  vault_transform_alphabet: {
    arguments: names("path name alphabet"),
    path: (a) => `${mountPath(a, "path")}/alphabet/${text(a, "name")}`,
    create: (path, a) => [put(path, without(a, "path"))],
  },
};

function leaseTtls(a: Arguments): Arguments {
  return {
    default_lease_ttl: `${a["default_lease_ttl_seconds"] ?? 0}s`,
    max_lease_ttl: `${a["max_lease_ttl_seconds"] ?? 0}s`,
  };
}

function writeConnection(path: string, a: Arguments, password?: string): VaultRequest[] {
  const { max_connection_lifetime: lifetime, ...mysql } = block(a, "mysql");
  return [
    put(path, {
      plugin_name: "mysql-database-plugin",
      max_open_connections: 2,
      ...without(mysql, "password_wo password_wo_version"),
      ...(lifetime === undefined ? {} : { max_connection_lifetime: `${lifetime}s` }),
      verify_connection: a["verify_connection"] ?? true,
      allowed_roles: ((a["allowed_roles"] ?? []) as string[]).join(","),
      ...(password === undefined ? {} : { password }),
    }),
  ];
}

function configureTransitKey(path: string, a: Arguments): VaultRequest[] {
  return [
    put(`${path}/config`, {
      min_decryption_version: a["min_decryption_version"] ?? 1,
      deletion_allowed: a["deletion_allowed"] ?? false,
      exportable: a["exportable"] ?? false,
      allow_plaintext_backup: a["allow_plaintext_backup"] ?? false,
      auto_rotate_period: a["auto_rotate_period"] ?? 0,
    }),
  ];
}
