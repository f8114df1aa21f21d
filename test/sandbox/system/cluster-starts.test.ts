import { setTimeout as delay } from "node:timers/promises";
import { loadEnvironment } from "../../../environments/load";
import { numbersOf } from "../../../lib/seeded-numbers";
import type { Machine } from "../../../sandbox/machine/machine";
import { describeLongWithVault } from "../programs-there";
import { untilNodesAreHealthy } from "./autopilot";
import { deadlineMs, FIRST_BOOT, initsIn, recoveryKeysWork, storedKeySets, VAULT } from "./first-boots";
import { useSandbox } from "./running-sandbox";

/** The number of starts. scripts/pipeline/long-tests sets CLUSTER_STARTS to 50. */
const starts = Number(process.env["CLUSTER_STARTS"] ?? 3);

/** Seconds. A node's first boot takes about three. */
const longestDelay = 6;
const veryLate = 60;
/** Of ten starts, one has a node that is a minute late. */
const withLateNode = 10;

const demo = loadEnvironment("demo");
const environment = { ...demo, vault: { ...demo.vault, nodes: 3 as const, publicAddress: false } };

/** Seconds: when a node boots, and how long after each boot it loses its power. */
interface Boot {
  readonly after: number;
  readonly powerCuts: readonly number[];
}

/** Draws the boots of the three nodes. In every third start, all nodes boot at once. */
function boots(start: number): readonly Boot[] {
  const random = numbersOf(start);
  random();
  const late = start % withLateNode === 0 ? Math.floor(random() * 3) : undefined;
  return [0, 1, 2].map((node) => {
    const powerCuts = Array.from({ length: Math.floor(random() * 3) }, () => random() * longestDelay);
    const after = random() * longestDelay;
    return { after: node === late ? veryLate : start % 3 === 0 ? 0 : after, powerCuts };
  });
}

const inWords = ({ after, powerCuts }: Boot): string =>
  `after ${[after, ...powerCuts].map((seconds) => seconds.toFixed(1)).join(" + ")} s`;

/** The first of the numbers is the boot, and each further one a power cut. cluster.test.ts starts one cluster, with attackers. */
describeLongWithVault("Three nodes with empty disks", () => {
  describe.each(Array.from({ length: starts }, (_, index) => index + 1))("at start %i,", (start) => {
    const drawn = boots(start);
    const running = useSandbox({
      environment,
      upTo: "azure",
      bootNode: async (node: Machine) => {
        const { after, powerCuts } = drawn[running.sandbox.vaultNodes.indexOf(node)] as Boot;
        await delay(after * 1000);
        await node.boot();
        for (const seconds of powerCuts) {
          await delay(seconds * 1000);
          await node.reboot();
        }
      },
    });

    it(`booted ${drawn.map(inWords).join(", ")}, become one cluster, whose newest recovery keys work`, async () => {
      const { sandbox } = running;
      await sandbox.startVault();
      await untilNodesAreHealthy(running, 3, deadlineMs);
      const inits = sandbox.vaultNodes.reduce((sum, node) => sum + initsIn(node.output(VAULT)), 0);
      const erased = sandbox.vault.output(FIRST_BOOT).split("ERASED").length - 1;
      // A power cut before the end of vault-1's first boot loses its root token. It then erases its Vault and begins again.
      expect(erased).toBeLessThanOrEqual(drawn[0]?.powerCuts.length ?? 0);
      expect(inits).toBeGreaterThanOrEqual(1);
      expect(inits).toBeLessThanOrEqual(1 + erased);
      const keySets = storedKeySets(sandbox).length;
      expect(keySets).toBeGreaterThanOrEqual(1);
      expect(keySets).toBeLessThanOrEqual(inits);
      expect(await recoveryKeysWork(sandbox)).toBe(true);
    });
  });
});
