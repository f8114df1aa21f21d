import { X509Certificate } from "node:crypto";
import { identifier, type KeyVaultCall, pick, recovery } from "./call";
import { type CertificateVersion, thumbprint } from "./store";

export function getCertificate(call: KeyVaultCall): unknown {
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
  };
}

function certificatePolicy({ url, name }: KeyVaultCall, { created, made }: CertificateVersion): unknown {
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
