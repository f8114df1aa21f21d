/** The path on the VM of the table below. apply-user-data reads it. */
export const UNITS_FILE = "/etc/vault-vm/units.json";

/** A systemd unit of the user data. Its unit file and drop-ins belong to it without being listed. */
export interface ManagedUnit {
  readonly name: string;
  /** True if the boot starts it. */
  readonly enabled: boolean;
  /**
   * The effect of a change of its own files or of files it reads. `nothing`: the change takes effect at the unit's next start.
   * `restart` runs a oneshot unit again.
   */
  readonly onChange: "restart" | "nothing";
  /** The inputs that it reads at its start: files, or variables of an environment file as `/path#NAME`. */
  readonly reads: readonly string[];
}

/** The effects of all changes to a VM's user data. */
export interface ManagedFiles {
  /** The units in the order of their restarts after a change. A unit that installs a program comes before the units that run it. */
  readonly units: readonly ManagedUnit[];
  /** Files that take effect by themselves, because their readers open them at each use. Variables as `/path#NAME`. */
  readonly readAtEachUse: readonly string[];
}

/** Units and files that both kinds of VM have. */
export const COMMON: ManagedFiles = {
  units: [
    // It cannot restart itself. The next run is the new program.
    { name: "apply-user-data.service", enabled: false, onChange: "nothing", reads: [] },
    { name: "apply-user-data.timer", enabled: true, onChange: "restart", reads: [] },
    installed("vault", "hashicorp.asc"),
  ],
  readAtEachUse: [
    "/etc/apt/apt.conf.d/52vault-vm",
    "/usr/local/lib/vault-vm/http.sh",
    "/usr/local/lib/vault-vm/managed-identity.sh",
    "/usr/local/sbin/apply-user-data",
    "/usr/local/sbin/azure-key-vault",
    UNITS_FILE,
  ],
};

/** The unit that installs a program from its release. */
export function installed(name: string, keyring: string): ManagedUnit {
  return {
    name: `${name}-install.service`,
    enabled: true,
    onChange: "restart",
    reads: [
      "/usr/local/sbin/install-release",
      `/etc/vault-vm/${name}-release.env`,
      `/usr/local/share/keyrings/${keyring}`,
    ],
  };
}

/** The input of a unit that runs such a program. The unit restarts once the installing unit has ended. */
export const versionOf = (name: string): string => `/etc/vault-vm/${name}-release.env#RELEASE_VERSION`;

/** Names of the units that first boot enables and starts. */
export function enabledUnits({ units }: ManagedFiles): string[] {
  return units.filter(({ enabled }) => enabled).map(({ name }) => name);
}

export function unitsJson({ units }: ManagedFiles): string {
  return `${JSON.stringify({ units }, null, 1)}\n`;
}
