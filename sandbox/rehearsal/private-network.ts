import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { programOnPath } from "../../lib/processes/program-on-path";
import { runProgram } from "../../lib/processes/run-program";
import { UserError } from "../../lib/processes/user-error";

/** Tells the program inside that it is there, and where its hosts file is. */
const marker = "VAULT_ON_AZURE_PRIVATE_NETWORK";

/** Path of the hosts file of the private network that this process is in; undefined outside. */
export const hostsFileOfPrivateNetwork = (): string | undefined => process.env[marker];

interface Program {
  command: string;
  args: string[];
}

/**
 * A command that runs another in namespaces of its own: a network in which any address of the given ones is this machine's, and
 * nothing else can be reached; a hosts file; an empty /var/log; and process ids, so that all of it ends with the first process. Needs no root where
 * the system lets users make namespaces.
 * @param networks CIDR
 * @throws UserError that says what is missing
 */
export async function privateNetwork(
  folder: string,
  networks: readonly string[],
  inner: Program,
): Promise<Program & { env: NodeJS.ProcessEnv }> {
  const [unshare, ip, mount] = await Promise.all([find("unshare"), find("ip"), find("mount")]);
  const hosts = join(folder, "hosts");
  writeFileSync(hosts, "127.0.0.1 localhost\n");
  const isRoot = process.getuid?.() === 0;
  const namespaces = [
    ...(isRoot ? [] : ["--user", "--map-root-user"]),
    ...["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"],
  ];
  const attempt = await runProgram({
    command: unshare,
    args: [...namespaces, "true"],
    env: process.env,
    deadlineMs: 10_000,
  });
  if (attempt.code !== 0) {
    throw new UserError(
      `This system lets ${isRoot ? "root" : "you"} make no private network (${attempt.stderr.trim()}); run the rehearsal as root, or allow user namespaces (Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0).`,
    );
  }
  const routes = networks.map((network) => `'${ip}' route add local '${network}' dev lo`);
  const script = [
    "set -e",
    `'${ip}' link set lo up`,
    ...routes,
    `'${mount}' --bind '${hosts}' /etc/hosts`,
    // Vault's audit log is at this path, since Terraform tells Vault so.
    `'${mount}' -t tmpfs tmpfs /var/log`,
    "mkdir /var/log/vault",
    'exec "$@"',
  ].join("\n");
  return {
    command: unshare,
    args: [...namespaces, "/bin/sh", "-c", script, "inside", inner.command, ...inner.args],
    env: { ...process.env, [marker]: hosts },
  };
}

async function find(name: string): Promise<string> {
  const path = await programOnPath([name], { alsoIn: ["/usr/sbin", "/sbin"] });
  if (path) return path;
  const packageName = name === "ip" ? "iproute2" : "util-linux";
  throw new UserError(`The program ${name} is not on PATH; install the package ${packageName}.`);
}
