import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cloudConfig } from "../../../cloud-init/cloud-config";
import { waitFor } from "../../../lib/processes/wait-for";
import { type InstalledProgram, Machine, type MachineOptions } from "../../../sandbox/machine/machine";
import { standIn } from "../../lib/processes/stand-in";

/** Addresses that only this process uses, so that test files can run side by side: 127.40.0.0 to 127.103.255.255. */
let last = 0;
export function nextAddress(): string {
  last += 1;
  return `127.${40 + (process.pid % 64)}.${(process.pid >> 6) % 250}.${last}`;
}

/** A private folder with a short path, which a unix socket needs. */
export function shortFolder(): { path: string; remove(): void } {
  const path = realpathSync(mkdtempSync("/tmp/machine-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Imitates vault: it listens as its configuration says, or runs `script`. */
export function vaultStandIn(folder: string, script?: string): string {
  const listen =
    "const [, host, port] = /address\\s*=\\s*\"([\\d.]+):(\\d+)\"/.exec(require('fs').readFileSync(process.argv[2].slice(8), 'utf8'));" +
    "process.on('SIGHUP', () => console.log('reloaded'));" +
    "require('net').createServer().listen(port, host, () => console.log('listening'))";
  const javascript = join(folder, "vault.cjs");
  const program = standIn(folder, "vault", script ?? `exec '${process.execPath}' '${javascript}' "$2"`);
  writeFileSync(javascript, listen);
  return program;
}

/** A Vault with version 0. */
export function installed(path: string): InstalledProgram[] {
  return [{ name: "vault", version: "0", path }];
}

export interface SmallMachineOptions extends Partial<MachineOptions> {
  /** Unit name -> text. */
  units?: Record<string, string>;
  /** Path -> text of further files. Files in /usr/local are programs. */
  files?: Record<string, string>;
  /** The units of `systemctl enable --now`. */
  enable?: string[];
}

/** The Vault unit of these tests. It has started once its program listens. */
const vaultService = `[Service]
Type=notify
ExecStart=/usr/local/lib/releases/vault-0/vault server -config=/etc/vault.d/vault.hcl
ExecReload=/bin/kill --signal HUP $MAINPID
KillSignal=SIGINT
[Install]
WantedBy=multi-user.target
`;

/** A machine with these units and a stand-in for vault. */
export function smallMachine(folder: string, options: SmallMachineOptions = {}): Promise<Machine> {
  const { units = {}, files = {}, enable = [], ...rest } = options;
  const allUnits = { "vault.service": vaultService, ...units };
  const paths = {
    ...files,
    ...Object.fromEntries(
      Object.entries(allUnits).map(([name, text]) => [`/etc/systemd/system/${name}`, text]),
    ),
  };
  const write_files = Object.entries(paths).map(([path, content]) => ({
    path,
    owner: "root:root",
    permissions: path.startsWith("/usr/local") ? "0755" : "0644",
    content,
  }));
  const runcmd = [
    ["chown", "root:root", "/etc/vault.d"],
    ["systemctl", "daemon-reload"],
    ...(enable.length > 0 ? [["systemctl", "enable", "--now", "--no-block", ...enable]] : []),
  ];
  return Machine.create({
    name: "vm-small",
    address: nextAddress(),
    loopback: nextAddress(),
    cloudConfig: cloudConfig({ write_files, runcmd }),
    folder: join(folder, "m"),
    proxyUrl: "http://127.0.0.1:9",
    caFile: join(folder, "ca.pem"),
    programs: installed(vaultStandIn(folder)),
    restartSeconds: 0.05,
    ...rest,
  });
}

/** Waits until all processes of these machines have ended. It finds them by their environment. A killed process takes a moment to end. */
export async function gone(...machines: readonly Machine[]): Promise<void> {
  const variables = machines.map(({ environment }) => `TMPDIR=${environment["TMPDIR"]}`);
  await waitFor(
    "the machines' processes to be gone",
    () => {
      const left = readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .filter((pid) =>
          readProcess(pid, "environ")
            .split("\0")
            .some((it) => variables.includes(it)),
        )
        .map((pid) => `${pid} ${readProcess(pid, "cmdline").replaceAll("\0", " ")}`);
      if (left.length > 0) throw new Error(left.join("; "));
      return true;
    },
    { deadlineMs: 1000 },
  );
}

function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // the process has just ended
  }
}
