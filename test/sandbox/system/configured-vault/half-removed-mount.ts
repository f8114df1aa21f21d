import { finishRemovalOfDatabaseEngine } from "../../../../scripts/deployment/half-removed-mount";
import type { RunningSandbox } from "../running-sandbox";
import { LoggedInWorkload } from "../workloads";
import { SpareAdministrator } from "./spare-administrator";

export const halfRemovedMount = (running: RunningSandbox): void =>
  describe("The database engine, whose removal failed while MySQL was away,", () => {
    let spare: SpareAdministrator;
    beforeEach(async () => {
      spare = await SpareAdministrator.create(running.sandbox);
    });
    afterEach(async () => {
      // The empty mount of the second test has no description.
      const deployer = await running.deployer();
      await deployer.request(remove);
      await deployer.logOut();
      await spare?.regain();
    });

    const remove = { method: "DELETE", path: "sys/mounts/database" } as const;
    const make = { method: "POST", path: "sys/mounts/database", body: { type: "database" } } as const;

    it("stays while it answers, empty or complete", async () => {
      const deployer = await running.deployer();
      expect(await finishRemovalOfDatabaseEngine(deployer)).toBe(false);
      expect(await deployer.read("database/roles", "LIST")).toMatchObject({
        keys: ["long", "migration", "short"],
      });
      await deployer.logOut();
    });

    it("blocks a new one until it is completely removed, which requires MySQL", async () => {
      const { database } = running.sandbox;
      const workload = await LoggedInWorkload.of(running.sandbox, "agent");
      expect((await workload.ask("GET database/creds/short")).status).toBe(200);
      const deployer = await running.deployer();
      await database.kill();
      await expect(deployer.request(remove)).rejects.toThrow(/revoke|connect/);
      await expect(deployer.request(make)).rejects.toThrow("path is already in use at database/");
      await expect(finishRemovalOfDatabaseEngine(deployer)).rejects.toThrow("Vault refused DELETE");
      await database.restart();
      expect(await finishRemovalOfDatabaseEngine(deployer)).toBe(true);
      await deployer.request(make);
      expect(await finishRemovalOfDatabaseEngine(deployer)).toBe(false);
      await deployer.logOut();
    });
  });
