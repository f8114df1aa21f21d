import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import { EvaluatedSystem } from "../../../lib/synthesized/evaluated-system";
import { buildSystem } from "../../../main";
import { azurerm } from "../../../sandbox/azurerm/provider";
import { understand } from "../../../sandbox/vault-config/resource-kinds";
import { terraformConfiguration } from "../../../sandbox/vault-config/terraform-configuration";
import { vaultConfiguration } from "../../../sandbox/vault-config/vault-configuration";
import type { VaultResource } from "../../../sandbox/vault-config/vault-resource";
import { changed } from "../../synthesis";
import { demoResources } from "./demo-resources";

function configurationOf(environment: Environment): VaultResource[] {
  const folder = mkdtempSync(join(tmpdir(), "resource-kinds-"));
  try {
    const app = new App({ stackTraces: false, outdir: folder });
    buildSystem(app, environment);
    app.synth();
    return vaultConfiguration(EvaluatedSystem.load(folder, azurerm()));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const demo = loadEnvironment("demo");
const policy: VaultResource = {
  address: "vault_policy.x",
  type: "vault_policy",
  arguments: { name: "x", policy: "" },
  dependsOn: [],
};
const connection: VaultResource = {
  address: "vault_database_secret_backend_connection.x",
  type: "vault_database_secret_backend_connection",
  arguments: {
    backend: "database",
    name: "x",
    mysql: { password_wo: { ephemeral: "x" }, password_wo_version: 1 },
  },
  dependsOn: [],
};

describe("The sandbox's knowledge of the Vault provider", () => {
  const enterprise = configurationOf(
    changed(demo, (it) => {
      it.vault.edition = "enterprise";
    }),
  );

  it.each([
    ["demo", configurationOf(demo)],
    ["production", configurationOf(loadEnvironment("production"))],
    ["enterprise", enterprise],
  ])("covers everything in %s", (_, resources) => {
    expect(resources.map(understand)).toHaveLength(resources.length);
  });

  it("produces the requests that the stack describes", () => {
    const byHand = demoResources({ database: "mysql", auditLog: "audit.log" });
    const addresses = (resources: readonly VaultResource[]) => resources.map(({ address }) => address).sort();
    expect(addresses(configurationOf(demo))).toEqual(addresses(byHand));
  });

  it("includes transform (Enterprise only) in the provider's form", () => {
    const sent = enterprise
      .filter(({ type }) => type.startsWith("vault_transform_"))
      .map(understand)
      .flatMap(({ kind, path, arguments: given }) => kind.create(path, given))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
    const transformation = { allowed_roles: ["customer"], deletion_allowed: expect.any(Boolean) };
    expect(sent).toEqual([
      {
        method: "PUT",
        path: "transform/role/customer",
        body: { name: "customer", transformations: ["social-security-number", "card-number"] },
      },
      {
        method: "PUT",
        path: "transform/transformation/card-number",
        body: {
          ...transformation,
          name: "card-number",
          type: "masking",
          template: "builtin/creditcardnumber",
          masking_character: "*",
        },
      },
      {
        method: "PUT",
        path: "transform/transformation/social-security-number",
        body: {
          ...transformation,
          name: "social-security-number",
          type: "fpe",
          template: "builtin/socialsecuritynumber",
          tweak_source: "internal",
        },
      },
    ]);
  });

  it.each([
    [
      "a password in plain text",
      { ...connection, arguments: { ...connection.arguments, mysql: { password_wo: "x" } } },
    ],
    ["a secret in a stored argument", { ...policy, arguments: { name: "x", policy: { ephemeral: "x" } } }],
    [
      "an unknown argument of a block",
      { ...connection, arguments: { ...connection.arguments, mysql: { host: "x" } } },
    ],
    ["an endpoint that needs reads", endpoint({ disable_delete: true })],
    ["an endpoint that needs a deletion", endpoint({ disable_read: true })],
    ["a missing argument", { ...policy, arguments: { policy: "" } }],
  ])("refuses %s", (_, resource) => {
    expect(() => understand(resource)).toThrow(`Cannot apply ${resource.address} (${resource.type}): `);
  });
});

describe("The configuration for Terraform", () => {
  it("takes texts literally, and secrets from variables that Terraform does not store", () => {
    const { json, secrets } = terraformConfiguration("https://vault.example.com:8200", [
      { ...policy, arguments: { name: "x", policy: "${a} %{b} {{c}}" }, lifecycle: {} },
      connection,
      { ...connection, address: "vault_database_secret_backend_connection.y" },
    ]);
    expect([...secrets]).toEqual([["secret_1", { ephemeral: "x" }]]);
    expect(json).toMatchObject({
      variable: { secret_1: { ephemeral: true } },
      resource: {
        vault_policy: { x: { name: "x", policy: "$${a} %%{b} {{c}}" } },
        vault_database_secret_backend_connection: {
          x: { mysql: { password_wo: "${var.secret_1}" } },
          y: { mysql: { password_wo: "${var.secret_1}" } },
        },
      },
    });
  });
});

function endpoint(given: Record<string, unknown>): VaultResource {
  const type = "vault_generic_endpoint";
  return { ...policy, address: `${type}.x`, type, arguments: { path: "x", data_json: "{}", ...given } };
}
