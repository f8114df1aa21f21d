import { asObject } from "../synthesis";
import { argumentsWithWriteOnlyForm } from "./bindings";
import { everyStack } from "./environments";
import { references, strings } from "./references";

/** Arguments for a secret without a write-only form, or with a form that the bindings do not know. */
const secretArguments = [
  "access_key",
  "admin_password",
  "administrator_password",
  "bind_password",
  "client_secret",
  "connection_string",
  "custom_data",
  "oidc_client_secret",
  "password",
  "private_key",
  "private_key_pem",
  "protected_settings",
  "sas_url",
  "secret",
  "secret_id",
  "shared_access_key",
  "storage_account_access_key",
  "token",
];

/** Returns names of all arguments with their values, including blocks inside blocks. */
function argumentsOf(value: unknown): [string, unknown][] {
  if (Array.isArray(value)) return value.flatMap(argumentsOf);
  return Object.entries(asObject(value)).flatMap(([name, inner]) => [[name, inner], ...argumentsOf(inner)]);
}

describe("secret arguments", () => {
  it.each(everyStack)(
    "%s, %s: every argument with a write-only form uses it",
    (_environment, _name, stack) => {
      const inClear = stack.resources().flatMap(({ type, path, attributes }) => {
        const secrets = /^terraform_/.test(type) ? [] : argumentsWithWriteOnlyForm(type);
        return argumentsOf(attributes)
          .filter(([name]) => secrets.includes(name) || secretArguments.includes(name))
          .map(([name]) => `${path}: ${name}`);
      });
      expect(inClear).toEqual([]);
    },
  );

  it.each(everyStack)("%s, %s: providers get none", (_environment, _name, stack) => {
    const names = argumentsOf(stack.json["provider"]).map(([name]) => name);
    expect(names.filter((name) => secretArguments.includes(name))).toEqual([]);
  });

  it.each(everyStack)(
    "%s, %s: write-only arguments have ephemeral values, with a version",
    (_env, _name, stack) => {
      for (const { attributes } of stack.resources()) {
        const all = new Map(argumentsOf(attributes));
        for (const [name, value] of [...all].filter(([name]) => name.endsWith("_wo"))) {
          expect(value).toMatch(/^\$\{ephemeral\.\w+\.[\w-]+\.\w+\}$/);
          expect(all.get(`${name}_version`)).toEqual(expect.any(Number));
        }
      }
    },
  );

  it.each(everyStack)("%s, %s: ephemeral values are used nowhere else", (_environment, _name, stack) => {
    const elsewhere = strings(stack.json)
      .filter(({ value }) => references(value).some((one) => one.startsWith("ephemeral.")))
      .filter(({ path }) => !/_wo$/.test(path) && !/^(?:ephemeral|provider)\./.test(path));
    expect(elsewhere).toEqual([]);
  });

  it.each(everyStack)(
    "%s, %s: an ephemeral value waits for its resource, through an attribute that only Azure knows",
    (_environment, name, stack) => {
      const read = stack.ephemeral().flatMap(({ attributes }) =>
        strings(attributes)
          .flatMap(({ value }) => references(value))
          .map((reference) => reference.split(".")),
      );
      // Terraform opens an ephemeral value during the plan if all its arguments are known, as a resource's own
      // arguments are.
      const known = read.filter(([type = "", id, attribute = ""]) =>
        stack.resources(type).some((resource) => resource.id === id && attribute in resource.attributes),
      );
      expect(known).toEqual([]);
      if (name === "mysql") expect(read.map(([type]) => type)).toContain("azurerm_key_vault_secret");
    },
  );

  it("are there: Key Vault's secret, MySQL's and Vault's password", () => {
    const [demo] = everyStack;
    const written = everyStack
      .filter(([environment]) => environment === demo?.[0])
      .flatMap(([, , stack]) => stack.resources())
      .flatMap(({ type, attributes }) => argumentsOf(attributes).map(([name]) => `${type} ${name}`))
      .filter((name) => name.endsWith("_wo"));
    expect(written.sort()).toEqual([
      "azurerm_key_vault_secret value_wo",
      "azurerm_mysql_flexible_server administrator_password_wo",
      "vault_database_secret_backend_connection password_wo",
    ]);
  });

  it("are known from the bindings", () => {
    expect(argumentsWithWriteOnlyForm("azurerm_key_vault_secret")).toEqual(["value"]);
    expect(argumentsWithWriteOnlyForm("azurerm_mysql_flexible_server")).toEqual(["administrator_password"]);
  });
});
