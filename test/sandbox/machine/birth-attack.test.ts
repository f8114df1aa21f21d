import { rmSync } from "node:fs";
import { waitFor } from "../../../lib/processes/wait-for";
import { numbersOf } from "../../../lib/seeded-numbers";
import type { Machine } from "../../../sandbox/machine/machine";
import { describeWithVault } from "../programs-there";
import { FIRST_BOOT, outputFromNow, steps, untilOpen, VAULT } from "../system/first-boots";
import { Attackers } from "./attackers";
import { VaultServerScene } from "./vault-server-scene";

/** Number of first boots. scripts/pipeline/long-tests uses 200. */
const births = Number(process.env["BIRTHS"] ?? 1);
/** Seed of all random choices. BIRTH_SEED repeats a run. */
const seed = Number(process.env["BIRTH_SEED"] ?? Date.now() % 1_000_000);
const deadlineMs = 120_000;

/** A disturbance of a first boot, and the step after which it comes. */
interface Disturbance {
  readonly step: string;
  readonly what: "first boot is killed" | "Vault is killed" | "the machine is rebooted";
}

const isDisturbed = (birth: number): boolean => birth % 2 === 0;

/** Every second first boot is disturbed: it is killed once before it is complete, and other disturbances may come. */
function disturbancesOf(birth: number, random: () => number): Disturbance[] {
  if (!isDisturbed(birth)) return [];
  const certain = steps[Math.floor(random() * (steps.length - 1))];
  return steps.flatMap((step): Disturbance[] => {
    if (step === certain) return [{ step, what: "first boot is killed" }];
    if (random() >= 0.1) return [];
    const chance = random();
    const what =
      chance < 0.7 ? "first boot is killed" : chance < 0.85 ? "Vault is killed" : "the machine is rebooted";
    return [{ step, what }];
  });
}

async function disturb(machine: Machine, { step, what }: Disturbance): Promise<boolean> {
  const said = outputFromNow(machine, FIRST_BOOT);
  const isOver = () => machine.isActive(FIRST_BOOT);
  await waitFor(`"${step}"`, () => said().includes(step) || isOver(), { deadlineMs, intervalMs: 3 });
  if (isOver()) return false;
  if (what === "the machine is rebooted") await machine.reboot();
  else {
    const unit = what === "Vault is killed" ? VAULT : FIRST_BOOT;
    if (machine.pid(unit) === undefined) return false;
    machine.kill(unit, "SIGKILL");
  }
  return true;
}

describeWithVault("Only first boot reaches a new Vault", () => {
  const scene = new VaultServerScene();
  let machine: Machine;

  beforeAll(async () => {
    await scene.start();
    machine = scene.machine;
    // On Azure, there are 2 seconds between two tries.
    machine.environment["POLL_SECONDS"] = "0.2";
  }, deadlineMs);
  afterAll(() => scene.stop(), deadlineMs);

  it(
    `while clients try every address of its machine, in ${births} first boots, every second one disturbed (BIRTH_SEED=${seed})`,
    async () => {
      const random = numbersOf(seed);
      const attackers = new Attackers(machine, random);
      const { findings } = attackers;
      const refusals = () => findings.answers.get("PUT sys/init 400") ?? 0;
      let disturbed = 0;
      for (let birth = 0; birth < births; birth++) {
        const disturbances = disturbancesOf(birth, random);
        const triesBefore = findings.tries;
        let times = 0;
        attackers.start();
        await machine.boot();
        for (const disturbance of disturbances) if (await disturb(machine, disturbance)) times += 1;
        if (isDisturbed(birth)) {
          expect(times).toBeGreaterThan(0);
          // They tried before first boot was complete.
          expect(findings.tries - triesBefore).toBeGreaterThan(20);
        }
        disturbed += times;
        await machine.untilActive(FIRST_BOOT, { deadlineMs });
        const refused = refusals();
        await waitFor("the open Vault to refuse another initialization", () => refusals() > refused, {
          deadlineMs,
        });
        await attackers.stop();
        expect({ birth, disturbances, faults: findings.faults }).toEqual({ birth, disturbances, faults: [] });
        await untilOpen(machine);
        await machine.powerOff();
        rmSync(machine.path("/var/lib/vault"), { recursive: true });
      }
      const answers = [...findings.answers].map(([what, count]) => `${what}: ${count}`).sort();
      console.info(
        `${births} first boots, disturbed ${disturbed} times: ${findings.tries} tries, ${findings.connections} connections, all of them to a complete Vault; ${findings.looks} looks; ${answers.join(", ")}`,
      );
      expect(refusals()).toBeGreaterThanOrEqual(births);
      expect(findings.answers.has("PUT sys/init 200")).toBe(false);
    },
    births * 60_000,
  );
});
