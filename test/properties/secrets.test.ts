import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, strToU8, zipSync } from "fflate";
import { cloudConfig } from "../../cloud-init/cloud-config";
import { SynthesizedStack } from "../synthesis";
import { everyStack } from "./environments";
import { findSecretShapes, findSecrets } from "./secret-scanner";

const random = "q7Zt2XvB9mKp4RsW8yNc3LdF6hGj1TaE5uQo0iVb";

/** A stack with one secret: any value, below `resource`. */
function holding(content: unknown, assets = new Map<string, Buffer>()): SynthesizedStack {
  return new SynthesizedStack("planted", { resource: { some_type: { planted: content } } }, assets);
}

function userData(file: object): SynthesizedStack {
  return new SynthesizedStack("planted", { locals: { text: cloudConfig({ write_files: [file] }) } });
}

function packed(text: string): object {
  const content = Buffer.from(gzipSync(strToU8(text), { mtime: 0 })).toString("base64");
  return {
    path: "/usr/local/sbin/planted",
    owner: "root:root",
    permissions: "0755",
    encoding: "gz+b64",
    content,
  };
}

describe("secrets", () => {
  it.each(everyStack)("%s, %s: has none", (_environment, name, stack) => {
    expect(findSecrets(new SynthesizedStack(name, stack.json))).toEqual([]);
  });

  // The bundle contains libraries whose code has many words such as password. So this test reads only the project's
  // own sources.
  it("are in no source file of the application", () => {
    const folder = join(__dirname, "../../app");
    const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    expect(sources.length).toBeGreaterThan(10);
    expect(
      sources.flatMap((name) => findSecretShapes(readFileSync(join(folder, name), "utf8"), name)),
    ).toEqual([]);
    expect(findSecretShapes(`const key = "hvs.${random.slice(0, 24)}";`, "planted.ts")).toHaveLength(1);
  });

  const plantedSecrets: readonly (readonly [string, SynthesizedStack])[] = [
    ["an administrator's password", holding({ administrator_password: "Sommer2026" })],
    ["a plain-text password in a write-only argument", holding({ password_wo: "Sommer2026" })],
    [
      "a Key Vault secret's value",
      new SynthesizedStack("planted", {
        resource: { azurerm_key_vault_secret: { one: { value: "sommer" } } },
      }),
    ],
    ["a secret among the settings", holding({ app_settings: { DB_PASSWORD: "Sommer2026" } })],
    ["a setting in camel case", holding({ settings: { clientSecret: "Sommer2026" } })],
    [
      "a private key",
      holding({ note: "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----" }),
    ],
    ["a JSON web token", holding({ note: "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lb25lIn0.c2lnbmF0dXJl" })],
    ["a Vault token", holding({ command: `VAULT_ADDR=x vault login hvs.${random.slice(0, 24)}` })],
    ["an older Vault token", holding({ note: "s.2XvB9mKp4RsW8yNc3LdF6hGj" })],
    ["a storage account's key", holding({ note: "AccountName=st;AccountKey=c29tZWtleQ==" })],
    ["a service bus key", holding({ note: "Endpoint=sb://x/;SharedAccessKey=c29tZWtleQ==" })],
    [
      "a shared access signature",
      holding({ url: "https://st.blob.core.windows.net/c/app.zip?sv=1&sig=c29tZXNpZ25hdHVyZQ%3D%3D" }),
    ],
    ["an Entra client secret", holding({ note: "abc8Q~0123456789abcdefghijABCDEFGHIJ01" })],
    ["a password in an address", holding({ url: "mysql://app:Sommer2026@mysql.example/customers" })],
    ["a password in a connection string", holding({ note: "Server=mysql;Uid=app;Pwd=Sommer2026;" })],
    ["a random text as a tag", holding({ tags: { note: random } })],
    ["a key in hexadecimal", holding({ note: "3f9a1c7be02d4856af13c09b7de5821436f0a9b8c7d6e5f4" })],
    [
      "a reference to a resource's key",
      holding({ note: "${azurerm_storage_account.state.primary_access_key}" }),
    ],
    ["a reference to a generated password", holding({ value: "x${random_password.mysql.result}" })],
    [
      "a reference to the publishing credentials",
      holding({ note: "${azurerm_linux_web_app.app.site_credential[0].password}" }),
    ],
    [
      "a reference behind a brace in quotes",
      holding({ note: '${join("}", [azurerm_storage_account.state.primary_access_key])}' }),
    ],
    [
      "a reference behind a brace in quotes, in a file of the user data",
      userData(packed('KEY=${join("}", [azurerm_storage_account.state.primary_access_key])}\n')),
    ],
    ["a password in a file of the user data", userData(packed('#!/bin/bash\nMYSQL_PASSWORD="Sommer2026"\n'))],
    ["a token in a file of the user data", userData(packed(`vault login hvs.${random.slice(0, 30)}\n`))],
    ["a private key in a file of the user data", userData(packed("-----BEGIN PRIVATE KEY-----\n"))],
    [
      "a variable of the user data",
      userData({ path: "/etc/vault.d/vault.env", content: "VAULT_TOKEN=Sommer2026\n" }),
    ],
    ["a random text in a file of the user data", userData(packed(`curl https://example/${random}\n`))],
    [
      "a password in the application's package",
      holding(
        {},
        new Map([
          [
            "assets/app.zip",
            Buffer.from(zipSync({ "server.js": strToU8('const password = "Sommer2026";\n') })),
          ],
        ]),
      ),
    ],
  ];

  it.each(plantedSecrets)("are found: %s", (_what, stack) => {
    expect(findSecrets(stack)).not.toEqual([]);
  });

  it.each(everyStack.filter(([environment]) => environment === "demo"))(
    "are also found in a real stack: %s, %s",
    (_environment, name, stack) => {
      const resources = {
        ...(stack.json["resource"] as object),
        planted: { one: { admin_password: "Sommer2026" } },
      };
      const spoilt = new SynthesizedStack(name, { ...stack.json, resource: resources });
      expect(findSecrets(spoilt)).toHaveLength(1);
    },
  );

  it.each([
    ["a reference to an ephemeral value", { password_wo: "${ephemeral.random_password.p.result}" }],
    ["a kind of token", { token_type: "batch", token_ttl: 3600, token_policies: ["webapp"] }],
    ["a name of a key", { key_vault_id: "/kv", name: "customer-key", key_type: "RSA", key_opts: ["sign"] }],
    ["an object id", { principal_id: "11111111-1111-4111-8111-111111111111" }],
    ["Vault's own placeholders", { connection_url: "{{username}}:{{password}}@tcp(mysql:3306)/" }],
  ])("are not reported in %s", (_what, content) => {
    expect(findSecrets(holding(content))).toEqual([]);
  });
});
