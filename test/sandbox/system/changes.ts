import { readFileSync } from "node:fs";
import tls from "node:tls";
import type { Environment } from "../../../environments/schema";
import { waitFor } from "../../../lib/processes/wait-for";
import { VAULT_GO_MODULE } from "../../../lib/releases/vault-versions";
import { numbersOf } from "../../../lib/seeded-numbers";
import { VaultClient, VaultRefusal } from "../../../lib/vault-api/vault-client";
import type { Machine } from "../../../sandbox/machine/machine";
import { itTakesLong } from "../../long-tests";
import { programOnPath } from "../../program-on-path";
import { vaultThere } from "../programs-there";
import { otherVault } from "../vault/other-vault";
import { Load } from "./load";
import type { RunningSandbox } from "./running-sandbox";
import { connectTo } from "./vault-caller";

const APPLY = "apply-user-data.service";
const ada = { name: "Ada", objectId: "00000000-0000-4000-8000-00000000000a", type: "User" } as const;
const grace = { name: "Grace", objectId: "00000000-0000-4000-8000-00000000000b", type: "User" } as const;
const names = (people: readonly { objectId: string }[], person: { objectId: string }): boolean =>
  people.some(({ objectId }) => objectId === person.objectId);

const management = "https://management.core.windows.net/";

const edited = (environment: Environment, edit: (copy: Environment) => void): Environment => {
  const copy = structuredClone(environment);
  edit(copy);
  return copy;
};

/** The second build of the same Vault must be of the same kind as the running one. */
const noOtherVault = !programOnPath("go")
  ? "Go is not installed"
  : vaultThere()?.includes(`vault_${VAULT_GO_MODULE}_`)
    ? undefined
    : `the Vault that is there is not the build of ${VAULT_GO_MODULE}`;

export const changes = (running: RunningSandbox): void =>
  describe("An edit of the environment, deployed to a system under load", () => {
    /** The current content of the file. Each test edits it further. */
    let environment: Environment;
    let load: Load;
    beforeAll(async () => {
      ({ environment } = running.sandbox);
      load = await Load.start(running.sandbox);
    }, 120_000);
    afterAll(async () => {
      await load?.stop();
      // Each VM has reported the version of its last change.
      for (const machine of machines()) {
        const applied = readFileSync(machine.path("/var/lib/vault-vm/applied"), "utf8").trim();
        expect(machine.output(APPLY)).toContain(`user-data ${applied.slice(0, 12)}: applied`);
      }
      console.info(`${load.sent} requests, ${load.retried} sent twice`);
    });

    /** Makes one edit and one deployment. Expects that no request fails twice, and that each VM reports the end. */
    async function deploy(
      edit: (copy: Environment) => void,
      options: Parameters<typeof running.sandbox.redeploy>[1] = {},
    ): Promise<void> {
      environment = edited(environment, edit);
      const before = { sent: load.sent, failures: load.failures.length };
      await running.sandbox.redeploy(environment, options);
      await waitFor("requests after the change", () => load.sent > before.sent + 20, { deadlineMs: 60_000 });
      expect(load.failures.slice(before.failures)).toEqual([]);
    }

    const machines = (): Machine[] => [running.sandbox.vault, ...running.sandbox.agents.values()];
    const invocations = () =>
      Object.fromEntries(
        ["vault.service", "vault-access.service", "haproxy.service"].map((unit) => [
          unit,
          running.sandbox.vault.pid(unit),
        ]),
      );
    /** The first token of each person. It stays valid when the environment no longer names the person. */
    const tokens = new Map<string, string>();
    const logIn = async (objectId: string, mount = "deployer", role = "deployer"): Promise<string> => {
      const jwt = tokens.get(objectId) ?? running.sandbox.azure.tokenForPerson(objectId, management);
      tokens.set(objectId, jwt);
      const client = new VaultClient(running.sandbox.vaultConnection());
      try {
        await client.request({ method: "POST", path: `auth/${mount}/login`, body: { role, jwt } });
        return "let in";
      } catch (error) {
        if (error instanceof VaultRefusal) return "refused";
        throw error;
      } finally {
        client.close();
      }
    };

    /** Adds those who are not there yet. */
    const addsPeople = ({ deployers, recoveryKeyReaders }: Environment): void => {
      if (!names(deployers, ada)) deployers.push(ada);
      if (!names(recoveryKeyReaders, grace)) recoveryKeyReaders.push(grace);
    };

    describe("that adds people", () => {
      let before: ReturnType<typeof invocations>;
      beforeAll(async () => {
        before = invocations();
        await deploy(addsPeople);
      }, 240_000);

      it("lets a deployer log in, and a recovery key reader", async () => {
        expect(await logIn(ada.objectId)).toBe("let in");
        expect(await logIn(grace.objectId, "recovery", "recovery-key-reader")).toBe("let in");
      });

      it("restarts nothing", () => {
        expect(invocations()).toEqual(before);
      });
    });

    describe("that removes a deployer, raises the TLS version, and names another database role", () => {
      let before: { offersTls12: boolean; user: string };
      beforeAll(async () => {
        if (!names(environment.deployers, ada)) await deploy(addsPeople);
        expect(await logIn(ada.objectId)).toBe("let in");
        before = { offersTls12: await offersTls12(), user: await databaseUser() };
        await deploy((it) => {
          it.deployers = it.deployers.filter(({ objectId }) => objectId !== ada.objectId);
          it.vault.minTlsVersion = "1.3";
          for (const group of it.agentVms) group.databaseRole = "long";
        });
      }, 240_000);

      it("refuses the deployer", async () => {
        expect(await logIn(ada.objectId)).toBe("refused");
      });

      it("changes the listener", async () => {
        expect([before.offersTls12, await offersTls12()]).toEqual([true, false]);
      });

      it("makes the agent request credentials of the other role", async () => {
        await waitFor("credentials of the other role", async () => (await databaseUser()) !== before.user, {
          deadlineMs: 60_000,
        });
        expect(await databaseUser()).toMatch(/long/);
      });
    });

    const offersTls12 = async (): Promise<boolean> => {
      const { sandbox } = running;
      const socket = await connectTo(sandbox);
      return new Promise((resolve) => {
        const ca = readFileSync(sandbox.vaultCertificateFile);
        const servername = new URL(sandbox.vaultAddress).hostname;
        tls
          .connect({ socket, servername, ca, maxVersion: "TLSv1.2" }, () => resolve(true))
          .once("error", () => resolve(false));
      });
    };

    const databaseUser = async (): Promise<string> => {
      const [agent] = [...running.sandbox.agents.values()];
      const file = agent?.path("/ramdisk/app/config.json") ?? "";
      return JSON.parse(readFileSync(file, "utf8")).database.user as string;
    };

    (noOtherVault ? it.skip : itTakesLong)(
      `runs another version of Vault${noOtherVault ? ` (skipped: ${noOtherVault})` : ""}`,
      async () => {
        const { path, says } = await otherVault();
        await deploy(() => {}, { vault: { path, version: "1.21.1" } });
        const client = await running.deployer();
        expect((await client.read("sys/health"))?.["version"]).toBe(says);
        await client.logOut();
      },
      3_600_000,
    );

    itTakesLong(
      "arrives even if apply-user-data is killed at random moments",
      async () => {
        const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
        const random = numbersOf(seed);
        console.info(`seed ${seed}`);
        for (let round = 1; round <= 20; round++) {
          let killed = 0;
          await deploy(
            (it) => {
              const there = names(it.deployers, ada);
              it.deployers = there
                ? it.deployers.filter(({ objectId }) => objectId !== ada.objectId)
                : [...it.deployers, ada];
              it.vault.minTlsVersion = it.vault.minTlsVersion === "1.2" ? "1.3" : "1.2";
            },
            {
              apply: async (machine) => {
                const first = machine.run(APPLY);
                await new Promise((done) => setTimeout(done, Math.floor(random() * 3000)));
                if (machine.pid(APPLY) !== undefined) {
                  machine.kill(APPLY, "SIGKILL");
                  killed++;
                }
                await first;
                const { code, output } = await machine.run(APPLY);
                expect({ seed, round, code, output: code === 0 ? "" : output }).toEqual({
                  seed,
                  round,
                  code: 0,
                  output: "",
                });
              },
            },
          );
          console.info(`round ${round}: ${killed} kills`);
          const there = names(environment.deployers, ada);
          expect([seed, round, await logIn(ada.objectId)]).toEqual([
            seed,
            round,
            there ? "let in" : "refused",
          ]);
        }
      },
      3_600_000,
    );
  });
