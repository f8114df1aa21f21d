import { KeyVault } from "../../../constructs/azure/key-vault";
import { TlsCertificate, type TlsCertificateProps } from "../../../constructs/azure/tls-certificate";
import { asObject, synthesizeConstructs } from "../../synthesis";

const generated: TlsCertificateProps["tls"] = {
  source: "generated",
  validityInMonths: 12,
  renewDaysBeforeExpiry: 30,
};
const existing: TlsCertificateProps["tls"] = {
  source: "existing",
  keyVault: "kv-certificates",
  resourceGroup: "rg-certificates",
  certificate: "vault-example-com",
};

function stackOf(tls: TlsCertificateProps["tls"]) {
  return synthesizeConstructs((scope) => {
    const keyVault = new KeyVault(scope, "vault", {
      name: "kv",
      resourceGroup: "rg",
      location: "westeurope",
      tenantId: "tenant",
      sku: "standard",
      allowedRanges: [],
      allowedSubnets: [],
      protect: false,
    });
    const certificate = new TlsCertificate(scope, "certificate", {
      tls,
      keyVault,
      dnsNames: ["vault.demo.internal", "vault-demo.westeurope.cloudapp.azure.com"],
      vaultPrincipalId: "vault-principal",
    });
    for (const name of ["secretUrl", "publicUrl", "id", "pem"] as const) {
      scope.addOverride(`output.${name}.value`, certificate[name]);
    }
  });
}

const policy = asObject(stackOf(generated).only("azurerm_key_vault_certificate").get("certificate_policy"));

describe("TlsCertificate", () => {
  it("lets Vault's identity fetch that one certificate's secret", () => {
    const stack = stackOf(generated);
    expect(stack.only("azurerm_role_assignment").attributes).toEqual({
      role_definition_name: "Key Vault Secrets User",
      principal_id: "vault-principal",
      principal_type: "ServicePrincipal",
      scope: `${stack.only("azurerm_key_vault").ref("id")}/secrets/${stack.only("azurerm_key_vault_certificate").ref("name")}`,
    });
  });

  it("contains Vault's private and public names", () => {
    expect(policy["x509_certificate_properties"]).toMatchObject({
      subject: "CN=vault.demo.internal",
      subject_alternative_names: {
        dns_names: ["vault.demo.internal", "vault-demo.westeurope.cloudapp.azure.com"],
      },
    });
  });

  it("is only for TLS servers", () => {
    expect(policy["x509_certificate_properties"]).toMatchObject({
      extended_key_usage: ["1.3.6.1.5.5.7.3.1"],
      key_usage: ["digitalSignature", "keyEncipherment"],
    });
  });

  it("is renewed by Key Vault in time, each time with a new key", () => {
    expect(policy["lifetime_action"]).toEqual([
      { action: { action_type: "AutoRenew" }, trigger: { days_before_expiry: 30 } },
    ]);
    expect(policy["key_properties"]).toMatchObject({ key_type: "RSA", key_size: 3072, reuse_key: false });
    expect(policy["x509_certificate_properties"]).toMatchObject({ validity_in_months: 12 });
  });

  it("returns addresses without a version, so a renewal changes none", () => {
    const stack = stackOf(generated);
    const uri = stack.only("azurerm_key_vault").ref("vault_uri");
    const name = stack.only("azurerm_key_vault_certificate").ref("name");
    expect(stack.outputs.get("secretUrl")).toBe(`${uri}secrets/${name}`);
    expect(stack.outputs.get("publicUrl")).toBe(`${uri}certificates/${name}`);
  });

  it("keeps its private key out of the state: only references to the public half exist", () => {
    const certificate = stackOf(generated).only("azurerm_key_vault_certificate");
    expect(stackOf(generated).outputs.get("pem")).toBe(
      `\${join("\\n", ["-----BEGIN CERTIFICATE-----", join("\\n", regexall(".{1,64}", azurerm_key_vault_certificate.${certificate.id}.certificate_data_base64)), "-----END CERTIFICATE-----", ""])}`,
    );
    expect(stackOf(generated).data()).toEqual([]);
  });

  it("may exist already: then Terraform looks it up, and the right is on its secret", () => {
    const stack = stackOf(existing);
    expect(stack.resources("azurerm_key_vault_certificate")).toEqual([]);
    const [keyVault] = stack.data("azurerm_key_vault");
    expect(keyVault?.attributes).toEqual({ name: "kv-certificates", resource_group_name: "rg-certificates" });
    expect(stack.only("azurerm_role_assignment").get("scope")).toBe(
      `\${data.azurerm_key_vault.${keyVault?.id}.id}/secrets/vault-example-com`,
    );
  });

  it("reads only the public half of an existing certificate", () => {
    // azurerm_key_vault_certificate_data and azurerm_key_vault_secret would put the private key into the state.
    expect(
      stackOf(existing)
        .data()
        .map(({ type }) => type)
        .sort(),
    ).toEqual(["azurerm_key_vault", "azurerm_key_vault_certificate"]);
  });
});
