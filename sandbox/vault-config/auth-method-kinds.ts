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

/** Token arguments that every role accepts. Source: provider 5.6.0, vault/auth_token.go. */
const TOKEN_ARGUMENTS = names(
  `token_bound_cidrs token_explicit_max_ttl token_max_ttl token_no_default_policy token_num_uses token_period
   token_policies token_ttl token_type`,
);

const TUNE_ARGUMENTS = names(
  `default_lease_ttl max_lease_ttl audit_non_hmac_request_keys audit_non_hmac_response_keys listing_visibility
   passthrough_request_headers allowed_response_headers token_type`,
);

const JWT_CONFIG = names(
  "oidc_discovery_url oidc_discovery_ca_pem bound_issuer jwt_supported_algs default_role namespace_in_state",
);

const azureConfigDefaults = { environment: "", max_retries: 3, retry_delay: 4, max_retry_delay: 60 };

/** Auth methods and their roles in the provider's (5.6.0) requests. Source: its vault/resource_*auth_backend*.go. */
export const authMethodKinds: Readonly<Record<string, ResourceKind>> = {
  vault_auth_backend: {
    arguments: names("type path description local"),
    blocks: { tune: TUNE_ARGUMENTS },
    path: (a) => `sys/auth/${mountPath(a, "path", text(a, "type"))}`,
    mountType: (a) => a["type"],
    create: (path, a) => [enable(path, a), ...tuneIfAsked(path, a)],
    update: (path, a) => [describeAndTune(path, a)],
  },

  vault_azure_auth_backend_config: {
    arguments: names("backend tenant_id resource environment max_retries retry_delay max_retry_delay"),
    path: (a) => `auth/${mountPath(a, "backend", "azure")}/config`,
    // Client id and secret are always empty: Vault asks Azure with its VM's identity.
    create: (path, a) => [
      put(path, { client_id: "", client_secret: "", ...azureConfigDefaults, ...without(a, "backend") }),
    ],
    update: "create",
  },

  vault_azure_auth_backend_role: {
    arguments: names(
      `backend role bound_service_principal_ids bound_group_ids bound_locations bound_subscription_ids
       bound_resource_groups bound_scale_sets`,
    ).concat(TOKEN_ARGUMENTS),
    path: (a) => `auth/${mountPath(a, "backend", "azure")}/role/${text(a, "role")}`,
    create: (path, a) => [put(path, { token_type: "default", ...without(a, "backend role") })],
  },

  vault_jwt_auth_backend: {
    arguments: names("type path description local").concat(JWT_CONFIG),
    blocks: { tune: TUNE_ARGUMENTS },
    path: (a) => `sys/auth/${mountPath(a, "path", "jwt")}`,
    mountType: (a) => a["type"] ?? "jwt",
    create: (path, a) => [
      enable(path, { type: "jwt", ...a }),
      writeJwtConfig(path, a),
      ...tuneIfAsked(path, a),
    ],
    update: (path, a) => [writeJwtConfig(path, a), describeAndTune(path, a)],
  },

  vault_jwt_auth_backend_role: {
    arguments: names(
      `backend role_name role_type bound_audiences bound_subject bound_claims bound_claims_type claim_mappings
       user_claim user_claim_json_pointer groups_claim clock_skew_leeway expiration_leeway not_before_leeway
       verbose_oidc_logging max_age`,
    ).concat(TOKEN_ARGUMENTS),
    path: (a) => `auth/${mountPath(a, "backend", "jwt")}/role/${text(a, "role_name")}`,
    create: (path, a) => [
      put(path, {
        token_type: "default",
        bound_audiences: [],
        user_claim_json_pointer: false,
        clock_skew_leeway: 0,
        expiration_leeway: 0,
        not_before_leeway: 0,
        verbose_oidc_logging: false,
        ...without(a, "backend role_name"),
        bound_claims: claimLists(block(a, "bound_claims")),
      }),
    ],
  },
};

function enable(path: string, { type, description = "", local = false }: Arguments): VaultRequest {
  const config = { default_lease_ttl: "", max_lease_ttl: "", force_no_cache: false };
  return post(path, {
    type,
    description,
    local,
    config,
    options: null,
    seal_wrap: false,
    external_entropy_access: false,
  });
}

function tuneIfAsked(path: string, a: Arguments): VaultRequest[] {
  return a["tune"] ? [post(tunePath(path), tuneBody(a))] : [];
}

function describeAndTune(path: string, a: Arguments): VaultRequest {
  return post(tunePath(path), { ...tuneBody(a), description: a["description"] ?? "" });
}

/** Tunes sys/auth/azure as the mount auth/azure, because that path needs no sudo. */
function tunePath(path: string): string {
  return `${path.replace("sys/auth/", "sys/mounts/auth/")}/tune`;
}

/** If there is a block `tune`, the provider sends each list that is missing in it as one empty text. */
function tuneBody(a: Arguments): Arguments {
  const nothing = { default_lease_ttl: "", max_lease_ttl: "", force_no_cache: false };
  if (!a["tune"]) return nothing;
  const lists = names(
    `audit_non_hmac_request_keys audit_non_hmac_response_keys passthrough_request_headers
     allowed_response_headers`,
  );
  return { ...nothing, ...Object.fromEntries(lists.map((name) => [name, [""]])), ...block(a, "tune") };
}

/** @param path the mount's path in sys/auth */
function writeJwtConfig(path: string, a: Arguments): VaultRequest {
  const config = Object.entries(a).filter(([name]) => JWT_CONFIG.includes(name));
  return put(`${path.replace(/^sys\//, "")}/config`, {
    namespace_in_state: true,
    ...Object.fromEntries(config),
  });
}

/** A claim's value is a comma-separated list. */
function claimLists(claims: Arguments): Arguments {
  return Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [
      name,
      String(value)
        .split(",")
        .map((it) => it.trim()),
    ]),
  );
}
