import { join } from "node:path";
import type { Connection } from "mysql2/promise";
import { findTerraform } from "../../../lib/terraform/terraform-program";
import { HttpApplier } from "../../../sandbox/vault-config/http-applier";
import { TerraformApplier } from "../../../sandbox/vault-config/terraform-applier";
import type { VaultResource } from "../../../sandbox/vault-config/vault-resource";
import { describeWithTerraform } from "../vault-config/programs";
import { readBack, type VaultReadBack } from "../vault-config/read-back";
import { administratorOf, connectToDatabase } from "./database-access";
import { deployerOf, useSandbox } from "./running-sandbox";
import { LoggedInWorkload } from "./workloads";

/**
 * One Vault after first boot. The suite applies the stack with Terraform, removes it, applies it over HTTP, removes it, and applies it with
 * Terraform again, always with a deployer's rights. (test/sandbox/vault-config compares the requests, on Vaults that the tests set up.)
 */
describeWithTerraform("The running system's vault-config", () => {
  const running = useSandbox({ upTo: "vault" });
  let resources: VaultResource[];
  let terraform: TerraformApplier;
  let untouched: VaultReadBack;
  /** A session from before Vault rotated the password. On Azure nobody has one, because Terraform sets a new password there. */
  let administrator: Connection;

  beforeAll(async () => {
    resources = running.sandbox.vaultConfiguration();
    administrator = await connectToDatabase(running.sandbox, administratorOf(running.sandbox));
    untouched = await readBackAsDeployer();
    terraform = new TerraformApplier({
      terraform: await findTerraform(),
      folder: join(running.folder, "by-terraform"),
      ...deployers(),
    });
  });

  afterAll(() => administrator?.end());

  it("is applied with Terraform and removed, applied with Vault's HTTP API and removed, and applied with Terraform again, always to the same Vault", async () => {
    await terraform.apply(resources);
    expect(await terraform.planIsEmpty()).toMatchObject({ empty: true });
    const byTerraform = await readBackAsDeployer();
    await useDatabase();
    await revokeDatabaseUsers();
    await terraform.destroy();
    // First boot's configuration remains.
    expect(await readBackAsDeployer()).toEqual(untouched);

    await putBackFirstPassword();
    const stateFile = join(running.folder, "by-http.json");
    const http = new HttpApplier({ ...deployers(), stateFile });
    expect((await http.apply(resources)).written).toHaveLength(resources.length);
    expect((await http.apply(resources)).written).toEqual([]);
    expect(await readBackAsDeployer()).toEqual(byTerraform);
    await useDatabase();
    await revokeDatabaseUsers();
    await http.destroy();
    expect(await readBackAsDeployer()).toEqual(untouched);

    await putBackFirstPassword();
    await terraform.apply(resources);
    expect(await readBackAsDeployer()).toEqual(byTerraform);
    await useDatabase();
  });

  function deployers() {
    const { sandbox } = running;
    return {
      connection: { ...sandbox.vaultConnection(), jwt: sandbox.deployerToken() },
      readSecret: sandbox.readSecret,
    };
  }

  async function readBackAsDeployer(): Promise<VaultReadBack> {
    return readBack(await deployerOf(running.sandbox));
  }

  async function putBackFirstPassword(): Promise<void> {
    const { username, password } = administratorOf(running.sandbox);
    await administrator.query(`ALTER USER '${username}'@'%' IDENTIFIED BY '${password}'`);
  }

  async function useDatabase(): Promise<void> {
    const webApp = await LoggedInWorkload.of(running.sandbox, "webapp");
    expect(await webApp.ask("GET database/creds/long")).toMatchObject({ status: 200 });
  }

  async function revokeDatabaseUsers(): Promise<void> {
    const deployer = await deployerOf(running.sandbox);
    const path = "sys/leases/revoke-prefix/database/creds";
    await deployer.request({ method: "PUT", path, body: { sync: true } });
  }
});
