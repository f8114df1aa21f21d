import { readdirSync, readFileSync, statSync } from "node:fs";
import type { FaultAnswer } from "../../../sandbox/azure/server/request-faults";
import type { AzureRequest } from "../../../sandbox/azure/server/service";
import { itTakesLong, longTests } from "../../long-tests";
import { firstBootsLog } from "./audit-log";
import {
  bootToTheEnd,
  FIRST_BOOT,
  initsIn,
  localConnection,
  outputFromNow,
  recoveryKeysWork,
  replaceDataDisk,
  steps,
  storedKeySets,
  untilFirstBootEnds,
  untilSaid,
  VAULT,
} from "./first-boots";
import { leaveHalfMadeAuditDevice } from "./half-made-audit-device";
import type { RunningSandbox } from "./running-sandbox";

const count = (text: string, part: string): number => text.split(part).length - 1;

/** @param running a system with Vault, whose data disk the tests replace */
export const interruptedFirstBoots = (running: RunningSandbox): void =>
  describe("First boot, interrupted,", () => {
    beforeAll(() => {
      // On Azure there are 2 seconds between two tries.
      running.sandbox.vault.environment["POLL_SECONDS"] = "0.2";
    });
    afterEach(() => running.sandbox.azure.faults.clear());
    const vm = () => running.sandbox.vault;

    /** Expects that first boot is complete, Vault works, and no temporary file remains. */
    async function expectComplete(): Promise<void> {
      await untilFirstBootEnds(vm());
      expect(readdirSync(vm().path("/run/vault-first-boot"))).toEqual([]);
      expect(await recoveryKeysWork(running.sandbox)).toBe(true);
      await (await running.deployer()).logOut();
    }

    it("completes after a kill directly after each of its steps, and stores one set of keys", async () => {
      await replaceDataDisk(vm());
      const before = storedKeySets(running.sandbox);
      const said = outputFromNow(vm(), FIRST_BOOT);
      const vaultSaid = outputFromNow(vm(), VAULT);
      await vm().boot();
      let kills = 0;
      // The last step is its own end. A kill right before it may come when the state is complete already, and then no run says so.
      const interrupted = steps.slice(0, -1);
      for (const step of interrupted) {
        await untilSaid(said, step);
        // First boot may end right after the last of these steps.
        if (vm().pid(FIRST_BOOT) === undefined) continue;
        vm().kill(FIRST_BOOT, "SIGKILL");
        kills += 1;
      }
      await expectComplete();
      expect(kills).toBeGreaterThanOrEqual(interrupted.length - 1);
      // On a busy machine, the kill after the proof may come while Vault already creates the keys, which nobody has seen then.
      const lost = count(said(), "SESSION LOST");
      // It may also come just before Vault has created them. Then there is nothing to lose.
      const remains = count(said(), "Its remains hold no data");
      expect(lost + remains).toBeLessThanOrEqual(1);
      expect([count(said(), "init: done"), initsIn(vaultSaid()), count(said(), "ERASED")]).toEqual([
        1,
        1 + lost,
        lost + remains,
      ]);
      expect(storedKeySets(running.sandbox)).toHaveLength(before.length + 1);
    });

    it("restarts a Vault that has an audit device which it does not list, as an interrupted request leaves it", async () => {
      await replaceDataDisk(vm());
      const said = outputFromNow(vm(), FIRST_BOOT);
      await vm().boot();
      await untilSaid(said, "root token: the initial one is revoked");
      await vm().stop(FIRST_BOOT);
      const kept = readdirSync(vm().path("/run/vault-first-boot"));
      expect(kept).toContain("working");
      const modes = kept.map((name) => statSync(vm().path(`/run/vault-first-boot/${name}`)).mode & 0o777);
      expect(modes).toEqual(kept.map(() => 0o600));
      const session = readFileSync(vm().path("/run/vault-first-boot/working"), "utf8");
      const [, token = ""] = /X-Vault-Token: (\S+?)"/.exec(session) ?? [];
      await leaveHalfMadeAuditDevice(localConnection(running.sandbox), token, {
        name: "first-boot",
        file: vm().path(firstBootsLog),
      });
      await vm().start(FIRST_BOOT);
      await expectComplete();
      expect(said()).toContain("it starts again");
      const deployer = await running.deployer();
      expect(await deployer.read("sys/audit")).toHaveProperty("first-boot/");
      await deployer.logOut();
    });

    itTakesLong(
      "starts again after a kill while Vault creates the keys, which nobody has seen then",
      async () => {
        await replaceDataDisk(vm());
        const before = storedKeySets(running.sandbox);
        const said = outputFromNow(vm(), FIRST_BOOT);
        const vaultSaid = outputFromNow(vm(), VAULT);
        await vm().boot();
        await untilSaid(vaultSaid, "core: security barrier initialized");
        vm().kill(FIRST_BOOT, "SIGKILL");
        await expectComplete();
        expect([count(said(), "SESSION LOST"), initsIn(vaultSaid())]).toEqual([1, 2]);
        expect(storedKeySets(running.sandbox)).toHaveLength(before.length + 1);
      },
    );

    itTakesLong(
      "starts again after a reboot before it is complete, and continues after a reboot when it is complete",
      async () => {
        await replaceDataDisk(vm());
        await vm().boot();
        // A reboot leaves only the state on disk and Vault's storage. These steps differ in one of the two.
        const reached = [
          "proof: the recovery keys can be written",
          "init: done",
          "recovery keys: stored",
          "logins: the mounts exist",
          "access: deployers and recovery key readers may log in",
        ];
        let said = outputFromNow(vm(), FIRST_BOOT);
        for (const step of reached) {
          await untilSaid(said, step);
          await vm().reboot();
          said = outputFromNow(vm(), FIRST_BOOT);
        }
        await untilSaid(said, "vault-first-boot: complete");
        expect(said()).toContain("ERASED");
        said = outputFromNow(vm(), FIRST_BOOT);
        await vm().reboot();
        await expectComplete();
        expect(said()).not.toContain("ERASED");
      },
    );

    /** Matches the first request of each kind, and the third write of a secret, which contains the keys. */
    function firstOfEachKind(): (request: AzureRequest) => boolean {
      const asked = new Map<string, number>();
      return ({ caller, service, host, method, path }) => {
        if (caller !== vm().name || !host.includes(".vault.")) return false;
        const kind = `${service} ${method} ${path.replace(/\/[0-9a-f]{32}/, "")}`;
        const before = asked.get(kind) ?? 0;
        asked.set(kind, before + 1);
        return before === 0 || (method === "PUT" && before === 2);
      };
    }

    const refused: FaultAnswer = { status: 403, code: "Forbidden" };
    const byTurns: FaultAnswer[] = [{ status: 429, retryAfter: 1 }, { status: 500 }, { drop: true }];
    /** In the long form, each request meets two kinds of answers. */
    const alone: [string, FaultAnswer[]][] = [["refuses each of its requests once", [refused]]];

    it.each<[string, FaultAnswer[]]>([
      ["throttles, fails, drops connections and refuses, in turn", [...byTurns, refused]],
      ...(longTests ? alone : []),
    ])("completes when Key Vault %s", async (_, answers) => {
      await replaceDataDisk(vm());
      const before = storedKeySets(running.sandbox);
      const isFirst = firstOfEachKind();
      let hits = 0;
      const { faults } = running.sandbox.azure;
      const addNext = (): void => {
        // Each fault hits once and starts the next, so that they take turns.
        const answer = answers[hits % answers.length];
        if (answer === undefined) return;
        const fault = faults.add({
          when: (request) => {
            if (!isFirst(request)) return false;
            hits += 1;
            queueMicrotask(() => {
              fault.remove();
              addNext();
            });
            return true;
          },
          answer,
        });
      };
      addNext();
      await bootToTheEnd(vm());
      // The certificate, the unseal key, wrap, unwrap, the proof and the keys.
      expect(hits).toBeGreaterThanOrEqual(6);
      faults.clear();
      await expectComplete();
      expect(storedKeySets(running.sandbox)).toHaveLength(before.length + 1);
    });

    itTakesLong("completes when Azure is slow", async () => {
      await replaceDataDisk(vm());
      const before = storedKeySets(running.sandbox);
      const when = ({ caller }: AzureRequest) => caller === vm().name;
      const fault = running.sandbox.azure.faults.add({ when, answer: { delayMs: 200 } });
      await bootToTheEnd(vm());
      expect(fault.hits).toBeGreaterThanOrEqual(10);
      fault.remove();
      await expectComplete();
      expect(storedKeySets(running.sandbox)).toHaveLength(before.length + 1);
    });
  });
