import { type CredentialSource, readCredentials } from "../../app/database/credentials";
import { Pools } from "../../app/database/pools";
import { readSettings, type VaultSettings } from "../../app/settings";
import { OwnLogin } from "../../app/vault/own-login";
import type { Sandbox } from "../../sandbox/system/sandbox";
import { webAppEnvironment } from "../../sandbox/system/web-app";

/** Vault and the database of a sandbox, as the web app reaches them, with a database user that may create tables. */
export class BenchDatabase {
  private constructor(
    readonly settings: VaultSettings,
    readonly vault: OwnLogin,
    readonly pools: Pools,
  ) {}

  static async open(sandbox: Sandbox): Promise<BenchDatabase> {
    const settings = settingsOf(sandbox);
    const vault = new OwnLogin(
      settings,
      () => {},
      () => {},
    );
    vault.start();
    if (!settings.database) throw new Error("The web app has no database.");
    const { value } = await readCredentials(vault, "database/creds/migration");
    const { host, port, name } = settings.database;
    const login = { host, port, name, rootsPem: settings.rootsPem, ...value };
    const source: CredentialSource = {
      current: login,
      failure: undefined,
      get: async () => login,
      refused: () => false,
      leaseSecondsLeft: async () => undefined,
    };
    const pools = new Pools(
      () => source,
      () => {},
    );
    await pools.replace(login);
    return new BenchDatabase(settings, vault, pools);
  }

  async close(): Promise<void> {
    await this.pools.close();
    await this.vault.close();
  }
}

function settingsOf(sandbox: Sandbox): VaultSettings {
  const [site] = sandbox.deployment.resources("azurerm_linux_web_app");
  if (!site) throw new Error("The environment has no web app to measure. Add one.");
  const settings = readSettings({ ...webAppEnvironment(site, sandbox.azure), SSL_CERT_FILE: sandbox.caFile });
  if (settings.way !== "vault") throw new Error("The web app does not log in to Vault itself.");
  return settings;
}
