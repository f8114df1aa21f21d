import { readdirSync, rmSync } from "node:fs";
import { waitFor } from "../../../lib/processes/wait-for";
import type { FaultAnswer } from "../../../sandbox/azure/server/request-faults";
import { itTakesLong, longTests } from "../../long-tests";
import { describeWithVault } from "../programs-there";
import { certificateRenewal } from "./certificate-renewal";
import { firstBoot, type Watched, watchedFirstBoot } from "./first-boot";
import { deadlineMs, FIRST_BOOT, outputFromNow, storedKeySets, VAULT } from "./first-boots";
import { interruptedFirstBoots } from "./interrupted-first-boots";
import { DeployersUnsealKey } from "./key-vault-caller";
import { type RunningSandbox, useSandbox } from "./running-sandbox";

const policy = 'path "cubbyhole/kept" {\n  capabilities = ["read"]\n}\n';

/** Subjects that share one system, because its start takes longer than most of them. */
describeWithVault("On a VM:", () => {
  const running = useSandbox({ upTo: "azure" });
  let watched: Watched;
  beforeAll(async () => {
    watched = await watchedFirstBoot(running.sandbox);
  }, 180_000);
  firstBoot(running, () => watched);
  certificateRenewal(running);
  restarts(running);
  interruptedFirstBoots(running);
});

function restarts(running: RunningSandbox): void {
  describe("Vault", () => {
    let keys: string[];
    let said: Record<"vault" | "firstBoot", () => string>;
    beforeAll(async () => {
      // On Azure there are 2 seconds between two tries.
      vm().environment["POLL_SECONDS"] = "0.2";
      keys = storedKeySets(running.sandbox);
      said = { vault: outputFromNow(vm(), VAULT), firstBoot: outputFromNow(vm(), FIRST_BOOT) };
      const deployer = await running.deployer();
      await deployer.request({ method: "PUT", path: "sys/policies/acl/workload-kept", body: { policy } });
      await deployer.request({ method: "POST", path: "sys/mounts/transit", body: { type: "transit" } });
      await deployer.request({ method: "POST", path: "transit/keys/kept", body: {} });
    }, 180_000);
    const vm = () => running.sandbox.vault;
    const health = () => running.client().request({ method: "GET", path: "sys/health" });

    type Way = [string, () => Promise<unknown>];
    const ways: Way[] = [
      ["a kill -9", async () => vm().kill(VAULT, "SIGKILL")],
      [
        "a power-off",
        () =>
          vm()
            .powerOff()
            .then(() => vm().boot()),
      ],
    ];
    /** Several tests below restart Vault or reboot its VM, too. */
    const otherWays: Way[] = [
      [
        "a stop and a start",
        () =>
          vm()
            .stop(VAULT)
            .then(() => vm().start(VAULT)),
      ],
      ["a reboot", () => vm().reboot()],
      ["a restart", () => vm().restart(VAULT)],
    ];
    const allWays = [...ways, ...otherWays];
    /** The second time differs only in the state that the first one leaves. */
    const rounds = (longTests ? [...allWays, ...allWays] : ways).map(
      ([name, disturb], index) => [index + 1, name, disturb] as const,
    );

    it.each(rounds)("(%i) is unsealed and active again, with its data, after %s", async (_, __, disturb) => {
      const pid = vm().pid(VAULT);
      await disturb();
      await waitFor("another process", () => ![pid, undefined].includes(vm().pid(VAULT)), { deadlineMs });
      await running.untilActive();
      const deployer = await running.deployer();
      expect(await deployer.read("sys/policies/acl/workload-kept")).toMatchObject({ policy });
      expect(await deployer.read("transit/keys/kept")).toMatchObject({ name: "kept", latest_version: 1 });
      await deployer.logOut();
    });

    // Below, Key Vault is overloaded when it must return the certificate, and Entra cannot be reached.
    const otherOutages: [string, FaultAnswer][] = [
      ["cannot be reached", { drop: true }],
      ["is overloaded", { status: 503 }],
    ];
    it.each<[string, FaultAnswer]>([
      ["refuses", { status: 403, code: "Forbidden" }],
      ...(longTests ? otherOutages : []),
    ])(
      "waits while Key Vault %s at its start, and becomes active afterwards without help",
      async (_, answer) => {
        const { faults } = running.sandbox.azure;
        const fault = faults.add({
          when: ({ caller, path }) => caller === vm().name && path.startsWith("/keys/"),
          answer,
        });
        const said = outputFromNow(vm(), VAULT);
        try {
          await vm().reboot();
          await waitFor("Vault to request its key without success", () => fault.hits >= 2, { deadlineMs });
          const sealed = await health().then(
            (answered) => answered["sealed"],
            () => true,
          );
          expect(sealed).toBe(true);
        } finally {
          fault.remove();
        }
        await running.untilActive();
        expect(said()).toContain("core: unsealed with stored key");
      },
    );

    itTakesLong(
      "waits while the identity endpoint of its VM takes more than a second, says so, and becomes active afterwards without help",
      async () => {
        const fault = running.sandbox.azure.faults.add({
          when: ({ caller, host }) => caller === vm().name && host === "169.254.169.254",
          answer: { delayMs: 2_500 },
        });
        const said = outputFromNow(vm(), VAULT);
        try {
          await vm()
            .restart(VAULT)
            .catch(() => undefined);
          await waitFor("Vault's reason", () => said().includes("managed identity timed out"), {
            deadlineMs,
          });
        } finally {
          fault.remove();
        }
        await running.untilActive();
        await (await running.deployer()).logOut();
      },
    );

    it("also waits for its certificate, and never listens without it", async () => {
      const { faults } = running.sandbox.azure;
      const fault = faults.add({
        when: ({ caller, path }) => caller === vm().name && path.startsWith("/secrets/"),
        answer: { status: 503 },
      });
      await vm().reboot();
      await waitFor("the VM to request the certificate without success", () => fault.hits >= 2, {
        deadlineMs,
      });
      expect(vm().pid(VAULT)).toBeUndefined();
      fault.remove();
      await running.untilActive();
    });

    // --- docs/operations.md, "When something is broken" ---

    const isKept = async () => {
      const deployer = await running.deployer();
      expect(await deployer.read("transit/keys/kept")).toMatchObject({ name: "kept", latest_version: 1 });
      await deployer.logOut();
    };

    // rotation.test.ts disables a version of it.
    itTakesLong(
      "continues with a deleted unseal key until it restarts, and unseals itself when the key is recovered",
      async () => {
        const unsealKey = new DeployersUnsealKey(() => running.sandbox);
        await unsealKey.delete();
        try {
          await isKept();
          const said = outputFromNow(vm(), VAULT);
          await vm()
            .restart(VAULT)
            .catch(() => undefined);
          await waitFor(
            "Vault to look for its key without success",
            () => /vault-unseal|KeyNotFound/.test(said()),
            {
              deadlineMs,
            },
          );
          expect(vm().isActive(VAULT) && !(await health())["sealed"]).toBe(false);
        } finally {
          await unsealKey.recover();
        }
        await running.untilActive();
        await isKept();
      },
    );

    it("unseals itself while Entra is away, sessions continue, and new logins fail until it is back", async () => {
      const session = await running.deployer();
      const fault = running.sandbox.azure.faults.add({
        when: ({ host }) => /^(?:login\.microsoftonline\.com|sts\.windows\.net)$/.test(host),
        answer: { drop: true },
      });
      try {
        await running.restartVault();
        expect(await session.read("transit/keys/kept")).toMatchObject({ name: "kept" });
        await expect(running.deployer()).rejects.toThrow(
          /Vault refused POST auth\/deployer\/login|did not answer/,
        );
        expect(fault.hits).toBeGreaterThan(0);
      } finally {
        fault.remove();
      }
      await waitFor("a login", () => isKept().then(() => true), { deadlineMs });
      await session.logOut();
    });

    it("continues when its VM is gone, because a new VM attaches the data disk", async () => {
      await vm().powerOff();
      const state = vm().path("/var/lib");
      for (const name of readdirSync(state).filter((name) => name !== "vault"))
        rmSync(`${state}/${name}`, { recursive: true });
      rmSync(vm().path("/var/log/vault/first-boot-audit.log"), { force: true });
      await vm().boot();
      await running.untilActive();
      await isKept();
    });

    it("is never initialized again, and first boot has nothing to do", async () => {
      await vm().untilActive(FIRST_BOOT, { deadlineMs });
      expect(said.vault()).toContain("core: unsealed with stored key");
      expect(said.vault()).not.toContain("core: security barrier initialized");
      expect(said.firstBoot()).not.toMatch(/: complete$/m);
      expect(storedKeySets(running.sandbox)).toEqual(keys);
    });
  });
}
