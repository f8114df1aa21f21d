import { waitFor } from "../../lib/processes/wait-for";
import { BOOT_MS, BootScene, SOON_MS } from "./scene";
import { WaitingVault } from "./waiting-vault";

jest.setTimeout(BOOT_MS);

/**
 * A security update that requires a restart, as apt and unattended-upgrades see one. Version 1.0 is installed, and
 * 2.0 is in the image's repository. The repository has the fields of Ubuntu's repository of security updates.
 */
const publishUpdate = `
  set -e
  cd /srv/apt
  for version in 1.0 2.0; do
    mkdir -p build/DEBIAN
    printf 'Package: boot-test-update\\nVersion: %s\\nArchitecture: all\\nMaintainer: nobody <nobody@example.com>\\nDescription: update of a test\\n' $version >build/DEBIAN/control
    printf '#!/bin/sh\\n[ "$2" = "" ] || touch /run/reboot-required\\n' >build/DEBIAN/postinst
    chmod 0755 build/DEBIAN/postinst
    dpkg-deb --root-owner-group --build build boot-test-update_$version.deb
  done
  rm -r build
  dpkg --install boot-test-update_1.0.deb
  deb=boot-test-update_2.0.deb
  { dpkg-deb --field $deb; printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' $deb $(stat --format %s $deb) $(sha256sum <$deb | cut -d ' ' -f 1); } >>Packages
  . /etc/os-release
  codename=$VERSION_CODENAME
  printf 'Origin: %s\\nLabel: %s\\nSuite: %s-security\\nCodename: %s\\nArchitectures: amd64\\nSHA256:\\n %s %s Packages\\n' \\
    "$(dpkg-vendor --query Vendor 2>/dev/null || echo Ubuntu)" Ubuntu $codename $codename $(sha256sum <Packages | cut -d ' ' -f 1) $(stat --format %s Packages) >Release`;

/** A timer that is overdue after the clock moved waits a new random delay, up to an hour, or up to 12 hours for apt's. */
const withoutDelays = `
  for timer in vault-certificate vault-restore-drill apt-daily apt-daily-upgrade; do
    mkdir -p /run/systemd/system/$timer.timer.d
    printf '[Timer]\\nRandomizedDelaySec=0\\n' >/run/systemd/system/$timer.timer.d/at-once.conf
  done
  systemctl daemon-reload`;

describe("The clock of Vault's VM", () => {
  let scene: BootScene;
  let waiting: WaitingVault;

  const output = (script: string) => waiting.vm.output(script);
  const setClock = (when: string) => output(`date --set='${when}'`);
  const setClockRight = () => setClock(`@${Math.floor(Date.now() / 1000)}`);
  const soon = { deadlineMs: SOON_MS, intervalMs: 5_000 };

  beforeAll(async () => {
    scene = await BootScene.open(process.env.ENVIRONMENT ?? "demo");
    waiting = await WaitingVault.boot(scene);
    await waiting.start();
    await waiting.attach(scene.dataDisk("timers"));
    await waiting.untilFirstBootIsComplete();
    await output(withoutDelays);
  }, 2 * BOOT_MS);

  afterAll(() => scene?.close(), SOON_MS);

  it("brings a renewed certificate to Vault within the hour, without a restart", async () => {
    const main = () => output("systemctl show --property MainPID --value vault.service");
    const before = await main();
    const served = await output("cat /run/vault-tls/served");
    await scene.renewVaultCertificate();
    // The timer's hour, and the 15 minutes until Vault serves a new certificate.
    await setClock("1 hour 15 minutes");
    await waitFor(
      "Vault to serve the renewed certificate",
      async () => (await output("cat /run/vault-tls/served")) !== served,
      soon,
    );
    expect(await main()).toBe(before);
    await setClockRight();
  });

  it("tries each day whether the newest snapshot can be restored", async () => {
    await output("systemctl start vault-snapshot.service");
    await setClock("tomorrow 00:01");
    await waitFor(
      "the drill to begin",
      async () =>
        (await output(
          "systemctl show --property=InactiveExitTimestampMonotonic --value vault-restore-drill",
        )) !== "0",
      soon,
    );
    // The second Vault compares the times in Azure's tokens with the VM's clock.
    await setClockRight();
    await waitFor(
      "the report of the drill",
      async () =>
        /vault-restore \S+ for timer: drill passed; mounts since the snapshot: none/.test(
          await waiting.vm.console(),
        ),
      soon,
    );
    expect(await output("ls -A /var/lib/vault-drill")).toBe("");
  });

  it("installs a security update automatically, and restarts at the environment's time", async () => {
    await output(publishUpdate);
    // apt's timers may have run while the other tests moved the clock. Then apt does nothing for a day.
    await output("rm --force /var/lib/apt/periodic/*");
    // For apt-daily.timer.
    await setClock("tomorrow 18:30");
    await waitFor(
      "apt to know the update",
      async () => (await output("apt-cache policy boot-test-update")).includes("Candidate: 2.0"),
      soon,
    );
    // For apt-daily-upgrade.timer.
    await setClock("tomorrow 07:30");
    await waitFor(
      "the update to be installed",
      async () => (await output("dpkg-query --show boot-test-update")).endsWith("2.0"),
      { deadlineMs: BOOT_MS, intervalMs: 5_000 },
    );
    const scheduled = await waitFor(
      "a restart to be scheduled",
      async () =>
        // Until then there is no such file.
        /^\d+$/m.exec(
          (await waiting.vm.run("sed -n 's/^USEC=//p' /run/systemd/shutdown/scheduled")).output,
        )?.[0],
      soon,
    );
    const time = new Date(Number(scheduled) / 1000).toISOString().slice(11, 16);
    expect(time).toBe(scene.environment.vault.automaticRebootTime);
    const boot = await output("cat /proc/sys/kernel/random/boot_id");
    await setClock(`@${Math.floor(Number(scheduled) / 1_000_000) - 2}`);
    await waitFor(
      "another boot",
      async () => (await waiting.vm.run("cat /proc/sys/kernel/random/boot_id")).output.trim() !== boot,
      { deadlineMs: BOOT_MS, intervalMs: 5_000 },
    );
  });
});
