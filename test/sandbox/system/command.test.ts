import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../../lib/processes/wait-for";
import { ask, type Command } from "../../../sandbox/system/control";
import { itTakesLong, longTests } from "../../long-tests";
import { describeUnless, describeWithVaultAndDatabase } from "../programs-there";
import { FIRST_BOOT, initsIn, VAULT } from "./first-boots";
import { deadlineMs, Place, readProcess, type SandboxCommand } from "./sandbox-command";

jest.setTimeout(240_000); // each starts whole sandboxes, 15 s on two cores that have nothing else to do

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove(), 60_000);

describeWithVaultAndDatabase("npm run sandbox", () => {
  it("can be interrupted during its start, continues from its folder with the same Vault, and --once leaves nothing running", async () => {
    const folder = join(place.path, "kept");
    const first = place.run({ args: ["--folder", folder] });
    await first.says("vault-server: first boot, unseal … done");
    first.child.kill("SIGINT");
    expect(await first.exitCode()).toBe(130);
    expect(first.output()).toContain("Stopping everything");
    expect(first.output()).not.toMatch(stackTrace);
    const second = place.run({ args: ["--folder", folder, "--once"] });
    expect([await second.exitCode(), second.output()]).toEqual([
      0,
      expect.stringContaining("The smoke test passed"),
    ]);
    await place.isEmpty({ but: ["kept"] });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    // Both runs wrote to the same logs.
    expect(initsIn(logIn(folder, VAULT))).toBe(1);
    expect(logIn(folder, FIRST_BOOT).match(/: complete$/gm)).toHaveLength(1);
  });

  it("runs with working logins and commands, and kill -9 leaves nothing", async () => {
    const command = place.run();
    await command.says("Press Ctrl-C to stop");
    await loginsWork(command);
    await commandsWork(command, folderOf(command));
    command.child.kill("SIGKILL");
    await command.exitCode();
    await place.isEmpty();
  });

  itTakesLong("runs twice side by side, and Ctrl-C ends only one of the two", async () => {
    const [one, two] = [place.run(), place.run()];
    await Promise.all([one.says("Press Ctrl-C to stop"), two.says("Press Ctrl-C to stop")]);
    const folders = [one, two].map(folderOf);
    expect(new Set(folders).size).toBe(2);

    one.child.kill("SIGINT");
    expect(await one.exitCode()).toBe(130);
    // The guardian of its folder ends after it.
    const left = () => place.processes().filter((it) => it.includes(folders[0] as string));
    await waitFor("its processes to end", () => left().length === 0, { deadlineMs: 20_000 });
    expect(readdirSync(place.path)).toContain(folders[1]?.split("/").at(-1));
    expect(spawnSync("bash", ["-c", `. ${loginFiles(two)[0]}`]).status).toBe(0);

    two.child.kill("SIGKILL");
    await two.exitCode();
    await place.isEmpty();
  });

  itTakesLong("ends at once after a second Ctrl-C, and leaves nothing", async () => {
    const command = place.run();
    await command.says("vault-server: first boot, unseal … done");
    command.child.kill("SIGINT");
    await command.says("Stopping everything");
    command.child.kill("SIGINT");
    expect(await command.exitCode()).toBe(130);
    await place.isEmpty();
  });

  itTakesLong("cleans up after one that was killed together with its guardians", async () => {
    const dead = place.run();
    await dead.says("vault-server: first boot, unseal … done");
    const guardians = execFileSync("pgrep", ["-P", String(dead.child.pid), "-f", "vault-on-azure-guardian"]);
    for (const pid of guardians.toString().trim().split("\n")) process.kill(Number(pid), "SIGKILL");
    dead.child.kill("SIGKILL");
    await dead.exitCode();
    const left = place.processes().map((it) => it.split(" ")[0] as string);
    expect(left.length).toBeGreaterThanOrEqual(2); // Vault and MariaDB
    const next = place.run();
    await next.says("loopback network … done");
    expect(place.processes().filter((it) => left.includes(it.split(" ")[0] as string))).toEqual([]);
    next.child.kill("SIGTERM");
    expect(await next.exitCode()).toBe(143);
    await place.isEmpty();
  });
});

/** Returns a unit's log in a sandbox's folder. */
function logIn(folder: string, unit: string): string {
  const [log] = readdirSync(folder, { recursive: true }).filter((it) => String(it).endsWith(`/${unit}.log`));
  return readFileSync(join(folder, String(log)), "utf8");
}

/** A line of a Node.js stack trace. */
const stackTrace = /^ +at /m;

/** The folder that the start screen names. */
function folderOf(command: SandboxCommand): string {
  return /^ {2}Files {5}(\S+)/m.exec(command.output())?.[1] ?? "";
}

/** Files to be sourced. */
function loginFiles(command: SandboxCommand): string[] {
  const folder = join(folderOf(command), "logins");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sh"))
    .sort()
    .map((name) => join(folder, name));
}

/** Tries every experiment of the start screen, then each other command. */
async function commandsWork(command: SandboxCommand, folder: string): Promise<void> {
  expect(statSync(join(folder, "control")).mode & 0o777).toBe(0o600);
  expect(command.output()).toMatch(
    /^The system runs .* Open http:\/\/127\.0\.0\.1:\d+\nPress Ctrl-C to stop it\.$/m,
  );
  const screen = command.output().split("Press Ctrl-C to stop it.")[1] ?? "";
  expect(screen).not.toContain("FAILS");
  const experiments = [...screen.matchAll(/^ {4}npm run sandbox -- (.*)$/gm)].map(([, it = ""]) =>
    it.split(" "),
  );
  expect(experiments).toHaveLength(4);
  // Another sandbox of this test may have started after the screen appeared.
  const run = async ([word = "", ...words]: string[] = []) => {
    const running = place.run({
      args: words[0] === "--folder" ? [word, ...words] : [word, "--folder", folder, ...words],
    });
    return [await running.exitCode(), running.output()];
  };
  const [reads, refusal, rotation, kill] = experiments;
  expect(await run(reads)).toEqual([0, expect.stringMatching(/^username +v-jwt-/m)]);
  expect(await run(refusal)).toEqual([2, expect.stringContaining("permission denied")]);
  expect(await run(rotation)).toEqual([
    0,
    expect.stringMatching(/rewrap: done, 120 customers; all are at version 2 of the key\n$/),
  ]);
  expect(await run(kill)).toEqual([0, expect.stringMatching(/^vault: /)]);
  await command.says("works again: unsealed, active");

  const tell = (command: Command, name?: string) => ask(folder, command, name);
  expect((await tell("seal")).text).toContain("npm run sandbox -- unseal");
  await command.says("  vault  sealed");
  // A Vault that cannot unseal itself restarts, so at some moments it does not run.
  const isShownSealed = async () => /^ {2}FAILS {2}vault .* sealed$/m.test((await tell("status")).text ?? "");
  await waitFor("the status to show a sealed Vault", isShownSealed, { deadlineMs });
  const back = () => command.output().split("works again: unsealed, active").length;
  const before = back();
  expect((await tell("unseal")).text).toContain("unseals itself");
  await waitFor("Vault to be unsealed", () => back() > before, { deadlineMs });

  expect((await tell("kill", "mysql")).text).toContain("does not run; to start it");
  await command.says("mysql  does not run; to start it: npm run sandbox -- start mysql");
  expect((await tell("start", "mysql")).text).toBe("mysql: runs");
  await command.says("mysql  works again: runs");
  expect((await tell("logs", "vault")).files?.map((it) => existsSync(it))).toEqual([true]);
  const application = (await tell("open")).url ?? "";
  const id = await revealedAs(application);
  const audited = (await tell("audit", id)).text ?? "";
  expect(audited).toContain('"path": "transit/decrypt/customer-key"');
  expect(audited).toContain("hmac-sha256:");
  expect(audited).not.toContain("vault:v");
  await expect(tell("audit", "00000000-none")).rejects.toThrow(
    "Vault's audit log has no request 00000000-none.",
  );
  expect(application).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  await expect(tell("stop", "nobody")).rejects.toThrow(
    "Unknown part nobody. Choose from webapp, agent-1, vault, mysql.",
  );
}

/** Reveals a customer's numbers in the application, as a browser does. Returns the request's id in Vault's audit log. */
async function revealedAs(application: string): Promise<string> {
  await waitFor("the application to be ready", async () => (await fetch(`${application}/readyz`)).ok, {
    deadlineMs,
  });
  const page = await fetch(`${application}/customers/1`);
  const token = /name="_csrf" value="([^"]*)"/.exec(await page.text())?.[1] ?? "";
  const answer = await fetch(`${application}/customers/1/reveal`, {
    method: "POST",
    headers: { cookie: page.headers.get("set-cookie")?.split(";")[0] ?? "", origin: application },
    body: new URLSearchParams({ _csrf: token }),
  });
  return /by Vault as <code>([\w-]{36})/.exec(await answer.text())?.[1] ?? "";
}

/** Expects that each printed login gets a token with the right policies, and shows no token to other users of the machine. */
async function loginsWork(command: SandboxCommand): Promise<void> {
  const files = loginFiles(command);
  const policies: Record<string, string[]> = {};
  for (const file of files) {
    const jwtFile = file.replace(/\.sh$/, ".jwt");
    expect([file, jwtFile].map((it) => statSync(it).mode & 0o777)).toEqual([0o600, 0o600]);
    const { token, data } = await login(file, readFileSync(jwtFile, "utf8"));
    policies[file.split("/").at(-1) as string] = data.policies;
    expect(token).toMatch(/^hv[sb]\./);
  }
  expect(policies).toEqual({
    "agent-1.sh": ["default", "workload-agent"],
    "deployer.sh": ["default", "deployer"],
    "webapp.sh": ["default", "workload-webapp"],
  });
}

/** Sources a login file as a person does, and reads all processes' arguments meanwhile. */
async function login(file: string, jwt: string): Promise<{ token: string; data: { policies: string[] } }> {
  const seen = new Set<string>();
  const shell = spawn(
    "bash",
    ["-euc", `. ${file} && echo "$VAULT_TOKEN" && vault token lookup -format=json`],
    // Node gives bash a socket as input. A bash of the first level then reads /etc/bash.bashrc, which may need PS1.
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let text = "";
  let errors = "";
  shell.stdout.on("data", (chunk) => {
    text += chunk;
  });
  shell.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  let code: number | undefined;
  shell.once("close", (it) => {
    code = it ?? 137;
  });
  while (code === undefined) {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      seen.add(readProcess(pid, "cmdline"));
    await delay(10);
  }
  expect([code, errors]).toEqual([0, ""]);
  const [token = "", ...rest] = text.split("\n");
  const everything = [...seen].join("\n");
  expect(everything).toContain("vault\0write\0-field=token");
  expect([jwt, token].filter((secret) => everything.includes(secret))).toEqual([]);
  return { token, data: JSON.parse(rest.join("\n")).data };
}

/** Creates a sandbox's folder with these files. */
function keptFolder(files: Readonly<Record<string, string>>): string {
  const folder = join(place.path, "kept");
  mkdirSync(folder);
  for (const [name, content] of Object.entries({ "this-is-a-vault-on-azure-sandbox": "", ...files }))
    writeFileSync(join(folder, name), content);
  return folder;
}

/** Expects a refusal: exit code 1, the sentence on standard error, no stack trace, and nothing left. */
async function refused(
  command: SandboxCommand,
  sentence: string | RegExp,
  but: string[] = [],
): Promise<void> {
  const code = await command.exitCode();
  expect([code, command.output()]).toEqual([1, expect.stringMatching(sentence)]);
  expect(command.output()).not.toMatch(stackTrace);
  await place.isEmpty({ but });
}

/** Expects that a failed step says why, once, and that the last line only points there. */
function told(step: string, sentence: string): RegExp {
  const escaped = sentence.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const lines = `${step} … failed after \\d+\\.\\d s: ${escaped}\\n(?:.*\\n)?The sandbox did not start. The reason is above.`;
  return new RegExp(`^(?!.*${escaped}.*${escaped}).*${lines}\\n$`, "s");
}

describe("npm run sandbox refuses in one sentence", () => {
  const otherArguments: [string[], RegExp][] = [
    [["now"], /^Unknown command now\.\n\nUsage: /],
    [["status", "vault", "now"], /^Unexpected argument 'now'\.\n\nUsage: /],
    [["--folder"], /^Option '--folder <value>' argument missing\.\n\nUsage: /],
  ];
  it.each<[string[], RegExp]>([
    [["--forever"], /^Unknown option '--forever'\.\n\nUsage: /],
    [["--apply", "magic"], /^--apply cannot be magic\.\n\nUsage: /],
    ...(longTests ? otherArguments : []),
  ])("the arguments %j", async (args, sentence) => {
    await refused(place.run({ args }), sentence);
  });

  // bad-input.test.ts expects the same sentence.
  itTakesLong("an unknown environment", async () => {
    await refused(
      place.run({ env: { ENVIRONMENT: "nowhere" } }),
      /ENVIRONMENT: environments\/nowhere\.json does not exist; choose from demo, production/,
    );
  });

  // state-folder.test.ts expects the same sentence.
  itTakesLong("a folder in use", async () => {
    const folder = join(place.path, "kept");
    const first = place.run({ args: ["--folder", folder] });
    await first.says("loopback network … done");
    const second = place.run({ args: ["--folder", folder] });
    expect([await second.exitCode(), second.output()]).toEqual([
      1,
      `The state folder ${folder} is in use by process ${first.child.pid} on ${hostname()}. Stop that process, or name another folder.\n`,
    ]);
    first.child.kill("SIGKILL");
    await first.exitCode();
    await place.isEmpty({ but: ["kept"] });
  });

  // state-folder.test.ts expects the same sentence.
  itTakesLong("a folder with other content", async () => {
    const folder = join(place.path, "documents");
    mkdirSync(folder);
    writeFileSync(join(folder, "thesis"), "");
    await refused(
      place.run({ args: ["--folder", folder] }),
      /^\S+ holds files that are not a sandbox's\. Name an empty folder, or a new one\.\n$/,
      ["documents"],
    );
    expect(readdirSync(folder)).toEqual(["thesis"]);
  });

  it.each<[string, string]>([
    ["/proc/sandbox", "ENOENT"],
    ...(longTests ? ([[join(__dirname, "command.test.ts"), "EEXIST"]] as [string, string][]) : []),
  ])("a folder that cannot be written: %s", async (folder, code) => {
    const command = place.run({ args: ["--folder", folder] });
    await refused(command, /^\S+ cannot be used \(\w+\)\. Name a folder that you can write to\.\n$/);
    expect(command.output()).toContain(`${folder} cannot be used (${code})`);
  });

  it("a kept folder whose azure.json is damaged", async () => {
    const content = '{"kv-demo-ab12cd":{"keys":{';
    const folder = keptFolder({ "azure.json": content });
    const file = join(folder, "azure.json");
    await refused(
      place.run({ args: ["--folder", folder] }),
      told(
        "stand-in for Azure",
        `${file} is damaged. It holds the Key Vaults' content, without which the kept Vault stays sealed. Restore the file, or remove the folder ${folder} and start again.`,
      ),
      ["kept"],
    );
    expect(readFileSync(file, "utf8")).toBe(content);
  });

  // loopback-network.test.ts expects the same sentence.
  itTakesLong("a kept folder whose network is taken", async () => {
    const folder = join(place.path, "kept");
    mkdirSync(folder);
    writeFileSync(join(folder, "this-is-a-vault-on-azure-sandbox"), "");
    writeFileSync(join(folder, "network"), "127.251\n");
    const other = createServer();
    await new Promise<void>((done) => other.listen(8200, "127.251.7.7", done));
    await refused(
      place.run({ args: ["--folder", folder] }),
      told(
        "loopback network",
        "One of the ports 8200, 8201, 3306 is taken on 127.251.0.0/16. Stop the program that listens there (perhaps another sandbox of the same folder).",
      ),
      ["kept"],
    );
    await new Promise((done) => other.close(done));
  });

  it("a VAULT_PROGRAM that is not Vault", async () => {
    await refused(
      place.run({ env: { VAULT_PROGRAM: "/bin/echo" } }),
      /\n\/bin\/echo is not HashiCorp Vault: "\/bin\/echo version" said "version"\.\n$/,
    );
  });

  // vault-program.test.ts expects the same sentence.
  itTakesLong("a computer that cannot get Vault", async () => {
    const bin = join(place.path, "bin");
    mkdirSync(bin);
    const env = {
      VAULT_PROGRAM: undefined,
      PATH: bin,
      HOME: bin,
      XDG_CACHE_HOME: undefined,
      HTTPS_PROXY: "http://127.0.0.1:9",
      NODE_USE_ENV_PROXY: "1",
    };
    await refused(
      place.run({ env }),
      /\nFound no Vault\. Install Vault 1\.21\.0 or newer .*, or name its binary in VAULT_PROGRAM\. Tried:\n {2}- PATH: found no program named vault\.\n {2}- HashiCorp's release: .*\n {2}- Go module: .*\n$/,
      ["bin"],
    );
  });

  // sandbox-environment.test.ts expects the same sentence.
  itTakesLong("an environment that it cannot imitate, and names the parts", async () => {
    const demo = JSON.parse(readFileSync(join(__dirname, "../../../environments/demo.json"), "utf8"));
    const tls = { source: "existing", keyVault: "kv-own", resourceGroup: "rg-own", certificate: "own" };
    const file = JSON.stringify({ ...demo, vault: { ...demo.vault, edition: "enterprise", tls } });
    const preload = join(place.path, "preload.cjs");
    writeFileSync(
      preload,
      `const fs = require("fs"); const read = fs.readFileSync;
       fs.readFileSync = (path, ...rest) =>
         String(path).endsWith("environments/demo.json") ? Buffer.from(process.env.DEMO) : read(path, ...rest);`,
    );
    await refused(
      place.run({ env: { NODE_OPTIONS: `--require ${preload}`, DEMO: file } }),
      /\nThe sandbox cannot imitate the environment demo:\n {2}- vault\.edition: .*\n {2}- vault\.tls: .*\n$/,
      ["preload.cjs"],
    );
  });
});

/** A separate network and separate mounts, which any Linux user may create unless the system forbids it. */
const unshareMissing =
  spawnSync("unshare", ["-rmn", "ip", "link", "set", "lo", "up"]).status === 0
    ? undefined
    : "This system lets no user have a network namespace of their own; allow that, or run as root.";

describeUnless(
  unshareMissing,
  "npm run sandbox, with its own network and disks, refuses in one sentence",
  () => {
    const within = (script: string) => [
      "unshare",
      "-rmn",
      "sh",
      "-ec",
      `ip link set lo up; ${script}; exec "$@"`,
      "sh",
    ];

    it("a port of a server on 0.0.0.0", async () => {
      const server = `require("net").createServer().listen(8200, "0.0.0.0", () => console.log("listens"))`;
      // The server ends with the command, whose standard output it waits for.
      const script = `mkfifo ${place.path}/up; ${process.execPath} -e '${server}' >${place.path}/up & read -r _ <${place.path}/up; rm ${place.path}/up; trap "kill $!" EXIT`;
      const command = place.run({ wrapper: within(script).map((it) => it.replace('exec "$@"', '"$@"')) });
      await refused(
        command,
        told(
          "loopback network",
          "One of the ports 8200, 8201, 3306 is taken on every loopback address. Stop the program that listens there (a server on 0.0.0.0).",
        ),
      );
    });

    it.each(["1500k", ...(longTests ? ["100k", "20m"] : [])])("a disk of %s", async (size) => {
      const folder = join(place.path, "small");
      mkdirSync(folder);
      const command = place.run({
        args: ["--folder", folder],
        wrapper: within(`mount -t tmpfs -o size=${size} none ${folder}`),
      });
      await refused(command, /No disk space is left/, ["small"]);
    });
  },
);
