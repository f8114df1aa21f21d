/** The table below, as it lands on the VM, where apply-user-data reads it. */
export const UNITS_FILE = "/etc/vault-vm/units.json";

/** A systemd unit that the user data brings. Its unit file and its drop-ins are its own; it need not name them. */
export interface ManagedUnit {
  readonly name: string;
  /** Whether the boot starts it. */
  readonly enabled: boolean;
  /**
   * What a change of its own files, or of what it reads, asks for. `nothing`: the change takes effect when the unit next
   * starts. A oneshot unit is run again by `restart`.
   */
  readonly onChange: "restart" | "nothing";
  /** What it reads when it starts: a file, or one variable of an environment file as `/path#NAME`. */
  readonly reads: readonly string[];
}

/** What every change of a VM's user data means for that VM. */
export interface ManagedFiles {
  /** In the order in which a change restarts them: what installs a program comes before what runs it. */
  readonly units: readonly ManagedUnit[];
  /** Files that take effect by themselves: their readers open them at each use. Variables as `/path#NAME`. */
  readonly readAtEachUse: readonly string[];
}

/** Units and files that both kinds of VM have. */
export const COMMON: ManagedFiles = {
  units: [
    // It cannot restart itself; the next run is the new one.
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

/** What a unit reads that runs such a program: it is restarted once the unit above has ended. */
export const versionOf = (name: string): string => `/etc/vault-vm/${name}-release.env#RELEASE_VERSION`;

/** Names of the units that first boot enables and starts. */
export function enabledUnits({ units }: ManagedFiles): string[] {
  return units.filter(({ enabled }) => enabled).map(({ name }) => name);
}

export function unitsJson({ units }: ManagedFiles): string {
  return `${JSON.stringify({ units }, null, 1)}\n`;
}
