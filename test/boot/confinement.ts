import type { Guest } from "../../sandbox/guest/guest";
import { SOON_MS } from "./scene";

/** Attempts that a unit's confinement must stop. Each is a shell command that succeeds without confinement. */
export const attempts = {
  "write a configuration file": `for file in /etc/vault*.d/*.hcl; do : >>"$file" || exit 1; done`,
  "write a program": ": >>/usr/local/sbin/azure-key-vault",
  "write a unit": ": >>/etc/systemd/system/vault-install.service",
  "write to a home folder": "touch /root/attempt && rm /root/attempt",
  "load a kernel module": "modprobe bonding && modprobe -r bonding",
  "make a set-user-ID file": 'file=$(mktemp) && chmod u+s "$file"',
  "become another user": "setpriv --reuid=65534 --clear-groups true",
  "mount a file system": "mount -t tmpfs none /mnt && umount /mnt",
  "make a namespace": "unshare --uts true",
  "set the clock": 'date --set="@$(date +%s)"',
  "set a kernel parameter": "cat /proc/sys/kernel/domainname | tee /proc/sys/kernel/domainname",
  "read the kernel's log": "dmesg",
  "read a raw disk": "head --bytes=512 /dev/vda",
  "have memory that is writable and executable":
    "python3 -c 'import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)'",
  "open a packet socket": "python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'",
  "ask IMDS":
    "curl --silent --fail --max-time 20 --header Metadata:true http://169.254.169.254/metadata/versions",
} as const;

type Attempts = Readonly<Record<string, string>>;

/** A unit's settings for its programs and times. All other settings are its confinement. */
const ORDERS =
  "Exec[A-Za-z]*|Restart[A-Za-z]*|Type|RemainAfterExit|Standard[A-Za-z]*|KillSignal|Timeout[A-Za-z]*|Wants|Requires|BindsTo|After|Before|Conflicts|RequiresMountsFor|DefaultDependencies|WantedBy";

const FOLDER = "/run/attempts";

/**
 * Returns the attempts that succeed as root, unconfined.
 *
 * @param more further attempts on this machine
 */
export async function unconfinedSuccesses(vm: Guest, more: Attempts = {}): Promise<string[]> {
  await writeAttempts(vm, more);
  return linesOf(await vm.output(`bash ${FOLDER}/run`, { deadlineMs: SOON_MS }));
}

/**
 * Returns the attempts that succeed with each unit's user, capabilities and sandbox. Copies of the units, with their drop-ins,
 * run them instead of the units' programs.
 *
 * @param more further attempts on this machine
 */
export async function successes(
  vm: Guest,
  units: readonly string[],
  more: Attempts = {},
): Promise<Record<string, string[]>> {
  await writeAttempts(vm, more);
  const copies = units.map((unit) => {
    const own = [
      "[Service]",
      "Type=oneshot",
      `ExecStart=/bin/bash ${FOLDER}/run`,
      `StandardOutput=truncate:${FOLDER}/${unit}`,
      "RuntimeDirectoryPreserve=yes",
    ].join("\\n");
    return `{ cat /etc/systemd/system/${unit}; cat /etc/systemd/system/${unit}.d/*.conf 2>/dev/null || true; } |
      sed -E '/^(${ORDERS})=/d' >/run/systemd/system/attempt-${unit}
      printf '\\n${own}\\n' >>/run/systemd/system/attempt-${unit}`;
  });
  await vm.output(`${copies.join("\n")}\nsystemctl daemon-reload`, { deadlineMs: SOON_MS });
  const found: Record<string, string[]> = {};
  for (const unit of units) {
    const copy = `attempt-${unit}`;
    found[unit] = linesOf(
      await vm.output(
        `if ! systemctl start ${copy}; then journalctl --unit ${copy} --no-pager >&2; exit 1; fi; cat ${FOLDER}/${unit}`,
        { deadlineMs: SOON_MS },
      ),
    );
  }
  return found;
}

async function writeAttempts(vm: Guest, more: Attempts): Promise<void> {
  const lines = Object.entries({ ...attempts, ...more }).map(
    ([name, command]) => `if (${command}) >/dev/null 2>&1; then echo ${quoted(name)}; fi`,
  );
  await vm.output(`mkdir -p ${FOLDER} && cat >${FOLDER}/run <<'END'\n${lines.join("\n")}\nEND`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
