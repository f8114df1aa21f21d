import { randomBytes } from "node:crypto";
import type { Sandbox } from "../../../../sandbox/system/sandbox";
import { inspector } from "../../../app/running-application";
import { changeAdministratorPassword, connectToDatabase } from "../database-access";

/**
 * A user of MySQL whom Vault does not know. With Vault's database engine, the only copy of the administrator's password is gone. This
 * user gives the administrator a new one, so that vault-config can be applied again.
 */
export class SpareAdministrator {
  readonly #login = { username: "spare", password: randomBytes(24).toString("hex") };

  private constructor(private readonly sandbox: Sandbox) {}

  static async create(sandbox: Sandbox): Promise<SpareAdministrator> {
    const spare = new SpareAdministrator(sandbox);
    const { username, password } = spare.#login;
    const creator = await inspector(sandbox);
    await creator.query("CREATE USER ?@'%' IDENTIFIED BY ? REQUIRE SSL", [username, password]);
    await creator.query("GRANT CREATE USER ON *.* TO ?@'%'", [username]);
    await creator.end();
    return spare;
  }

  /** Applies vault-config with a new password of the administrator, and removes this user. */
  async regain(): Promise<void> {
    const own = await connectToDatabase(this.sandbox, this.#login);
    await changeAdministratorPassword(this.sandbox, own);
    await own.query("DROP USER ?@'%'", [this.#login.username]);
    await own.end();
    await this.sandbox.applyVaultConfig();
  }
}
