import { Refusal } from "../../server/refusal";
import { badParameter, identifier, type KeyVaultCall, missing, pick, recovery } from "./call";
import { refuseDeleted } from "./deleted-objects";
import type { SecretVersion } from "./store";

const largestSecret = 25 * 1024;

export function list({ store, url }: KeyVaultCall): unknown {
  const value = store.secretNames.flatMap((name) => {
    const latest = store.secretVersions(name).at(-1);
    return latest ? [{ id: `${url}/secrets/${name}`, ...secretMetadata(latest) }] : [];
  });
  return { value, nextLink: null };
}

export function listVersions(call: KeyVaultCall): unknown {
  const versions = call.store.secretVersions(call.name);
  if (versions.length === 0) throw missing("Secret", call.name);
  const value = versions.map((secret) => ({
    id: identifier(call, "secrets", secret),
    ...secretMetadata(secret),
  }));
  return { value, nextLink: null };
}

export function get(call: KeyVaultCall): unknown {
  const secret = pick(call.store.secretVersions(call.name), call, "Secret");
  if (!secret.enabled) {
    throw new Refusal(403, "Forbidden", "Operation get is not allowed on a disabled secret.", {
      innerCode: "SecretDisabled",
    });
  }
  return secretBundle(call, secret);
}

export function set(call: KeyVaultCall): unknown {
  const { value, contentType, attributes, tags } = call.body;
  const {
    enabled = true,
    nbf,
    exp,
  } = (attributes ?? {}) as { enabled?: boolean; nbf?: number; exp?: number };
  if (!/^[0-9a-z-]{1,127}$/i.test(call.name))
    throw badParameter(`The request URI contains an invalid name: ${call.name}`);
  if (typeof value !== "string") throw badParameter("Property value is missing");
  if (Buffer.byteLength(value) > largestSecret) throw badParameter("The value is longer than 25 KB");
  if (call.store.secretVersions(call.name).some(({ ofCertificate }) => ofCertificate)) {
    throw new Refusal(409, "Conflict", `Secret ${call.name} belongs to a certificate and cannot be set.`);
  }
  refuseDeleted(call, "secrets");
  const metadata = {
    contentType: contentType as string | undefined,
    tags: tags as Record<string, string> | undefined,
  };
  return secretBundle(
    call,
    call.store.setSecret(call.name, { value, enabled, notBefore: nbf, expires: exp, ...metadata }),
  );
}

export function update(call: KeyVaultCall): unknown {
  const secret = pick(call.store.secretVersions(call.name), call, "Secret");
  const { tags, contentType } = call.body;
  if (typeof contentType === "string") secret.contentType = contentType;
  call.store.setTags("secrets", call.name, (tags as Record<string, string> | undefined) ?? secret.tags);
  const { value, ...shown } = secretBundle(call, secret) as Record<string, unknown>;
  return shown;
}

function secretBundle(call: KeyVaultCall, secret: SecretVersion): unknown {
  return {
    value: secret.value,
    id: identifier(call, "secrets", secret),
    ...secretMetadata(secret),
    ...certificateLink(call, secret),
  };
}

function secretMetadata({
  contentType,
  enabled,
  notBefore,
  expires,
  created,
  tags,
  ofCertificate,
}: SecretVersion): object {
  return {
    contentType,
    attributes: { enabled, nbf: notBefore, exp: expires, created, updated: created, ...recovery },
    tags,
    managed: ofCertificate,
  };
}

const certificateLink = (call: KeyVaultCall, secret: SecretVersion): object =>
  secret.ofCertificate ? { kid: identifier(call, "keys", secret) } : {};
