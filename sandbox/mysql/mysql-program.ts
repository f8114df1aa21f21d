import { dirname } from "node:path";
import { programOnPath } from "../../lib/processes/program-on-path";
import { Progress } from "../../lib/processes/progress";
import { lastLines, runProgram } from "../../lib/processes/run-program";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { compareVersions } from "../../lib/processes/version";
import { MYSQL_IMAGE } from "../../lib/releases/mysql-image";

/** A MySQL or MariaDB server that can be started. */
export interface MySqlProgram {
  readonly flavour: "mysql" | "mariadb";
  readonly version: string;
  readonly origin: "PATH" | "Docker" | "system packages";
  /** Absolute path of mysqld or mariadbd; inside the image where there is one. */
  readonly server: string;
  /** Absolute path of mariadb-install-db, which MariaDB needs. */
  readonly installer?: string;
  /** Where the server runs in a container. */
  readonly container?: { readonly docker: string; readonly image: string };
}

export interface FindMySqlOptions {
  readonly progress?: Progress;
  readonly env?: NodeJS.ProcessEnv;
  /** Folders looked through after PATH: servers live in sbin, which ordinary users' PATH lacks. */
  readonly alsoIn?: readonly string[];
}

/** Server binaries, and what mariadb-install-db calls, without a system service. In Debian and Ubuntu. */
const PACKAGES = ["mariadb-server-core", "mariadb-client-core"];

/** The oldest versions with require_secure_transport and this project's SQL. */
const OLDEST = { mysql: "8.0", mariadb: "10.5.2" } as const;

/**
 * Finds MySQL or MariaDB, or gets it: PATH, else Docker where its daemon answers, else Debian's or Ubuntu's package,
 * which root installs, and so does passwordless sudo where CI=true.
 *
 * @throws UserError with what was tried, why it failed, and the command to type
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
    `Neither MySQL nor MariaDB can be had; install one: \`sudo apt-get install ${PACKAGES.join(" ")}\` (Debian, Ubuntu) or ` +
      `\`brew install mysql\` (macOS). Tried:\n${tried.join("\n")}`,
  );
}

async function onPath(
  env: NodeJS.ProcessEnv,
  alsoIn: readonly string[],
  origin: MySqlProgram["origin"],
): Promise<MySqlProgram> {
  const server = await programOnPath(["mysqld", "mariadbd"], { env, alsoIn });
  if (!server) throw new UserError("there is no program named mysqld or mariadbd.");
  const { stdout, stderr } = await runProgram({
    command: server,
    args: ["--no-defaults", "--version"],
    env: { PATH: env.PATH },
    deadlineMs: 30_000,
  });
  const version = /Ver (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (!version) throw new UserError(`${server} tells no version: ${lastLines(stdout + stderr, 2)}`);
  const flavour = /mariadb/i.test(stdout) ? "mariadb" : "mysql";
  if (compareVersions(version, OLDEST[flavour]) < 0) {
    throw new UserError(
      `${server} is ${flavour} ${version}, and ${OLDEST[flavour]} or newer is needed; update it.`,
    );
  }
  if (flavour === "mysql") return { flavour, version, origin, server };
  const installer = await programOnPath(["mariadb-install-db", "mysql_install_db"], {
    env,
    alsoIn: [dirname(server), ...alsoIn],
  });
  if (!installer)
    throw new UserError(`${server} is there, but not mariadb-install-db; install MariaDB completely.`);
  return { flavour, version, origin, server, installer };
}

async function inDocker(env: NodeJS.ProcessEnv, progress: Progress): Promise<MySqlProgram> {
  const docker = await programOnPath(["docker"], { env });
  if (!docker) throw new UserError("there is no program named docker.");
  const run = (args: string[], deadlineMs: number) => runProgram({ command: docker, args, env, deadlineMs });
  const daemon = await run(["version", "--format", "{{.Server.Version}}"], 10_000);
  if (daemon.code !== 0) throw new UserError(`its daemon does not answer: ${lastLines(daemon.stderr, 1)}`);
  const present = await run(["image", "inspect", MYSQL_IMAGE], 30_000);
  if (present.code !== 0) {
    await progress.step(
      `Fetching the image ${MYSQL_IMAGE}, a few minutes on a slow line`,
      async () => {
        const pull = await run(["pull", "--quiet", MYSQL_IMAGE], 15 * 60_000);
        if (pull.code !== 0) throw new UserError(`docker pull failed: ${lastLines(pull.stderr, 1)}`);
      },
      { announce: true },
    );
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
  if (!aptGet) throw new UserError("there is no apt-get here.");
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
  await progress.step(
    `Installing ${PACKAGES.join(" and ")} with apt-get, a minute or so`,
    async () => {
      await apt("update", "-q");
      await apt("install", "-q", "--yes", "--no-install-recommends", ...PACKAGES);
    },
    { announce: true },
  );
  return onPath(env, alsoIn, "system packages");
}

/** What to put before a command to run it as root. */
async function asRoot(env: NodeJS.ProcessEnv): Promise<string[]> {
  if (process.getuid?.() === 0) return [];
  const sudo = env.CI === "true" ? await programOnPath(["sudo"], { env }) : undefined;
  if (sudo) {
    const { code } = await runProgram({ command: sudo, args: ["-n", "true"], env, deadlineMs: 10_000 });
    if (code === 0) return [sudo, "-n"];
  }
  throw new UserError(`only root may install packages; type \`sudo apt-get install ${PACKAGES.join(" ")}\`.`);
}
