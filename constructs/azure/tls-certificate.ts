import { DataAzurermKeyVault } from "@cdktf/provider-azurerm/lib/data-azurerm-key-vault";
import { DataAzurermKeyVaultCertificate } from "@cdktf/provider-azurerm/lib/data-azurerm-key-vault-certificate";
import { KeyVaultCertificate } from "@cdktf/provider-azurerm/lib/key-vault-certificate";
import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Fn } from "cdktf";
import { Construct } from "constructs";
import type { Environment } from "../../environments/schema";
import { dependsOn } from "../terraform/depends-on";
import type { KeyVault } from "./key-vault";

export interface TlsCertificateProps {
  tls: Environment["vault"]["tls"];
  keyVault: KeyVault;
  /** DNS names of Vault. The first one is the subject. */
  dnsNames: readonly [string, ...string[]];
  /** Principal id of Vault's identity. */
  vaultPrincipalId: string;
}

/** A certificate in Key Vault and its public half. */
interface KeptCertificate {
  keyVaultId: string;
  keyVaultUri: string;
  name: string;
  /** The certificate as DER in base64, without line breaks. */
  der: string;
}

/**
 * Vault's TLS certificate in Key Vault: generated, or an existing certificate from the environment file. Vault's identity
 * may fetch it.
 */
export class TlsCertificate extends Construct {
  /** `https://<vault>.<domain of Key Vault>/secrets/<name>`: certificate and private key, for Vault's VM only. */
  readonly secretUrl: string;
  /** `https://<vault>.<domain of Key Vault>/certificates/<name>`: the public half, for clients. */
  readonly publicUrl: string;
  /** Azure id of the certificate, the scope of the clients' right to read its public half. */
  readonly id: string;
  /** The public half as of the last deployment, PEM. */
  readonly pem: string;

  constructor(scope: Construct, id: string, props: TlsCertificateProps) {
    super(scope, id);
    const { keyVaultId, keyVaultUri, name, der } =
      props.tls.source === "generated" ? this.generate(props, props.tls) : this.find(props.tls);
    this.allowFetch(`${keyVaultId}/secrets/${name}`, props.vaultPrincipalId);
    this.secretUrl = `${keyVaultUri}secrets/${name}`;
    this.publicUrl = `${keyVaultUri}certificates/${name}`;
    this.id = `${keyVaultId}/certificates/${name}`;
    this.pem = pem(der);
  }

  /** Creates the certificate. Key Vault renews it in time, and Vault's VM and the clients fetch each new version. */
  private generate(
    { keyVault, dnsNames }: TlsCertificateProps,
    {
      validityInMonths,
      renewDaysBeforeExpiry,
    }: Extract<Environment["vault"]["tls"], { source: "generated" }>,
  ): KeptCertificate {
    const certificate = new KeyVaultCertificate(this, "certificate", {
      dependsOn: dependsOn(keyVault.endpoint),
      name: "vault-tls",
      keyVaultId: keyVault.id,
      certificatePolicy: {
        issuerParameters: { name: "Self" },
        keyProperties: { keyType: "RSA", keySize: 3072, exportable: true, reuseKey: false },
        lifetimeAction: [
          { action: { actionType: "AutoRenew" }, trigger: { daysBeforeExpiry: renewDaysBeforeExpiry } },
        ],
        secretProperties: { contentType: "application/x-pem-file" },
        x509CertificateProperties: {
          subject: `CN=${dnsNames[0]}`,
          subjectAlternativeNames: { dnsNames: [...dnsNames] },
          validityInMonths,
          keyUsage: ["digitalSignature", "keyEncipherment"],
          extendedKeyUsage: [serverAuthentication],
        },
      },
    });
    return {
      keyVaultId: keyVault.id,
      keyVaultUri: keyVault.uri,
      name: certificate.name,
      der: certificate.certificateDataBase64,
    };
  }

  private find({
    keyVault,
    resourceGroup,
    certificate,
  }: Extract<Environment["vault"]["tls"], { source: "existing" }>): KeptCertificate {
    const kept = new DataAzurermKeyVault(this, "key-vault", {
      name: keyVault,
      resourceGroupName: resourceGroup,
    });
    const found = new DataAzurermKeyVaultCertificate(this, "certificate", {
      name: certificate,
      keyVaultId: kept.id,
    });
    return {
      keyVaultId: kept.id,
      keyVaultUri: kept.vaultUri,
      name: certificate,
      der: found.certificateDataBase64,
    };
  }

  /** Lets Vault's VM read this one secret. Key Vault stores a certificate's private key as a secret. */
  private allowFetch(secretId: string, principalId: string): void {
    new RoleAssignment(this, "fetch", {
      scope: secretId,
      roleDefinitionName: "Key Vault Secrets User",
      principalId,
      principalType: "ServicePrincipal",
    });
  }
}

/** Extended key usage of a TLS server. Source: RFC 5280, 4.2.1.12. */
const serverAuthentication = "1.3.6.1.5.5.7.3.1";

/** Wraps base64 at 64 characters (RFC 7468), because some readers require it. */
function pem(der: string): string {
  return Fn.join("\n", [
    "-----BEGIN CERTIFICATE-----",
    Fn.join("\n", Fn.regexall(".{1,64}", der)),
    "-----END CERTIFICATE-----",
    "",
  ]);
}
