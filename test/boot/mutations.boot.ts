import { readCloudConfig, textOf, type WriteFile } from "../../cloud-init/cloud-config";
import { waitFor } from "../../lib/processes/wait-for";
import { successes } from "./confinement";
import { BOOT_MS, BootScene, SOON_MS } from "./scene";
import { FIRST_BOOT, WaitingVault } from "./waiting-vault";

jest.setTimeout(BOOT_MS);

const UNITS = "/etc/systemd/system";

/** A mistake in the user data, which a check must find. */
interface Mutation {
  readonly mistake: string;
  readonly path: string;
  readonly text?: (text: string) => string;
  readonly file?: Partial<WriteFile>;
  /** A package to remove, as if the user data did not name it. */
  readonly withoutPackage?: string;
  readonly noticedBy: RegExp;
}

const line = (before: string | RegExp, after: string) => (text: string) => {
  const changed = text.replace(before, after);
  if (changed === text) throw new Error(`The mutation of ${before} changes nothing.`);
  return changed;
};

const notComplete = /first boot is not complete/;

const mutations: readonly Mutation[] = [
  {
    mistake: "Vault's program at another path",
    path: `${UNITS}/vault.service`,
    text: line("/usr/local/bin/vault server", "/usr/bin/vault server"),
    noticedBy: notComplete,
  },
  {
    mistake: "Vault without a writable folder",
    path: `${UNITS}/vault.service`,
    text: line(/^ReadWritePaths=.*\n/m, ""),
    noticedBy: notComplete,
  },
  {
    // Not Vault itself: the system's files are root's, so Vault's user cannot write them anyway.
    mistake: "deployers' access without a read-only system",
    path: `${UNITS}/vault-access.service`,
    text: line("ProtectSystem=strict\n", ""),
    noticedBy: /vault-access\.service may.*write a unit/,
  },
  {
    mistake: "first boot with the right to load kernel modules",
    path: `${UNITS}/vault-first-boot.service`,
    text: (text) =>
      text
        .replace("ProtectKernelModules=yes\n", "")
        .replace(/^SystemCallFilter=.*\n/m, "")
        .replace(/^CapabilityBoundingSet=.*$/m, "CapabilityBoundingSet=~"),
    noticedBy: /vault-first-boot\.service may.*load a kernel module/,
  },
  {
    mistake: "a mount of another file system",
    path: `${UNITS}/var-lib-vault.mount`,
    text: line("Type=ext4", "Type=xfs"),
    noticedBy: notComplete,
  },
  {
    mistake: "a mount that allows programs",
    path: `${UNITS}/var-lib-vault.mount`,
    text: line("noexec,", ""),
    noticedBy: /\/var\/lib\/vault is mounted/,
  },
  {
    mistake: "Vault's configuration with another owner",
    path: "/etc/vault.d/vault.hcl",
    file: { owner: "vault:vault" },
    noticedBy: /\/etc\/vault\.d\/vault\.hcl vault:vault/,
  },
  {
    mistake: "a program that is not executable",
    path: "/usr/local/sbin/vault-first-boot",
    file: { permissions: "0644" },
    noticedBy: notComplete,
  },
  {
    mistake: "a missing package",
    path: "/etc/vault.d/vault.hcl",
    withoutPackage: "jq",
    noticedBy: notComplete,
  },
  {
    mistake: "a missing setting",
    path: "/etc/vault.d/vault.env",
    text: line(/^RECOVERY_KEYS_SECRET_URL=.*\n/m, ""),
    noticedBy: notComplete,
  },
];

describe("A mistake in the user data of Vault's VM", () => {
  let scene: BootScene;
  let waiting: WaitingVault;

  beforeAll(async () => {
    scene = await BootScene.open(process.env.ENVIRONMENT ?? "demo");
    waiting = await WaitingVault.boot(scene);
  }, 2 * BOOT_MS);

  afterEach(() => waiting.vm.cutPower());
  afterAll(() => scene?.close(), SOON_MS);

  const files = () => readCloudConfig(scene.node.cloudConfig).write_files;

  /** Returns the VM's problems, measured against the user data without a mistake. */
  const problems = async (unit: string | undefined): Promise<string[]> => {
    const { vm } = waiting;
    const found: string[] = [];
    const state = await waitFor(
      "first boot to be complete, or a unit to fail again and again",
      () =>
        vm.output(`
        if [ "$(systemctl is-active ${FIRST_BOOT})" = active ]; then echo complete; exit; fi
        for unit in vault.service ${FIRST_BOOT}; do
          [ "$(systemctl show --property NRestarts --value $unit)" -lt 2 ] || echo $unit
        done
        systemctl list-units --failed --plain --no-legend | cut -d ' ' -f 1
        systemctl show --property Result --value var-lib-vault.mount | grep -v success || true`),
      { deadlineMs: SOON_MS, intervalMs: 3_000 },
    ).catch(() => "deadline");
    if (state !== "complete") return [`first boot is not complete: ${state}`];
    for (const { path, owner, permissions } of files()) {
      const is = await vm.output(`stat --format '%n %U:%G %a' ${path}`);
      if (is !== `${path} ${owner} ${permissions.replace(/^0/, "")}`) found.push(is);
    }
    const options = await vm.output("findmnt --noheadings --output OPTIONS /var/lib/vault");
    if (!/^rw,nosuid,nodev,noexec/.test(options)) found.push(`/var/lib/vault is mounted ${options}`);
    if (unit?.endsWith(".service")) {
      const { [unit]: all = [] } = await successes(vm, {
        [unit]: await vm.output(`cat ${UNITS}/${unit}`),
      });
      const bad = all.filter((attempt) => /write|load/.test(attempt));
      if (bad.length > 0) found.push(`${unit} may ${bad.join(", ")}`);
    }
    return found;
  };

  const apply = async ({ path, text, file, withoutPackage }: Mutation): Promise<void> => {
    const original = files().find((it) => it.path === path);
    if (!original) throw new Error(`The user data has no ${path}.`);
    const mutated = { ...original, ...file };
    const changed = (text ?? ((it: string) => it))(textOf(original));
    const content = Buffer.from(changed).toString("base64");
    // apply-user-data would correct the mistake.
    await waiting.vm.output(
      `systemctl stop apply-user-data.timer apply-user-data.service
       systemctl reset-failed
       echo ${content} | base64 --decode >${path} && chown ${mutated.owner} ${path} && chmod ${mutated.permissions} ${path}
       ${withoutPackage ? `dpkg --purge --force-depends ${withoutPackage}` : ""}
       systemctl daemon-reload`,
    );
  };

  it.each(mutations.map((mutation) => [mutation.mistake, mutation] as const))(
    "is noticed: %s",
    async (_, mutation) => {
      await waiting.start();
      await apply(mutation);
      await waiting.attach(scene.dataDisk(mutation.mistake.replaceAll(/\W+/g, "-")));
      const [, unit] = /\/([^/]+)$/.exec(mutation.path) ?? [];
      expect((await problems(unit)).join("\n")).toMatch(mutation.noticedBy);
    },
  );

  it("is not reported without one", async () => {
    await waiting.start();
    await waiting.attach(scene.dataDisk("no-mistake"));
    expect(await problems("vault.service")).toEqual([]);
  });
});
