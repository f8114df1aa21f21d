import { createApplication } from "../../app/application";
import { NotGranted } from "../../app/errors";
import { readRenderedConfiguration, readSettings, SettingsError } from "../../app/settings";

const complete = {
  VAULT_ADDR: "https://vault.demo.internal:8200",
  VAULT_ROLE: "webapp-role",
  VAULT_PATHS: "transit/encrypt/customer-key,transit/encrypt/archive-key",
  VAULT_DATABASE_CREDENTIALS_PATH: "database/creds/long",
  MYSQL_HOST: "mysql.example.com",
  MYSQL_DATABASE: "customers",
  VAULT_TOKEN_RESOURCE: "https://management.azure.com/",
  IDENTITY_ENDPOINT: "http://127.0.0.1:41000/msi/token",
  IDENTITY_HEADER: "header",
};

describe("The application's settings", () => {
  it("come from App Service", () => {
    expect(readSettings(complete)).toMatchObject({
      way: "vault",
      database: { host: "mysql.example.com", port: 3306, credentialsPath: "database/creds/long" },
      encryption: { key: "customer-key", archiveKey: "archive-key" },
    });
  });

  it("use the transform engine if the paths allow it", () => {
    const settings = readSettings({ ...complete, VAULT_PATHS: "transform/encode/customer" });
    expect(settings).toMatchObject({ encryption: { transformRole: "customer" } });
    expect(settings).not.toHaveProperty("encryption.archiveKey");
  });

  it("have no database if the workload has none", () => {
    expect(readSettings({ ...complete, VAULT_DATABASE_CREDENTIALS_PATH: undefined })).not.toHaveProperty(
      "database",
    );
  });

  it.each([
    [
      "transit/encrypt/customer-key",
      "the path transit/decrypt/customer-key, the path transit/hmac/customer-key",
    ],
    [
      "transit/decrypt/archive-key",
      "the path transit/encrypt/customer-key, the path transit/decrypt/customer-key",
    ],
  ])(
    "that give less than the application needs (%s) are named in an error that promises no recovery",
    async (VAULT_PATHS, missing) => {
      const settings = readSettings({
        ...complete,
        VAULT_PATHS,
        IDENTITY_ENDPOINT: "http://127.0.0.1:9/msi",
      });
      const application = await createApplication(settings);
      try {
        const refusal = await application.store.list({ page: 1, pageSize: 5 }).catch((error) => error);
        expect(refusal).toBeInstanceOf(NotGranted);
        expect(refusal.reason).toContain(missing);
        expect((await application.ready()).reasons).toContain(refusal.reason);
      } finally {
        await application.close();
      }
    },
  );

  it("are rejected with a sentence for each", () => {
    const read = () => readSettings({ VAULT_ADDR: "vault", VAULT_CACERT_BYTES: "x" });
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(
      /VAULT_ADDR is not an address.*VAULT_ROLE is missing.*IDENTITY_ENDPOINT is missing/s,
    );
  });

  it("of Vault Agent are rejected without a quote of them", () => {
    const text = '{"database":{"password":"s3cret-of-mine"';
    expect(() => readRenderedConfiguration(text)).toThrow(/not complete JSON/);
    expect(() => readRenderedConfiguration(`${text}}}`)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("s3cret") }),
    );
  });
});
