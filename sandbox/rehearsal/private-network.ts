import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { programOnPath } from "../../lib/processes/program-on-path";
import { runProgram } from "../../lib/processes/run-program";
import { UserError } from "../../lib/processes/user-error";

/** Tells the program inside that it is in a private network, and the path of its hosts file. */
const marker = "VAULT_ON_AZURE_PRIVATE_NETWORK";

/** Path of the hosts file in the private network of this process, or undefined outside of one. */
export const hostsFileOfPrivateNetwork = (): string | undefined => process.env[marker];

interface Program {
  command: string;
  args: string[];
}

/**
 * A command that runs another command in its own namespaces. The network routes the given addresses to this machine and reaches
 * nothing else. The command gets its own hosts file, an empty /var/log, and its own process ids, so that everything ends with its
 * first process. This needs no root if the system lets users create namespaces.
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
      `This system does not let ${isRoot ? "root" : "you"} create a private network (${attempt.stderr.trim()}). Run the rehearsal as root, or allow user namespaces (Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0).`,
    );
  }
  const routes = networks.map((network) => `'${ip}' route add local '${network}' dev lo`);
  const script = [
    "set -e",
    `'${ip}' link set lo up`,
    ...routes,
    `'${mount}' --bind '${hosts}' /etc/hosts`,
    // Terraform configures Vault's audit log at this path.
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
  throw new UserError(`The program ${name} is not on PATH. Install the package ${packageName}.`);
}
