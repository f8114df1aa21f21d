import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import http, { type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { cloudConfig, packFiles, type WriteFile } from "../../cloud-init/cloud-config";
import { type ManagedUnit, UNITS_FILE } from "../../cloud-init/common/managed-units";
import { waitFor } from "../../lib/processes/wait-for";
import { numbersOf } from "../../lib/seeded-numbers";
import { Machine } from "../../sandbox/machine/machine";
import { itTakesLong, longTests } from "../long-tests";
import { nextAddress, shortFolder } from "../sandbox/machine/small-machine";

const APPLY = "apply-user-data.service";
const COMMON = join(__dirname, "../../cloud-init/common/files");

/** The user data of a small machine. Each service is a program that runs until it is stopped. */
interface Version {
  /** Text of /etc/one.conf, which one.service reads. */
  one?: string;
  /** Lines of /etc/both.env: one.service reads A, two.service reads B. */
  both?: Record<string, string>;
  /** True if there is a third unit with its own file. */
  third?: boolean;
  /** Further files, by path. */
  files?: Record<string, string>;
  packages?: string[];
  units?: Record<string, string>;
}

const service = (name: string) => `[Service]
ExecStart=/bin/sh -c "echo ${name} starts; exec sleep 600"
Restart=always
[Install]
WantedBy=multi-user.target
`;

/** Prints what it read, and ends. */
const oneshot = `[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c "echo ran"
[Install]
WantedBy=multi-user.target
`;

function userData({
  one = "1",
  both = { A: "1", B: "1" },
  third,
  files = {},
  packages = ["jq"],
  units = {},
}: Version) {
  const table: ManagedUnit[] = [
    { name: "one.service", enabled: true, onChange: "restart", reads: ["/etc/one.conf", "/etc/both.env#A"] },
    { name: "two.service", enabled: true, onChange: "restart", reads: ["/etc/both.env#B"] },
    ...(third
      ? [{ name: "three.service", enabled: true, onChange: "restart", reads: ["/etc/three.conf"] } as const]
      : []),
    { name: "apply-user-data.service", enabled: false, onChange: "nothing", reads: [] },
  ];
  const contents: Record<string, string> = {
    "/etc/one.conf": one,
    "/etc/both.env": Object.entries(both)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
    "/etc/systemd/system/one.service": service("one"),
    "/etc/systemd/system/two.service": oneshot,
    ...(third && { "/etc/three.conf": "3", "/etc/systemd/system/three.service": service("three") }),
    [UNITS_FILE]: JSON.stringify({ units: table }),
    ...units,
    ...files,
  };
  const enable = table.filter(({ enabled }) => enabled).map(({ name }) => name);
  return cloudConfig({
    packages,
    write_files: [
      ...packFiles([COMMON], { AUTOMATIC_REBOOT_TIME: "03:30" }).filter(({ path }) => !(path in contents)),
      ...Object.entries(contents).map(
        ([path, content]): WriteFile => ({
          path,
          owner: "root:root",
          permissions: path.startsWith("/usr/local/sbin/") ? "0755" : "0644",
          content,
        }),
      ),
    ],
    runcmd: [["systemctl", "enable", "--now", "--no-block", ...enable]],
  });
}

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);

jest.setTimeout(60_000); // the tests take seconds on two idle cores

describe("apply-user-data", () => {
  const folder = shortFolder();
  let imds: Server;
  /** The answer of IMDS: base64, as on Azure. */
  let answer: string;
  let machine: Machine;

  beforeAll(async () => {
    imds = http.createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "");
      const right =
        pathname === "/metadata/instance/compute/userData" &&
        searchParams.get("format") === "text" &&
        request.headers["metadata"] === "true";
      response.writeHead(right ? 200 : 400).end(right ? answer : "");
    });
    await new Promise<void>((done) => imds.listen(0, "127.0.0.1", done));
  });
  afterAll(() => {
    imds.close();
    folder.remove();
  });

  let number = 0;
  const serve = (text: string): string => {
    answer = gzipSync(text).toString("base64");
    return text;
  };
  beforeEach(async () => {
    number++;
    const first = serve(userData({}));
    machine = await Machine.create({
      name: "vm",
      address: nextAddress(),
      loopback: nextAddress(),
      cloudConfig: first,
      folder: join(folder.path, `m${number}`),
      proxyUrl: `http://127.0.0.1:${(imds.address() as AddressInfo).port}`,
      caFile: join(folder.path, "ca.pem"),
      programs: [],
      restartSeconds: 0.05,
    });
    await machine.boot();
    for (const unit of ["one.service", "two.service"])
      await machine.untilActive(unit, { deadlineMs: 10_000 });
  });
  afterEach(() => machine.powerOff());

  const starts = (unit: string) => machine.output(unit).match(/^(\w+ starts|ran)$/gm)?.length ?? 0;
  const text = (path: string) => readFileSync(machine.path(path), "utf8");
  const state = (name: string) => text(`/var/lib/vault-vm/${name}`);
  const apply = async () => {
    const { code, output } = await machine.run(APPLY);
    return { code, report: output.split("\n").filter((line) => line.startsWith("user-data ")), output };
  };
  /** Applies a version completely. */
  const applied = async (version: Version) => {
    const wanted = serve(userData(version));
    const { output, ...result } = await apply();
    expect({ output, ...result }).toMatchObject({
      code: 0,
      report: [`user-data ${hashOf(wanted)}: applied`],
    });
    return output;
  };

  it("reports once after the first boot that everything is applied, and restarts nothing", async () => {
    const report = `user-data ${hashOf(userData({}))}: applied`;
    expect(await apply()).toMatchObject({ code: 0, report: [report] });
    expect(await apply()).toMatchObject({ code: 0, report: [] });
    expect([starts("one.service"), starts("two.service")]).toEqual([1, 1]);
    await machine.reboot();
    expect(await apply()).toMatchObject({ code: 0, report: [report] });
  });

  itTakesLong("restarts the units that read the changed file, and nothing else", async () => {
    await applied({});
    await applied({ one: "2" });
    expect(text("/etc/one.conf")).toBe("2");
    expect([starts("one.service"), starts("two.service")]).toEqual([2, 1]);
  });

  it("reports each restart when it begins, where a node of a cluster may wait for its turn", async () => {
    await applied({});
    machine.environment["APPLY_TELLS_RESTARTS"] = "yes";
    const wanted = hashOf(serve(userData({ one: "2" })));
    expect(await apply()).toMatchObject({
      code: 0,
      report: [`user-data ${wanted}: restarts one.service`, `user-data ${wanted}: applied`],
    });
  });

  it("distinguishes the variables of an environment file", async () => {
    await applied({});
    await applied({ both: { A: "1", B: "2" } });
    expect([starts("one.service"), starts("two.service")]).toEqual([1, 2]);
    await applied({ both: { A: "2", B: "2" } });
    expect([starts("one.service"), starts("two.service")]).toEqual([2, 2]);
    await applied({ both: { B: "2" } });
    expect([starts("one.service"), starts("two.service")]).toEqual([3, 2]);
  });

  it("restarts a unit whose own file or drop-in changed", async () => {
    await applied({});
    await applied({ files: { "/etc/systemd/system/one.service.d/more.conf": "[Service]\nRestartSec=3\n" } });
    expect(starts("one.service")).toBe(2);
    await applied({});
    expect(existsSync(machine.path("/etc/systemd/system/one.service.d/more.conf"))).toBe(false);
    expect(starts("one.service")).toBe(3);
  });

  it("starts and enables a new unit, and stops, disables and removes a missing unit", async () => {
    await applied({});
    await applied({ third: true });
    expect(machine.isActive("three.service")).toBe(true);
    await machine.reboot();
    await machine.untilActive("three.service", { deadlineMs: 10_000 });
    await applied({});
    expect(machine.isActive("three.service")).toBe(false);
    for (const path of ["/etc/three.conf", "/etc/systemd/system/three.service"])
      expect(existsSync(machine.path(path))).toBe(false);
    expect(starts("one.service")).toBe(2); // the reboot's
  });

  itTakesLong("keeps changes made by hand until the next version, which replaces them", async () => {
    await applied({});
    writeFileSync(machine.path("/etc/one.conf"), "by hand");
    expect(await apply()).toMatchObject({ code: 0, report: [] });
    expect(text("/etc/one.conf")).toBe("by hand");
    await applied({ both: { A: "1", B: "2" } });
    expect(text("/etc/one.conf")).toBe("1");
    expect(starts("one.service")).toBe(2);
  });

  it("keeps the permissions of files, and leaves no other file behind", async () => {
    await applied({});
    const before = readdirSync(machine.path("/"), { recursive: true });
    await applied({ one: "2" });
    expect(readdirSync(machine.path("/"), { recursive: true })).toEqual(before);
    expect(statSync(machine.path("/usr/local/sbin/apply-user-data")).mode & 0o777).toBe(0o755);
    expect(readdirSync(machine.path("/var/lib/vault-vm")).sort()).toEqual([
      "applied",
      "files",
      "packages",
      "work",
    ]);
  });

  it("replaces itself safely, and continues as the new program", async () => {
    await applied({});
    const program = text("/usr/local/sbin/apply-user-data");
    const renewed = program.replace("\nmain() {\n", '\nmain() {\n  say "I am the new one"\n');
    expect(renewed).not.toBe(program);
    const output = await applied({ one: "2", files: { "/usr/local/sbin/apply-user-data": renewed } });
    expect(output).toContain("I am the new one");
    expect([starts("one.service"), text("/etc/one.conf")]).toEqual([2, "2"]);
  });

  const good = () => JSON.parse(userData({ one: "2" }).slice("#cloud-config\n".length));
  const changed = (change: (config: ReturnType<typeof good>) => void) => {
    const config = good();
    change(config);
    return cloudConfig(config);
  };
  const bad: [what: string, make: () => string, reason: RegExp][] = [
    ["not JSON", () => "#cloud-config\npackages: [jq]\n", /not a complete cloud-config in JSON/],
    ["cut off", () => userData({ one: "2" }).slice(0, 900), /not a complete cloud-config in JSON/],
    ["no cloud-config", () => "#!/bin/sh\nreboot\n", /not a complete cloud-config/],
    ["without files", () => changed((it) => delete it.write_files), /no write_files/],
    [
      "with a path outside of the allowed folders",
      () =>
        changed((it) => it.write_files.push({ ...it.write_files[0], path: "/root/.ssh/authorized_keys" })),
      /\/root\/\.ssh\/authorized_keys has a path outside of \/etc and \/usr\/local/,
    ],
    [
      "with a path that leaves its folder",
      () => changed((it) => it.write_files.push({ ...it.write_files[0], path: "/etc/../root/x" })),
      /outside of \/etc/,
    ],
    ["with another owner", () => changed((it) => (it.write_files[0].owner = "vault:vault")), /an owner/],
    [
      "with odd permissions",
      () => changed((it) => (it.write_files[0].permissions = "4755")),
      /permissions 4755/,
    ],
    [
      "with content that is cut off",
      () =>
        changed((it) => {
          const whole = gzipSync("cut off\n".repeat(20)).toString("base64");
          Object.assign(it.write_files[0], { encoding: "gz+b64", content: whole.slice(0, 20) });
        }),
      /cannot be unpacked/,
    ],
    ["with one path twice", () => changed((it) => it.write_files.push(it.write_files[0])), /one path twice/],
    [
      "without the table of units",
      () =>
        changed(
          (it) => (it.write_files = it.write_files.filter(({ path }: WriteFile) => path !== UNITS_FILE)),
        ),
      /no \/etc\/vault-vm\/units\.json/,
    ],
    ["with an invalid table", () => userData({ files: { [UNITS_FILE]: "{}" } }), /not a table of units/],
    ["with an invalid package", () => userData({ packages: ["jq; reboot"] }), /names the package jq; reboot/],
    [
      "with an invalid program",
      () => userData({ files: { "/usr/local/sbin/apply-user-data": "main() {\n" } }),
      /the user data's apply-user-data is/,
    ],
  ];
  /** One of each kind: the whole, its parts, its paths, and what it would run. */
  const first = [
    "not JSON",
    "without the table of units",
    "with a path that leaves its folder",
    "with an invalid program",
  ];
  it("changes nothing for bad user data, says why, and applies the next version", async () => {
    await applied({});
    const before = (readdirSync(machine.path("/etc"), { recursive: true }) as string[]).sort();
    for (const [what, make, reason] of longTests ? bad : bad.filter(([what]) => first.includes(what))) {
      const wanted = serve(make());
      expect({ what, ...(await apply()) }).toMatchObject({
        what,
        code: 1,
        report: [
          expect.stringMatching(new RegExp(`^user-data ${hashOf(wanted)}: failed: .*${reason.source}`)),
        ],
      });
      const now = (readdirSync(machine.path("/etc"), { recursive: true }) as string[]).sort();
      expect([what, now, text("/etc/one.conf"), starts("one.service")]).toEqual([what, before, "1", 1]);
    }
    await applied({ one: "3" });
    expect(starts("one.service")).toBe(2);
  });

  it("says which unit failed and its last words, and is done once the unit is up", async () => {
    await applied({});
    const failing = oneshot.replace("echo ran", "echo two: its disk is gone; exit 3");
    const bad = serve(userData({ units: { "/etc/systemd/system/two.service": failing } }));
    expect(await apply()).toMatchObject({
      code: 1,
      report: [`user-data ${hashOf(bad)}: failed: two.service failed: two: its disk is gone`],
    });
    expect(await apply()).toMatchObject({ code: 1, report: [] }); // the same again
    expect(machine.state("two.service")).toBe("failed");
    await applied({ one: "2" });
    expect(machine.isActive("two.service")).toBe(true);
  });

  it("installs new packages before it changes anything", async () => {
    await applied({});
    const outside = join(machine.environment["PATH"]?.split(":")[0] ?? "", "systemd-run");
    writeFileSync(outside, `#!/bin/sh\necho "outside: $*" >&2\nexit "$(cat ${folder.path}/apt-code)"\n`);
    writeFileSync(join(folder.path, "apt-code"), "100");
    serve(userData({ one: "2", packages: ["jq", "acl"] }));
    expect(await apply()).toMatchObject({
      code: 1,
      report: [expect.stringMatching(/failed: the packages acl cannot/)],
    });
    expect(text("/etc/one.conf")).toBe("1");
    writeFileSync(join(folder.path, "apt-code"), "0");
    expect(await applied({ one: "2", packages: ["jq", "acl"] })).toMatch(/apt-get .*--yes .*install acl$/m);
    expect(state("packages")).toBe("acl\njq\n");
  });

  it("waits a minute for IMDS, and prints nothing on the console about an unknown version", async () => {
    answer = "";
    expect(await apply()).toMatchObject({
      code: 1,
      report: [],
      output: expect.stringContaining("has no user data"),
    });
  });

  // Each kill happens somewhere else. The printed seed repeats a run.
  itTakesLong(
    "does what is missing after kill -9 at any point, and restarts nothing twice",
    async () => {
      await applied({});
      const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
      const rounds = 100;
      const random = numbersOf(seed);
      const begin = performance.now();
      await applied({ one: "0", both: { A: "0", B: "0" }, third: true });
      const whole = performance.now() - begin;
      let killed = 0;
      for (let round = 1; round <= rounds; round++) {
        const version: Version = {
          one: `r${round}`,
          both: { A: `r${round}`, B: `r${round}` },
          third: round % 2 === 1,
        };
        const wanted = serve(userData(version));
        const before = [starts("one.service"), starts("two.service")];
        const running = machine.run(APPLY);
        // The first kill comes at once, so that at least one hits the program even on a fast computer.
        const wait = round === 1 ? 0 : Math.floor(random() * whole);
        await waitFor("the program to start", () => machine.pid(APPLY) !== undefined, {
          deadlineMs: 20_000,
          intervalMs: 5,
        });
        await new Promise((done) => setTimeout(done, wait));
        if (machine.pid(APPLY) !== undefined) {
          machine.kill(APPLY, "SIGKILL");
          killed++;
        }
        await running;
        const { code } = await apply();
        const after = [starts("one.service"), starts("two.service")];
        expect({
          seed,
          round,
          wait,
          code,
          state: state("applied").trim().slice(0, 12),
          one: text("/etc/one.conf"),
          starts: after.map((count, index) => count - (before[index] as number)),
          third: machine.isActive("three.service"),
          left: readdirSync(machine.path("/var/lib/vault-vm")).includes("due"),
        }).toEqual({
          seed,
          round,
          wait,
          code: 0,
          state: hashOf(wanted),
          one: `r${round}`,
          starts: [1, 1],
          third: version.third,
          left: false,
        });
      }
      console.info(`seed ${seed}: killed in ${killed} of ${rounds} rounds`);
      expect(killed).toBeGreaterThan(0);
    },
    900_000,
  );

  it("does not repeat a killed run's restarts, and does the missing ones", async () => {
    await applied({});
    serve(userData({ one: "2", both: { A: "2", B: "2" } }));
    const running = machine.run(APPLY);
    await waitFor("the first restart", () => starts("one.service") === 2, {
      deadlineMs: 20_000,
      intervalMs: 1,
    });
    machine.kill(APPLY, "SIGKILL");
    await running;
    expect(await apply()).toMatchObject({ code: 0 });
    expect([starts("one.service"), starts("two.service")]).toEqual([2, 2]);
  });

  it("continues after a power cut, with the version that came meanwhile", async () => {
    await applied({});
    serve(userData({ third: true, one: "2" }));
    const running = machine.run(APPLY);
    await waitFor("the change to be under way", () => existsSync(machine.path("/var/lib/vault-vm/due")), {
      deadlineMs: 10_000,
      intervalMs: 1,
    });
    await machine.reboot();
    await running;
    const wanted = serve(userData({ one: "3" }));
    expect(await apply()).toMatchObject({ code: 0, report: [`user-data ${hashOf(wanted)}: applied`] });
    expect(text("/etc/one.conf")).toBe("3");
    expect(machine.isActive("three.service")).toBe(false);
    expect(existsSync(machine.path("/etc/three.conf"))).toBe(false);
  });
});
