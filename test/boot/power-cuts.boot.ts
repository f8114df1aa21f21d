import { createHash } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import * as fc from "fast-check";
import { waitFor } from "../../lib/processes/wait-for";
import { DATA_DISK_SERIAL, makeDisk } from "../../sandbox/guest/deployed-guest";
import { BOOT_MS, BootScene, SOON_MS } from "./scene";
import { journalOf, stateOf } from "./systemd";
import { WaitingVault } from "./waiting-vault";

jest.setTimeout(BOOT_MS);

/** The number of power cuts during first boot: BOOT_TEST_POWER_CUTS. The nightly run uses more. */
const CUTS = Number(process.env.BOOT_TEST_POWER_CUTS ?? 3);
/** The same seed cuts the power at the same moments. */
const SEED = Number(process.env.BOOT_TEST_SEED ?? Date.now() % 1_000_000);
/** The moment of each power cut, in millionths of first boot's duration. */
const moments = fc.sample(fc.noBias(fc.integer({ min: 0, max: 1_000_000 })), { seed: SEED, numRuns: CUTS });

describe("A data disk", () => {
  let scene: BootScene;
  let waiting: WaitingVault;
  let firstBootMs: number;
  let firstUuid: string;

  const output = (script: string) => waiting.vm.output(script);
  const uuid = () =>
    output(`blkid --output value --match-tag UUID /dev/disk/azure/scsi1/${DATA_DISK_SERIAL}`);

  beforeAll(async () => {
    scene = await BootScene.open(process.env.ENVIRONMENT ?? "demo");
    scene.progress.line(`The moments of the power cuts come from BOOT_TEST_SEED=${SEED}.`);
    waiting = await WaitingVault.boot(scene);
  }, 2 * BOOT_MS);

  afterEach(() => waiting.vm.cutPower());
  afterAll(() => scene?.close(), SOON_MS);

  it("that arrives after the start gets a file system and a Vault", async () => {
    await waiting.start();
    const attached = Date.now();
    await waiting.attach(scene.dataDisk("first"));
    await waiting.untilFirstBootIsComplete();
    firstBootMs = Date.now() - attached;
    firstUuid = await uuid();
    expect(await output("cat /var/lib/vault/first-boot")).toBe("complete");
  });

  it("works unchanged in another VM: no second file system, no second Vault", async () => {
    await waiting.start();
    await waiting.attach(scene.dataDisk("first"));
    await waiting.untilDeployerLogsIn();
    expect(await uuid()).toBe(firstUuid);
    expect(await journalOf(waiting.vm, "vault.service", 2_000)).not.toContain("security barrier initialized");
  });

  it("that does not come in time is reported, and starts Vault when it comes", async () => {
    await waiting.start();
    // The user data's deadline, shorter.
    await output(`
      folder=/run/systemd/system/$(systemd-escape --path --suffix=device /dev/disk/azure/scsi1/${DATA_DISK_SERIAL}).d
      mkdir -p $folder && printf '[Unit]\nJobTimeoutSec=5s\n' >$folder/zz.conf
      systemctl daemon-reload && systemctl cancel
      systemctl start --no-block vault.service vault-first-boot.service vault-access.service`);
    await waitFor(
      "vault-data-missing.service to fail",
      async () => (await stateOf(waiting.vm, "vault-data-missing.service")) === "failed",
      { deadlineMs: SOON_MS, intervalMs: 3_000 },
    );
    expect(await journalOf(waiting.vm, "vault-data-missing.service")).toMatch(
      /The data disk did not appear within 30 minutes/,
    );
    await waiting.attach(scene.dataDisk("late"));
    await waiting.untilFirstBootIsComplete();
  });

  it("with other content does not change", async () => {
    const disk = scene.dataDisk("foreign");
    await makeDisk(disk);
    const file = await open(disk, "r+");
    await file.write("a database's own format");
    await file.close();
    const before = await digestOfStart(disk);
    await waiting.start();
    await waiting.attach(disk);
    await waitFor(
      "vault-data-format.service to fail",
      async () => (await stateOf(waiting.vm, "vault-data-format.service")) === "failed",
      { deadlineMs: SOON_MS, intervalMs: 3_000 },
    );
    expect(await journalOf(waiting.vm, "vault-data-format.service")).toMatch(/is not empty/);
    expect(await stateOf(waiting.vm, "vault.service")).not.toBe("active");
    expect(await stateOf(waiting.vm, "var-lib-vault.mount")).not.toBe("active");
    await waiting.vm.cutPower();
    expect(await digestOfStart(disk)).toBe(before);
  });

  it.each(moments.map((millionths, index) => [index + 1, millionths] as const))(
    "survives a power cut at a random moment of first boot, and the next VM completes it (%i)",
    async (number, millionths) => {
      const disk = scene.dataDisk(`cut-${number}`);
      await waiting.start();
      await waiting.attach(disk);
      const moment = Math.floor((millionths / 1_000_000) * firstBootMs);
      await delay(moment); // the nemesis: no condition, any moment
      const said = await waiting.vm.output(
        "journalctl --boot --quiet --no-pager --output cat --unit vault-first-boot | tail -1",
      );
      await waiting.vm.cutPower();
      scene.progress.line(
        `Power cut ${number}: ${moment} ms after the disk arrived. First boot's last log line: ${said}`,
      );
      await waiting.start();
      await waiting.attach(disk);
      await waiting.untilFirstBootIsComplete();
      expect(await output("cat /var/lib/vault/first-boot")).toBe("complete");
      expect(await output("ls -A /run/vault-first-boot")).toBe("");
      await waiting.vm.cutPower();
      await rm(disk);
    },
  );
});

/** Digests the first 64 MB, where every file system starts. */
async function digestOfStart(disk: string): Promise<string> {
  const file = await open(disk);
  try {
    const { buffer } = await file.read(Buffer.alloc(64 * 1024 * 1024), 0, 64 * 1024 * 1024, 0);
    return createHash("sha256").update(buffer).digest("hex");
  } finally {
    await file.close();
  }
}
