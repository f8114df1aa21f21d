import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../../../lib/processes/wait-for";
import type { Azure } from "../../../sandbox/azure/azure";
import type { Machine } from "../../../sandbox/machine/machine";
import { longTests } from "../../long-tests";
import {
  deadlineMs,
  FIRST_BOOT,
  listenersOf,
  openListeners,
  outputFromNow,
  replaceDataDisk,
  untilFirstBootEnds,
  untilSaid,
} from "../system/first-boots";
import type { VaultServerScene } from "./vault-server-scene";

/** @param scene a machine whose first boot is complete */
export const adoptedDisk = (scene: VaultServerScene): void =>
  describe("with a data disk that another system made", () => {
    let azure: Azure;
    let machine: Machine;
    beforeAll(() => {
      ({ azure, machine } = scene);
    });

    const state = () => machine.path("/var/lib/vault/first-boot");
    const tell = (firstBoot: "initialize" | "adopt") => {
      const file = machine.path("/etc/vault.d/vault.env");
      writeFileSync(file, readFileSync(file, "utf8").replace(/^FIRST_BOOT=.*$/m, `FIRST_BOOT=${firstBoot}`));
    };
    const keySets = () => azure.keyVault("kv-recovery").secretVersions("recovery-keys").length;

    const withNewState: [string, () => void, RegExp] = [
      "has the state of a new disk",
      () => writeFileSync(state(), "formatted\n"),
      /initialized, but not by this first boot/,
    ];
    it.each<[string, () => void, RegExp]>([
      [
        "has no state of first boot",
        () => rmSync(state()),
        /has no file .*first-boot, so its file system was not made/,
      ],
      ...(longTests ? [withNewState] : []),
    ])(
      "that contains a Vault and %s rejects it, on loopback, with a cure, and adopts it afterwards",
      async (_, spoil, said) => {
        const keys = keySets();
        await machine.powerOff();
        spoil();
        const output = outputFromNow(machine, FIRST_BOOT);
        await machine.boot();
        await untilSaid(output, "set vault.firstBoot to adopt in the environment file, and deploy");
        expect(output()).toMatch(said);
        expect(machine.isActive(FIRST_BOOT)).toBe(false);
        await machine.untilActive("vault.service", { deadlineMs });
        expect(listenersOf(machine)).toEqual(
          openListeners(machine).filter((it) => it.startsWith(`${machine.loopback}:`)),
        );
        tell("adopt");
        // The unit retries without help.
        await untilFirstBootEnds(machine);
        expect(readFileSync(state(), "utf8")).toBe("complete\n");
        tell("initialize");
        await machine.reboot();
        await untilFirstBootEnds(machine);
        expect(keySets()).toEqual(keys);
      },
    );

    /** Makes the front's first look at the state last until `letGo`. */
    const slowFront = () => {
      const [asked, answer] = [join(scene.folder.path, "asked"), join(scene.folder.path, "answer")];
      const program = join(scene.folder.path, "slow-condition");
      const dropIn = machine.path("/etc/systemd/system/haproxy.service.d");
      execFileSync("mkfifo", [answer]);
      writeFileSync(
        program,
        `grep -qx complete '${state()}'; complete=$?\n` +
          `if [ -p '${answer}' ]; then touch '${asked}'; read -r _ <'${answer}'; fi\nexit $complete\n`,
      );
      mkdirSync(dropIn);
      writeFileSync(
        join(dropIn, "slow.conf"),
        `[Service]\nExecCondition=\nExecCondition=/bin/sh ${program}\n`,
      );
      return {
        untilAsked: () => waitFor("the front to look at the state", () => existsSync(asked), { deadlineMs }),
        letGo: () => {
          writeFileSync(answer, "\n");
          rmSync(answer);
        },
      };
    };

    it("does not adopt it if it is new, and opens later, however slow the front is", async () => {
      tell("adopt");
      await replaceDataDisk(machine);
      const front = slowFront();
      const output = outputFromNow(machine, FIRST_BOOT);
      await machine.boot();
      await untilSaid(output, "vault.firstBoot is adopt, but the data disk holds no initialized Vault");
      expect(readFileSync(state(), "utf8")).toBe("formatted\n");
      await front.untilAsked();
      tell("initialize");
      // The unit retries without help.
      await untilSaid(output, "init: done");
      front.letGo();
      await untilFirstBootEnds(machine);
    });
  });
