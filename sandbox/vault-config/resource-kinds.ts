import { UserError } from "../../lib/processes/user-error";
import { authMethodKinds } from "./auth-method-kinds";
import { type Arguments, mountPath, names, put, type ResourceKind, text, without } from "./resource-kind";
import { secretsEngineKinds } from "./secrets-engine-kinds";
import { isSecretMarker, type VaultResource } from "./vault-resource";

/**
 * Every type that constructs/vault uses. A test compares Vault's audit log for these requests with the real
 * provider's (test/sandbox/vault-config).
 */
const resourceKinds: Readonly<Record<string, ResourceKind>> = {
  ...authMethodKinds,
  ...secretsEngineKinds,

  vault_audit: {
    arguments: names("type path description local options"),
    path: (a) => `sys/audit/${mountPath(a, "path", text(a, "type"))}`,
    list: "sys/audit",
    create: (path, { type, description = "", local = false, options = {} }) => [
      put(path, { type, description, local, options }),
    ],
  },

  vault_quota_rate_limit: {
    arguments: names("name path rate interval block_interval inheritable role"),
    path: (a) => `sys/quotas/rate-limit/${text(a, "name")}`,
    create: (path, a) => [put(path, { path: "", ...without(a, "name") })],
    update: "create",
  },

  vault_raft_autopilot: {
    arguments: names("cleanup_dead_servers dead_server_last_contact_threshold min_quorum"),
    path: () => "sys/storage/raft/autopilot/configuration",
    requestOnly: true,
    // The provider also sends its defaults.
    create: (path, a) => [put(path, { ...autopilotDefaults, ...a })],
  },

  vault_policy: {
    arguments: names("name policy"),
    path: (a) => `sys/policies/acl/${text(a, "name")}`,
    create: (path, { policy }) => [put(path, { policy })],
    update: "create",
  },

  vault_generic_endpoint: {
    arguments: names("path data_json disable_read disable_delete"),
    path: (a) => text(a, "path"),
    requestOnly: true,
    create: (path, a) => [put(path, JSON.parse(text(a, "data_json")))],
  },
};

const autopilotDefaults = {
  last_contact_threshold: "10s",
  max_trailing_logs: 1000,
  server_stabilization_time: "10s",
};

/** A resource with a known type and known arguments. */
export interface KnownResource {
  readonly resource: VaultResource;
  readonly kind: ResourceKind;
  readonly arguments: Arguments;
  /** The resource's path in Vault. */
  readonly path: string;
}

/** @throws UserError with the resource and its unknown type or argument */
export function understand(resource: VaultResource): KnownResource {
  const kind = resourceKinds[resource.type];
  if (!kind) {
    throw new UserError(
      `${resource.address} is of a type that the sandbox cannot apply without Terraform: add ${resource.type} to ` +
        "sandbox/vault-config/resource-kinds.ts.",
    );
  }
  try {
    const given = normalise(resource.arguments, kind.blocks);
    refuseUnknown(given, [...kind.arguments, ...Object.keys(kind.blocks ?? {})]);
    for (const [name, known] of Object.entries(kind.blocks ?? {})) {
      refuseUnknown((given[name] ?? {}) as Arguments, known, `${name}.`);
    }
    refuseEndpointThatIsKept(kind, given);
    refuseOtherSecrets(kind, given);
    return { resource, kind, arguments: given, path: kind.path(given) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`Cannot apply ${resource.address} (${resource.type}): ${error.message}`);
  }
}

/** Terraform treats null as absent, and accepts a block as an object or as a list with one object. */
function normalise(given: Arguments, blocks: Readonly<Record<string, unknown>> = {}): Arguments {
  const present = Object.entries(given).filter(([, value]) => !isNothing(value));
  return Object.fromEntries(
    present.map(([name, value]) => {
      if (!(name in blocks)) return [name, value];
      if (Array.isArray(value) && value.length > 1)
        throw new UserError(`it can have only one block ${name}.`);
      const inner = Array.isArray(value) ? value[0] : value;
      return [name, normalise(inner as Arguments)];
    }),
  );
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

function refuseUnknown(given: Arguments, known: readonly string[], prefix = ""): void {
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const list = unknown.map((name) => prefix + name).join(", ");
  throw new UserError(`the sandbox does not know its argument ${list}. Add it to the type's kind.`);
}

/** Refuses endpoints that store something, because these would need a read and a deletion. */
function refuseEndpointThatIsKept(kind: ResourceKind, given: Arguments): void {
  if (!kind.arguments.includes("disable_read")) return;
  if (given["disable_read"] === true && given["disable_delete"] === true) return;
  throw new UserError("the sandbox only supports endpoints with disable_read and disable_delete.");
}

/** Refuses secrets in ordinary arguments, which would store them in the wrong place. */
function refuseOtherSecrets(kind: ResourceKind, given: Arguments): void {
  const expected = kind.secretOf?.(given).marker;
  if (expected !== undefined && !isSecretMarker(expected)) {
    throw new UserError("its write-only argument is not a reference to an ephemeral value.");
  }
  const count = (value: unknown): number => {
    if (isSecretMarker(value)) return 1;
    return typeof value === "object" && value !== null
      ? Object.values(value).reduce((n, it) => n + count(it), 0)
      : 0;
  };
  if (count(given) > (expected === undefined ? 0 : 1)) {
    throw new UserError("an argument that is not write-only contains an ephemeral value.");
  }
}
