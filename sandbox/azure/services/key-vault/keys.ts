import { createPublicKey } from "node:crypto";
import { notImitated, Refusal } from "../../server/refusal";
import { badParameter, identifier, type KeyVaultCall, pick, recovery } from "./call";
import { refuseDeleted } from "./deleted-objects";
import { decrypt, encrypt, isEncryptionAlgorithm, type KeyVersion } from "./store";

export function get(call: KeyVaultCall): unknown {
  const key = keyVersion(call);
  const { kty, n, e } = createPublicKey(key.pem).export({ format: "jwk" });
  return {
    key: {
      kid: identifier(call, "keys", key),
      kty: key.hardware ? `${kty}-HSM` : kty,
      key_ops: key.operations,
      n,
      e,
    },
    attributes: {
      enabled: key.enabled ?? true,
      created: key.created,
      updated: key.created,
      ...recovery,
      exportable: false,
    },
    tags: key.tags,
  };
}

export function listVersions(call: KeyVaultCall): unknown {
  const value = call.store.keyVersions(call.name).map(({ version }) => {
    const { key, attributes } = get({ ...call, version }) as { key: { kid: string }; attributes: unknown };
    return { kid: key.kid, attributes };
  });
  if (value.length === 0) get(call); // throws the error for a missing key
  return { value, nextLink: null };
}

export async function create(call: KeyVaultCall): Promise<unknown> {
  const { kty, key_size = 2048, key_ops, tags } = call.body;
  if (kty !== "RSA" && kty !== "RSA-HSM") throw notImitated(`a key of type ${kty}`);
  refuseDeleted(call, "keys");
  await call.store.createKey(
    {
      name: call.name,
      keySize: Number(key_size),
      operations: key_ops as string[] | undefined,
      hardware: kty === "RSA-HSM" || undefined,
    },
    tags as Record<string, string> | undefined,
  );
  return get(call);
}

export function update(call: KeyVaultCall): unknown {
  const key = keyVersion(call);
  if (Array.isArray(call.body["key_ops"])) key.operations = call.body["key_ops"].map(String);
  const { enabled } = (call.body["attributes"] ?? {}) as { enabled?: boolean };
  if (enabled !== undefined) key.enabled = enabled;
  if (call.body["tags"] !== undefined)
    call.store.setTags("keys", call.name, call.body["tags"] as Record<string, string>);
  return get(call);
}

/** Creates a new version of the same kind. Earlier versions stay. */
export async function rotate(call: KeyVaultCall): Promise<unknown> {
  const { pem, operations, tags } = keyVersion(call);
  const keySize = createPublicKey(pem).asymmetricKeyDetails?.modulusLength ?? 2048;
  await call.store.createKey({ name: call.name, keySize, operations }, tags);
  return get(call);
}

/** The sandbox never rotates keys automatically. Source: Key Vault, Get Key Rotation Policy. */
export function rotationPolicy({ url, name }: KeyVaultCall): unknown {
  return {
    id: `${url}/keys/${name}/rotationpolicy`,
    lifetimeActions: [{ trigger: { timeBeforeExpiry: "P30D" }, action: { type: "Notify" } }],
    attributes: {},
  };
}

export const wrap = usingKey("wrapKey", encrypt);
export const unwrap = usingKey("unwrapKey", decrypt);
export const encryptValue = usingKey("encrypt", encrypt);
export const decryptValue = usingKey("decrypt", decrypt);

function usingKey(operation: string, transform: typeof encrypt): (call: KeyVaultCall) => unknown {
  return (call) => {
    const key = keyVersion(call);
    const { alg, value } = call.body;
    if (!isEncryptionAlgorithm(alg)) throw badParameter(`Property alg has an unsupported value: ${alg}`);
    if (typeof value !== "string" || value === "") throw badParameter("Property value is missing");
    if (key.enabled === false) {
      throw new Refusal(403, "Forbidden", "Operation is not allowed on a disabled key.", {
        innerCode: "KeyDisabled",
      });
    }
    if (!key.operations.includes(operation)) {
      throw new Refusal(403, "Forbidden", `Operation ${operation} is not permitted on this key.`, {
        innerCode: "KeyOperationForbidden",
      });
    }
    try {
      const result = transform(key, alg, Buffer.from(value, "base64url"));
      return { kid: identifier(call, "keys", key), value: result.toString("base64url") };
    } catch {
      throw badParameter("The parameter value is not one this key and algorithm can work on");
    }
  };
}

const keyVersion = (call: KeyVaultCall): KeyVersion => pick(call.store.keyVersions(call.name), call, "Key");
