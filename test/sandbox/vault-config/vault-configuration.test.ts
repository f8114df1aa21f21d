import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EvaluatedSystem } from "../../../lib/synthesized/evaluated-system";
import { azurerm } from "../../../sandbox/azurerm/provider";
import { vaultConfiguration } from "../../../sandbox/vault-config/vault-configuration";
import {
  demo,
  deploymentOf,
  deploymentWith,
  inFolderOf,
  production,
} from "../../lib/synthesized/deployments";

describe.each([
  ["demo", demo],
  ["production", production],
])("Vault's configuration of %s", (_, environment) => {
  const { list, written } = inFolderOf(environment, (folder) => ({
    list: vaultConfiguration(EvaluatedSystem.load(folder, azurerm())),
    written: JSON.parse(readFileSync(join(folder, "stacks/vault-config/cdk.tf.json"), "utf8")).resource,
  }));
  const addresses = list.map(({ address }) => address);

  it("contains every resource of the stack once", () => {
    const expected = Object.entries<object>(written).flatMap(([type, blocks]) =>
      Object.keys(blocks).map((id) => `${type}.${id}`),
    );
    expect(expected.length).toBeGreaterThan(15);
    expect([...addresses].sort()).toEqual(expected.sort());
  });

  it("lists all dependencies in the stack's text, and puts them first", () => {
    for (const [index, { address, type, dependsOn }] of list.entries()) {
      const { "//": notes, ...block } = written[type][address.slice(type.length + 1)];
      const text = JSON.stringify(block);
      const mentioned = addresses.filter((other) =>
        new RegExp(`\\b${other.replace(".", "\\.")}\\b`).test(text),
      );
      expect({ address, dependsOn: [...dependsOn].sort() }).toEqual({ address, dependsOn: mentioned.sort() });
      expect(addresses.slice(0, index)).toEqual(expect.arrayContaining(dependsOn));
    }
  });

  it("contains no unresolved reference", () => {
    expect(JSON.stringify(list.map((resource) => resource.arguments))).not.toContain("${");
  });
});

describe("Vault's configuration", () => {
  const deployment = deploymentOf(demo);
  const list = vaultConfiguration(deployment);
  const only = (type: string) => {
    const found = list.filter((resource) => resource.type === type);
    expect(found).toHaveLength(1);
    return found[0];
  };

  it("resolves references between resources", () => {
    expect(only("vault_generic_endpoint")?.arguments).toEqual({
      path: "database/rotate-root/mysql",
      data_json: "{}",
      disable_read: true,
      disable_delete: true,
    });
  });

  it("contains the database's address, and only the place of its password", () => {
    const [keyVault] = deployment.resources("azurerm_key_vault");
    expect(only("vault_database_secret_backend_connection")?.arguments["mysql"]).toMatchObject({
      connection_url: "{{username}}:{{password}}@tcp(10.20.2.4:3306)/?tls=true",
      password_wo: {
        ephemeral: {
          type: "azurerm_key_vault_secret",
          keyVault: keyVault?.argument("name"),
          name: "mysql-administrator",
        },
      },
      password_wo_version: 1,
    });
  });

  it("binds the web app's role to its principal", () => {
    const [app] = deployment.resources("azurerm_linux_web_app");
    const principalId = app?.attribute(["identity", 0, "principal_id"]);
    expect(only("vault_jwt_auth_backend_role")?.arguments).toMatchObject({
      bound_subject: principalId,
      bound_claims: { oid: principalId },
    });
  });

  it("keeps null inside an object, because the provider requires all attributes", () => {
    expect(only("vault_auth_backend")?.arguments["tune"]).toEqual([
      expect.objectContaining({ default_lease_ttl: "1h", max_lease_ttl: "1h", token_type: null }),
    ]);
  });

  it("keeps the lifecycle rules", () => {
    expect(only("vault_generic_endpoint")?.lifecycle).toEqual({
      replace_triggered_by: [
        expect.stringMatching(/^vault_database_secret_backend_connection\..*password_wo_version$/),
      ],
    });
  });

  it("refuses a resource that is not Vault's", () => {
    const resource = { azurerm_thing: { x: {} } };
    expect(() => vaultConfiguration(deploymentWith({ "vault-config": { resource } }))).toThrow(
      "vault-config/azurerm_thing.x is not a resource of Vault",
    );
  });

  it("finds dependencies behind locals and in lifecycle rules, and refuses a circle", () => {
    const twoMounts = (local: string) => ({
      "vault-config": {
        locals: { text: local },
        resource: {
          vault_mount: { b: { path: "b" }, a: { path: "a", description: "${local.text}" } },
          vault_policy: {
            o: { name: "o", lifecycle: { replace_triggered_by: ["vault_policy.p.name"] } },
            p: { name: "p", depends_on: ["vault_mount.a"] },
          },
        },
      },
    });
    const list = vaultConfiguration(deploymentWith(twoMounts("after ${vault_mount.b.path}")));
    expect(list.map(({ address, dependsOn }) => [address, dependsOn])).toEqual([
      ["vault_mount.b", []],
      ["vault_mount.a", ["vault_mount.b"]],
      ["vault_policy.p", ["vault_mount.a"]],
      ["vault_policy.o", ["vault_policy.p"]],
    ]);
    const circular = deploymentWith({
      "vault-config": {
        resource: {
          vault_mount: {
            a: { path: "a", depends_on: ["vault_mount.b"] },
            b: { path: "b", depends_on: ["vault_mount.a"] },
          },
        },
      },
    });
    expect(() => vaultConfiguration(circular)).toThrow(
      "Circular dependency, each needs the next: vault_mount.a, vault_mount.b, vault_mount.a.",
    );
  });
});
