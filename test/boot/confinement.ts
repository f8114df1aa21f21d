import type { Guest } from "../../sandbox/guest/guest";
import { SOON_MS } from "./scene";

/**
 * Attempts that a unit's confinement must stop. Each is a shell command that succeeds without confinement. It must not end the shell.
 * A program costs an emulated processor up to a second, and a builtin of bash almost nothing.
 */
export const attempts = {
  "write a configuration file": "files=(/etc/vault*.d/*.hcl) && : >>${files[0]}",
  "write a program": ": >>/usr/local/sbin/azure-key-vault",
  "write a unit": ": >>/etc/systemd/system/vault-install.service",
  "write to a home folder": ": >/root/attempt && rm /root/attempt",
  "load a kernel module": "modprobe bonding && modprobe -r bonding",
  "make a set-user-ID file": ": >/tmp/attempt-$$ && chmod u+s /tmp/attempt-$$",
  "become another user": "setpriv --reuid=65534 --clear-groups true",
  "mount a file system": "mount -t tmpfs none /mnt && umount /mnt",
  "make a namespace": "unshare --uts true",
  "set the clock": "date --set=@$EPOCHSECONDS",
  "set a kernel parameter":
    "read -r name </proc/sys/kernel/domainname && echo $name >/proc/sys/kernel/domainname",
  "read the kernel's log": "dmesg --level=emerg",
  "read a raw disk": ": </dev/vda",
  // mmap(0, 4096, read, write and execute, private and anonymous). Perl starts much faster than Python.
  "have memory that is writable and executable": "perl -e 'exit(syscall(9, 0, 4096, 7, 34, -1, 0) == -1)'",
  "open a packet socket": "perl -e 'socket(my $socket, 17, 3, 0) or exit 1'",
  "ask IMDS": `timeout 20 bash -c 'exec 3<>/dev/tcp/169.254.169.254/80 &&
    printf "GET /metadata/versions HTTP/1.1\\r\\nHost: 169.254.169.254\\r\\nMetadata: true\\r\\nConnection: close\\r\\n\\r\\n" >&3 &&
    read -r line <&3 && [[ $line == *" 200 "* ]]'`,
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
 * Returns the attempts that succeed with each unit's user, capabilities and sandbox. Copies of the units run them instead of the
 * units' programs, two at a time.
 *
 * @param units the units' files, each with its drop-ins, by the units' names
 * @param more further attempts on this machine
 */
export async function successes(
  vm: Guest,
  units: Readonly<Record<string, string>>,
  more: Attempts = {},
): Promise<Record<string, string[]>> {
  await writeAttempts(vm, more);
  const copies = Object.entries(units).map(([unit, text]) => {
    const confinement = text.replaceAll(new RegExp(`^(${ORDERS})=.*\\n`, "gm"), "");
    const own = `[Service]
Type=oneshot
ExecStart=/bin/bash ${FOLDER}/run
StandardOutput=truncate:${FOLDER}/${unit}
StandardError=null
RuntimeDirectoryPreserve=yes
`;
    return `printf %s ${quoted(`${confinement}\n${own}`)} >/run/systemd/system/attempt-${unit}`;
  });
  const names = Object.keys(units).map((unit) => `attempt-${unit}`);
  await vm.output(
    `${copies.join("\n")}
     systemctl daemon-reload
     if ! printf '%s\\n' ${names.join(" ")} | xargs --max-procs=2 --max-args=1 systemctl start; then
       journalctl --no-pager ${names.map((name) => `--unit=${name}`).join(" ")} >&2
       exit 1
     fi`,
    { deadlineMs: SOON_MS },
  );
  const found = await vm.output(`cd ${FOLDER} && grep . ${Object.keys(units).join(" ")} /dev/null || true`);
  return Object.fromEntries(
    Object.keys(units).map((unit) => [
      unit,
      linesOf(found).flatMap((line) => (line.startsWith(`${unit}:`) ? [line.slice(unit.length + 1)] : [])),
    ]),
  );
}

async function writeAttempts(vm: Guest, more: Attempts): Promise<void> {
  const lines = Object.entries({ ...attempts, ...more }).map(
    ([name, command]) => `if { ${command}; } >/dev/null 2>&1; then echo ${quoted(name)}; fi`,
  );
  await vm.output(`mkdir -p ${FOLDER} && cat >${FOLDER}/run <<'END'\n${lines.join("\n")}\nEND`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
