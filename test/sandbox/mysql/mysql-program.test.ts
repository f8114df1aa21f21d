import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MYSQL_IMAGE } from "../../../lib/releases/mysql-image";
import { findMySqlProgram } from "../../../sandbox/mysql/mysql-program";
import { capturedProgress } from "../../lib/processes/captured-progress";
import { standIn } from "../../lib/processes/stand-in";
import { temporaryFolder } from "../../lib/processes/temporary-folder";

const folder = temporaryFolder();
const bin = (): string => join(folder.path, "bin");

/** PATH contains only a test's stand-ins, which use only sh's own commands. */
function find(env: NodeJS.ProcessEnv = {}) {
  const { progress } = capturedProgress();
  return findMySqlProgram({ progress, env: { PATH: bin(), ...env }, alsoIn: [join(folder.path, "sbin")] });
}

const MARIADB = "echo 'mysqld  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)'";
const MYSQL = "echo '/usr/sbin/mysqld  Ver 8.4.7 for Linux on x86_64 (MySQL Community Server - GPL)'";

describe("MySQL from PATH", () => {
  it("is MySQL", async () => {
    const server = standIn(bin(), "mysqld", MYSQL);
    expect(await find()).toEqual({ flavour: "mysql", version: "8.4.7", origin: "PATH", server });
  });

  it("is MariaDB with its installer, also in sbin", async () => {
    const server = standIn(join(folder.path, "sbin"), "mariadbd", MARIADB);
    const installer = standIn(bin(), "mariadb-install-db", "exit 0");
    expect(await find()).toEqual({
      flavour: "mariadb",
      version: "10.11.19",
      origin: "PATH",
      server,
      installer,
    });
  });

  it("is not used when it is too old or incomplete", async () => {
    standIn(bin(), "mysqld", "echo 'mysqld  Ver 5.7.44 for Linux on x86_64'");
    await expect(find()).rejects.toThrow("is mysql 5.7.44, but the sandbox needs 8.0 or newer");
    standIn(bin(), "mysqld", MARIADB);
    await expect(find()).rejects.toThrow("but mariadb-install-db is missing");
  });
});

describe("MySQL in Docker", () => {
  const docker = (daemon: string): string =>
    standIn(
      bin(),
      "docker",
      `echo "$*" >> ${folder.path}/calls\ncase "$1" in version) ${daemon} ;; image) exit 1 ;; esac`,
    );
  const calls = (): string => readFileSync(join(folder.path, "calls"), "utf8");

  it("is used in a pinned version when a daemon answers", async () => {
    const path = docker("echo 28.2.2");
    expect(await find()).toMatchObject({ origin: "Docker", container: { docker: path, image: MYSQL_IMAGE } });
    expect(MYSQL_IMAGE).toMatch(/:\d+\.\d+\.\d+$/);
    expect(calls()).toContain(`pull --quiet ${MYSQL_IMAGE}`);
  });

  it("is not used when no daemon answers", async () => {
    docker("echo 'Cannot connect to the Docker daemon' >&2; exit 1");
    await expect(find()).rejects.toThrow(
      "Docker: its daemon does not answer: Cannot connect to the Docker daemon",
    );
    expect(calls()).not.toContain("pull");
  });
});

describe("MySQL from the system's packages", () => {
  const aptGet = (): void => {
    const script = `echo "$*" >> ${folder.path}/calls
      case "$*" in *install*)
        printf '#!/bin/sh\\n%s\\n' "${MARIADB}" > ${bin()}/mariadbd
        printf '#!/bin/sh\\n' > ${bin()}/mariadb-install-db
        /bin/chmod +x ${bin()}/mariadbd ${bin()}/mariadb-install-db ;;
      esac`;
    standIn(bin(), "apt-get", script);
  };
  const actAs = (uid: number): void => void jest.spyOn(process, "getuid").mockReturnValue(uid);
  afterEach(() => void jest.restoreAllMocks());

  it("is installed by root", async () => {
    actAs(0);
    aptGet();
    expect(await find()).toMatchObject({ flavour: "mariadb", origin: "system packages" });
    expect(readFileSync(join(folder.path, "calls"), "utf8")).toBe(
      "update -q\ninstall -q --yes --no-install-recommends mariadb-server-core mariadb-client-core\n",
    );
  });

  it("is shown to other users as a command to type", async () => {
    actAs(1000);
    aptGet();
    await expect(find()).rejects.toThrow(
      "Type `sudo apt-get install mariadb-server-core mariadb-client-core`",
    );
    expect(existsSync(join(folder.path, "calls"))).toBe(false);
  });

  it("is installed with passwordless sudo only if CI=true", async () => {
    actAs(1000);
    aptGet();
    standIn(bin(), "sudo", 'shift; case "$1" in true) exit 0 ;; *) exec "$@" ;; esac');
    await expect(find()).rejects.toThrow("only root");
    expect(await find({ CI: "true" })).toMatchObject({ origin: "system packages" });
  });
});

describe("Without any MySQL", () => {
  it("the error shows the command to type, the attempts and the reasons", async () => {
    await expect(find()).rejects.toThrow(
      /^Found neither MySQL nor MariaDB\. Install one: `sudo apt-get install .*\n {2}- PATH: .*\n {2}- Docker: .*\n {2}- system packages: .*$/,
    );
  });
});
