import {
  MysqlDatabaseEngine,
  type MysqlDatabaseEngineProps,
} from "../../../constructs/vault/mysql-database-engine";
import { synthesizeConstructs } from "../../synthesis";

function stackOf(changes: Partial<MysqlDatabaseEngineProps> = {}) {
  return synthesizeConstructs(
    (scope) =>
      new MysqlDatabaseEngine(scope, "database", {
        host: "mysql.example",
        databaseName: "customers",
        administrator: "vaultadmin",
        password: "${ephemeral.azurerm_key_vault_secret.kept.value}",
        passwordVersion: 2,
        roles: {
          short: { privileges: ["SELECT", "INSERT"], defaultTtl: "3m", maxTtl: "6m" },
          long: { privileges: ["SELECT"], defaultTtl: "3h", maxTtl: "24h" },
        },
        ...changes,
      }),
  );
}

const stack = stackOf();
const connection = stack.only("vault_database_secret_backend_connection");
const rotation = stack.only("vault_generic_endpoint");

describe("MysqlDatabaseEngine", () => {
  it("gets the administrator's password only by the write-only argument", () => {
    expect(connection.get("mysql")).toMatchObject({
      username: "vaultadmin",
      password_wo: "${ephemeral.azurerm_key_vault_secret.kept.value}",
      password_wo_version: 2,
    });
    expect(connection.get("mysql")).not.toHaveProperty("password");
  });

  it("connects with TLS, verifies the server's certificate, and tests the connection at once", () => {
    expect(connection.get("mysql")).toMatchObject({
      connection_url: "{{username}}:{{password}}@tcp(mysql.example:3306)/?tls=true",
    });
    expect(connection.get("verify_connection")).toBe(true);
  });

  it("is available only to its roles", () => {
    expect(connection.get("allowed_roles")).toEqual(["short", "long"]);
  });

  it("rotates the administrator's password right after it creates the connection", () => {
    expect(rotation.attributes).toMatchObject({
      path: `${stack.only("vault_mount").ref("path")}/rotate-root/${connection.ref("name")}`,
      data_json: "{}",
      disable_read: true,
      disable_delete: true,
    });
  });

  it("rotates the password again after each new password", () => {
    expect(rotation.get("lifecycle")).toEqual({
      replace_triggered_by: [
        `vault_database_secret_backend_connection.${connection.id}.mysql[0].password_wo_version`,
      ],
    });
  });

  it("creates no user before the password is unknown to people", () => {
    const roles = stack.resources("vault_database_secret_backend_role");
    expect(roles).toHaveLength(2);
    for (const role of roles) {
      expect(role.get("depends_on")).toEqual([`vault_generic_endpoint.${rotation.id}`]);
    }
  });

  it.each([
    ["short", 180, 360],
    ["long", 10_800, 86_400],
  ])("gives the role %s credentials for %i seconds, at most %i", (name, defaultTtl, maxTtl) => {
    expect(stack.only("vault_database_secret_backend_role", `role-${name}`).attributes).toMatchObject({
      name,
      default_ttl: defaultTtl,
      max_ttl: maxTtl,
    });
  });

  it("creates users that must use TLS and have the role's rights, only in the application's database", () => {
    const role = stack.only("vault_database_secret_backend_role", "role-short");
    expect(role.get("creation_statements")).toEqual([
      "CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}' REQUIRE SSL",
      "GRANT SELECT, INSERT ON `customers`.* TO '{{name}}'@'%'",
    ]);
  });

  it("revokes a user that is already gone", () => {
    const role = stack.only("vault_database_secret_backend_role", "role-short");
    expect(role.get("revocation_statements")).toEqual(["DROP USER IF EXISTS '{{name}}'@'%'"]);
  });
});
