import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { notImitated, Refusal } from "../../server/refusal";
import { identifier, type KeyVaultCall, pick, recovery } from "./call";
import { refuseDeleted } from "./deleted-objects";
import { type CertificateVersion, thumbprint } from "./store";

export function get(call: KeyVaultCall): unknown {
  const certificate = pick(call.store.certificateVersions(call.name), call, "Certificate");
  const { notBefore, expires, created, pem } = certificate;
  const id = identifier(call, "certificates", certificate);
  return {
    id,
    kid: identifier(call, "keys", certificate),
    sid: identifier(call, "secrets", certificate),
    x5t: thumbprint(pem),
    cer: new X509Certificate(pem).raw.toString("base64"),
    attributes: { enabled: true, nbf: notBefore, exp: expires, created, updated: created, ...recovery },
    policy: certificatePolicy(call, certificate),
    tags: certificate.tags,
  };
}

export function listVersions(call: KeyVaultCall): unknown {
  const value = call.store.certificateVersions(call.name).map((version) => {
    const { id, x5t, attributes } = get({ ...call, version: version.version }) as Record<string, unknown>;
    return { id, x5t, attributes };
  });
  if (value.length === 0) get(call); // throws the error for a missing certificate
  return { value, nextLink: null };
}

const policyShape = z.object({
  issuer: z.object({ name: z.literal("Self") }),
  key_props: z.object({ kty: z.literal("RSA"), key_size: z.number(), reuse_key: z.boolean().default(false) }),
  secret_props: z.object({ contentType: z.literal("application/x-pem-file") }),
  x509_props: z.object({
    subject: z.string(),
    sans: z.object({ dns_names: z.array(z.string()).default([]) }).optional(),
    validity_months: z.number(),
  }),
});

/** Creates a self-signed certificate with an RSA key in PEM, as the stacks request. */
export async function create(call: KeyVaultCall): Promise<unknown> {
  const { policy, tags } = call.body;
  const asked = policyShape.safeParse(policy);
  if (!asked.success)
    throw notImitated(`this policy of a certificate (${z.prettifyError(asked.error)})`, 400);
  refuseDeleted(call, "certificates");
  const { key_props, x509_props } = asked.data;
  await call.store.makeCertificate(
    {
      keyVault: "",
      name: call.name,
      subject: x509_props.subject,
      dnsNames: x509_props.sans?.dns_names ?? [],
      validityInMonths: x509_props.validity_months,
      keySize: key_props.key_size,
      reuseKey: key_props.reuse_key,
    },
    undefined,
    { policy: policy as Record<string, unknown>, tags: tags as Record<string, string> | undefined },
  );
  return operation(call);
}

export function operation(call: KeyVaultCall): unknown {
  pick(call.store.certificateVersions(call.name), { ...call, version: undefined }, "PendingCertificate");
  return {
    id: `${call.url}/certificates/${call.name}/pending`,
    issuer: { name: "Self" },
    csr: "",
    cancellation_requested: false,
    status: "completed",
    target: `${call.url}/certificates/${call.name}`,
    request_id: "0",
  };
}

export function update(call: KeyVaultCall): unknown {
  const { tags, policy } = call.body;
  if (tags !== undefined) call.store.setTags("certificates", call.name, tags as Record<string, string>);
  if (policy !== undefined) call.store.setPolicy(call.name, policy as Record<string, unknown>);
  return get(call);
}

/** The sandbox has no contacts for expiring certificates. */
export function contacts(): never {
  throw new Refusal(404, "CertificateContactsNotFound", "Contacts not found.");
}

function certificatePolicy(
  { url, name }: KeyVaultCall,
  { created, made, policy }: CertificateVersion,
): unknown {
  if (policy) {
    const attributes = { enabled: true, created, updated: created };
    return { ...policy, id: `${url}/certificates/${name}/policy`, attributes };
  }
  return {
    id: `${url}/certificates/${name}/policy`,
    key_props: {
      exportable: true,
      kty: "RSA",
      key_size: made.keySize ?? 2048,
      reuse_key: made.reuseKey ?? false,
    },
    secret_props: { contentType: "application/x-pem-file" },
    x509_props: {
      subject: made.subject,
      sans: { dns_names: made.dnsNames },
      ekus: ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
      key_usage: ["digitalSignature", "keyEncipherment"],
      validity_months: made.validityInMonths,
    },
    issuer: { name: "Self" },
    attributes: { enabled: true, created, updated: created },
  };
}
