import { dirname } from "node:path";
import { programOnPath } from "../../lib/processes/program-on-path";
import { Progress } from "../../lib/processes/progress";
import { lastLines, runProgram } from "../../lib/processes/run-program";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { compareVersions } from "../../lib/processes/version";
import { MYSQL_IMAGE } from "../../lib/releases/mysql-image";

/** A MySQL or MariaDB server program. */
export interface MySqlProgram {
  readonly flavour: "mysql" | "mariadb";
  readonly version: string;
  readonly origin: "PATH" | "Docker" | "system packages";
  /** Absolute path of mysqld or mariadbd, or the path inside the image. */
  readonly server: string;
  /** Absolute path of mariadb-install-db, which only MariaDB needs. */
  readonly installer?: string;
  /** The container image, if the server runs in a container. */
  readonly container?: { readonly docker: string; readonly image: string };
}

export interface FindMySqlOptions {
  readonly progress?: Progress;
  readonly env?: NodeJS.ProcessEnv;
  /** Folders to search after PATH. Servers are in sbin, which ordinary users' PATH does not contain. */
  readonly alsoIn?: readonly string[];
}

/**
 * Packages with the server binaries and the programs of mariadb-install-db, but without a system service, in Debian
 * and Ubuntu.
 */
const PACKAGES = ["mariadb-server-core", "mariadb-client-core"];

/** The oldest versions with require_secure_transport and this project's SQL. */
const OLDEST = { mysql: "8.0", mariadb: "10.5.2" } as const;

/**
 * Finds MySQL or MariaDB, or installs it. It tries PATH, then Docker if its daemon answers, then Debian's or Ubuntu's
 * package. Only root can install the package, or passwordless sudo if CI=true.
 *
 * @throws UserError with the attempts, the reason for each failure, and the command to type
 */
export async function findMySqlProgram(options: FindMySqlOptions = {}): Promise<MySqlProgram> {
  const { progress = new Progress(), env = process.env, alsoIn = ["/usr/sbin", "/usr/local/sbin"] } = options;
  const tried: string[] = [];
  const ways = {
    PATH: () => onPath(env, alsoIn, "PATH"),
    Docker: () => inDocker(env, progress),
    "system packages": () => fromPackages(env, alsoIn, progress),
  };
  for (const [way, find] of Object.entries(ways)) {
    try {
      const program = await find();
      const { flavour, version, server, container } = program;
      const name = flavour === "mysql" ? "MySQL" : "MariaDB";
      progress.line(`${name} ${version} from ${way} (${container?.image ?? server})`);
      return program;
    } catch (error) {
      tried.push(`  - ${way}: ${messageOf(error)}`);
    }
  }
  throw new UserError(
    `Found neither MySQL nor MariaDB. Install one: \`sudo apt-get install ${PACKAGES.join(" ")}\` (Debian, Ubuntu) or ` +
      `\`brew install mysql\` (macOS). Tried:\n${tried.join("\n")}`,
  );
}

async function onPath(
  env: NodeJS.ProcessEnv,
  alsoIn: readonly string[],
  origin: MySqlProgram["origin"],
): Promise<MySqlProgram> {
  const server = await programOnPath(["mysqld", "mariadbd"], { env, alsoIn });
  if (!server) throw new UserError("found no program named mysqld or mariadbd.");
  const { stdout, stderr } = await runProgram({
    command: server,
    args: ["--no-defaults", "--version"],
    env: { PATH: env.PATH },
    deadlineMs: 30_000,
  });
  const version = /Ver (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (!version) throw new UserError(`${server} prints no version: ${lastLines(stdout + stderr, 2)}`);
  const flavour = /mariadb/i.test(stdout) ? "mariadb" : "mysql";
  if (compareVersions(version, OLDEST[flavour]) < 0) {
    throw new UserError(
      `${server} is ${flavour} ${version}, but the sandbox needs ${OLDEST[flavour]} or newer. Update it.`,
    );
  }
  if (flavour === "mysql") return { flavour, version, origin, server };
  const installer = await programOnPath(["mariadb-install-db", "mysql_install_db"], {
    env,
    alsoIn: [dirname(server), ...alsoIn],
  });
  if (!installer)
    throw new UserError(`${server} exists, but mariadb-install-db is missing. Install MariaDB completely.`);
  return { flavour, version, origin, server, installer };
}

async function inDocker(env: NodeJS.ProcessEnv, progress: Progress): Promise<MySqlProgram> {
  const docker = await programOnPath(["docker"], { env });
  if (!docker) throw new UserError("found no program named docker.");
  const run = (args: string[], deadlineMs: number) => runProgram({ command: docker, args, env, deadlineMs });
  const daemon = await run(["version", "--format", "{{.Server.Version}}"], 10_000);
  if (daemon.code !== 0) throw new UserError(`its daemon does not answer: ${lastLines(daemon.stderr, 1)}`);
  const present = await run(["image", "inspect", MYSQL_IMAGE], 30_000);
  if (present.code !== 0) {
    await progress.longStep(`Fetching the image ${MYSQL_IMAGE}, a few minutes on a slow line`, async () => {
      const pull = await run(["pull", "--quiet", MYSQL_IMAGE], 15 * 60_000);
      if (pull.code !== 0) throw new UserError(`docker pull failed: ${lastLines(pull.stderr, 1)}`);
    });
  }
  const version = MYSQL_IMAGE.slice(MYSQL_IMAGE.lastIndexOf(":") + 1);
  return {
    flavour: "mysql",
    version,
    origin: "Docker",
    server: "mysqld",
    container: { docker, image: MYSQL_IMAGE },
  };
}

async function fromPackages(
  env: NodeJS.ProcessEnv,
  alsoIn: readonly string[],
  progress: Progress,
): Promise<MySqlProgram> {
  const aptGet = await programOnPath(["apt-get"], { env });
  if (!aptGet) throw new UserError("found no program named apt-get.");
  const sudo = await asRoot(env);
  const [command = aptGet, ...before] = [...sudo, aptGet];
  const apt = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await runProgram({
      command,
      args: [...before, ...args],
      env: {
        PATH: env.PATH,
        DEBIAN_FRONTEND: "noninteractive",
        HTTP_PROXY: env.HTTP_PROXY,
        HTTPS_PROXY: env.HTTPS_PROXY,
      },
      deadlineMs: 10 * 60_000,
    });
    if (code !== 0) throw new UserError(`apt-get ${args[0]} failed: ${lastLines(stderr, 2)}`);
  };
  await progress.longStep(`Installing ${PACKAGES.join(" and ")} with apt-get, a minute or so`, async () => {
    await apt("update", "-q");
    await apt("install", "-q", "--yes", "--no-install-recommends", ...PACKAGES);
  });
  return onPath(env, alsoIn, "system packages");
}

/** Returns the prefix that runs a command as root. */
async function asRoot(env: NodeJS.ProcessEnv): Promise<string[]> {
  if (process.getuid?.() === 0) return [];
  const sudo = env.CI === "true" ? await programOnPath(["sudo"], { env }) : undefined;
  if (sudo) {
    const { code } = await runProgram({ command: sudo, args: ["-n", "true"], env, deadlineMs: 10_000 });
    if (code === 0) return [sudo, "-n"];
  }
  throw new UserError(`only root can install packages. Type \`sudo apt-get install ${PACKAGES.join(" ")}\`.`);
}
