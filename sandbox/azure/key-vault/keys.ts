import { createPublicKey } from "node:crypto";
import { Refusal } from "../service";
import { badParameter, identifier, type KeyVaultCall, pick, recovery } from "./call";
import { decrypt, encrypt, isEncryptionAlgorithm, type KeyVersion } from "./store";

export function getKey(call: KeyVaultCall): unknown {
  const key = keyVersion(call);
  const { kty, n, e } = createPublicKey(key.pem).export({ format: "jwk" });
  return {
    key: { kid: identifier(call, "keys", key), kty, key_ops: key.operations, n, e },
    attributes: { enabled: true, created: key.created, updated: key.created, ...recovery, exportable: false },
  };
}

export const wrapKey = usingKey("wrapKey", encrypt);
export const unwrapKey = usingKey("unwrapKey", decrypt);
export const encryptWithKey = usingKey("encrypt", encrypt);
export const decryptWithKey = usingKey("decrypt", decrypt);

function usingKey(operation: string, transform: typeof encrypt): (call: KeyVaultCall) => unknown {
  return (call) => {
    const key = keyVersion(call);
    const { alg, value } = call.body;
    if (!isEncryptionAlgorithm(alg)) throw badParameter(`Property alg has an unsupported value: ${alg}`);
    if (typeof value !== "string" || value === "") throw badParameter("Property value is missing");
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
