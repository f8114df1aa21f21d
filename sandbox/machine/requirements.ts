import { once } from "node:events";
import { access } from "node:fs/promises";
import { createServer } from "node:net";
import { programOnPath } from "../../lib/processes/program-on-path";
import { runProgram } from "../../lib/processes/run-program";
import { codeOf, UserError } from "../../lib/processes/user-error";
import { compareVersions } from "../../lib/processes/version";

/** Programs that the deployed scripts call, with their Debian packages. */
const PROGRAMS: Readonly<Record<string, string>> = {
  bash: "bash",
  curl: "curl",
  flock: "util-linux",
  install: "coreutils",
  jq: "jq",
  openssl: "openssl",
  timeout: "coreutils",
  unzip: "unzip",
};

/** The scripts read a header with curl's %header{}. Source: curl's release notes. */
const OLDEST_CURL = "7.84.0";

/** Programs of packages that only some VMs install. */
const PROGRAMS_OF_PACKAGES: Readonly<Record<string, string>> = { haproxy: "haproxy" };

/**
 * @param packages the packages that the VM installs
 * @throws UserError in one sentence, with the cure, if this computer cannot run the deployed scripts and programs
 */
export async function requirePrograms(path: string, packages: readonly unknown[]): Promise<void> {
  const env = { PATH: path };
  const installed = Object.entries(PROGRAMS_OF_PACKAGES).filter(([, name]) => packages.includes(name));
  const programs = { ...PROGRAMS, ...Object.fromEntries(installed) };
  const names = Object.keys(programs);
  const found = await Promise.all(names.map((name) => programOnPath([name], { env })));
  const missing = names.filter((_, index) => !found[index]);
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((name) => programs[name]))].join(" ");
    throw new UserError(
      `The VMs' scripts need ${missing.join(", ")}. Install it (on Debian and Ubuntu: apt-get install ${packages}).`,
    );
  }
  await access("/proc/uptime").catch(() => {
    throw new UserError(
      "The VMs' scripts read /proc/uptime, which this operating system does not have. Run the sandbox on Linux, for example in a container.",
    );
  });
  await requireCurl(found[names.indexOf("curl")] as string, env);
}

async function requireCurl(command: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { stdout } = await runProgram({ command, args: ["--version"], env, deadlineMs: 10_000 });
  const version = /^curl (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (!version || compareVersions(version, OLDEST_CURL) < 0) {
    throw new UserError(
      `The VMs' scripts need curl ${OLDEST_CURL} or newer, but ${command} is ${version ?? "unknown"}. Update it.`,
    );
  }
}

/** @throws UserError if this computer does not have the address, or if another program listens there */
export async function requireFree(host: string, port: number): Promise<void> {
  const server = createServer();
  try {
    await once(server.listen({ host, port, exclusive: true }), "listening");
  } catch (error) {
    throw new UserError(
      codeOf(error) === "EADDRINUSE"
        ? `Another program listens on ${host}:${port}. Stop it, or give the machine another address.`
        : `Nothing can listen on ${host}:${port} (${codeOf(error)}). Use an address of this computer's loopback interface.`,
    );
  }
  await new Promise((resolve) => server.close(resolve));
}
