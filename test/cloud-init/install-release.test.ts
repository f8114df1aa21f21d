import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ZipFile } from "yazl";
import { programOnPath } from "../program-on-path";
import { certificateFor } from "../sandbox/mysql/certificate";
import { sha256, zipOf } from "../sandbox/vault/release-server";

jest.setTimeout(60_000);

const PROGRAMS = join(__dirname, "../../cloud-init/common/files/usr/local/sbin");
const missing = ["gpg", "gpgv", "curl", "unzip", "xz", "openssl"].filter((name) => !programOnPath(name));
if (missing.length > 0 && process.env["CI"]) {
  throw new Error(`${missing.join(", ")} is not installed, and CI requires these tests. Install it.`);
}
const describeWithPrograms =
  missing.length === 0
    ? describe
    : (name: string, body: () => void) =>
        describe.skip(`${name} (skipped: ${missing.join(", ")} is not installed)`, body);

/** A server's response at an address: bytes, or the result of a function. */
type Served = Buffer | string | ((response: ServerResponse) => void);

describeWithPrograms("install-release", () => {
  /** Created once, because keys take time. */
  let shared: { folder: string; ca: string; certificate: string; key: string };
  let server: Server;
  let origin: string;
  const files = new Map<string, Served>();
  const requests: string[] = [];
  /** The private root of one test. */
  let root: string;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "release-"));
    shared = { folder, ...certificateFor(folder) };
    for (const who of ["maker", "stranger"]) makeKey(who);
    server = createServer(
      { cert: readFileSync(shared.certificate), key: readFileSync(shared.key) },
      ({ url = "" }, response) => {
        requests.push(url);
        const file = files.get(url);
        if (typeof file === "function") file(response);
        else if (file === undefined) response.writeHead(404).end();
        else response.writeHead(200, { "content-length": Buffer.byteLength(file) }).end(file);
      },
    );
    await listen();
  });

  afterAll(async () => {
    await close();
    for (const who of ["maker", "stranger"]) spawnSync("gpgconf", ["--homedir", home(who), "--kill", "all"]);
    rmSync(shared.folder, { recursive: true, force: true });
  });

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "machine-"));
    for (const folder of ["releases", "bin"]) mkdirSync(join(root, folder));
    files.clear();
    requests.length = 0;
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  async function listen(port = 0): Promise<void> {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  }
  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  const home = (who: string): string => join(shared.folder, who);

  /** A key like HashiCorp's: a key that certifies, and a subkey that signs. */
  function makeKey(who: string): void {
    mkdirSync(home(who), { mode: 0o700 });
    const gpg = (...args: string[]): Buffer =>
      execFileSync(
        "gpg",
        ["--homedir", home(who), "--batch", "--pinentry-mode", "loopback", "--passphrase", "", ...args],
        {
          stdio: ["ignore", "pipe", "ignore"],
        },
      );
    gpg("--quick-generate-key", `${who} <${who}@example.com>`, "ed25519", "cert", "never");
    const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(
      String(gpg("--list-keys", "--with-colons")),
    )?.[1] as string;
    gpg("--quick-add-key", fingerprint, "ed25519", "sign", "never");
    writeFileSync(keyring(who), gpg("--armor", "--export"));
  }
  const keyring = (who: string): string => join(shared.folder, `${who}.asc`);

  function sign(text: string, who: string): Buffer {
    return execFileSync(
      "gpg",
      ["--homedir", home(who), "--batch", "--pinentry-mode", "loopback", "--passphrase", "", "--detach-sign"],
      {
        input: text,
        stdio: ["pipe", "pipe", "ignore"],
      },
    );
  }

  const script = (version: string): string => `#!/bin/sh\necho 'Vault v${version}'\n`;
  const archiveOf = (version: string): string => `/${version}/vault_${version}_linux_amd64.zip`;
  const checksumsOf = (version: string): string => `/${version}/vault_${version}_SHA256SUMS`;

  /** Serves a release as HashiCorp does. Returns its archive's checksum. */
  async function serve(version: string, archive?: Buffer): Promise<string> {
    const zip = archive ?? (await zipOf({ "LICENSE.txt": "none", vault: script(version) }));
    files.set(archiveOf(version), zip);
    list(
      version,
      `${"0".repeat(64)}  vault_${version}_plan9_386.zip\n${sha256(zip)}  ${archiveOf(version).split("/")[2]}\n`,
    );
    return sha256(zip);
  }

  function list(version: string, text: string, who = "maker"): void {
    files.set(checksumsOf(version), text);
    files.set(`${checksumsOf(version)}.sig`, sign(text, who));
  }

  const environment = (version: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    PATH: process.env["PATH"],
    LANG: "C.UTF-8",
    SSL_CERT_FILE: shared.ca,
    RELEASE_NAME: "vault",
    RELEASE_VERSION: version,
    ARCHIVE_URL: `${origin}${archiveOf(version)}`,
    ARCHIVE_PROGRAM: "vault",
    CHECKSUMS_URL: `${origin}${checksumsOf(version)}`,
    KEYRING: keyring("maker"),
    RELEASES_DIRECTORY: join(root, "releases"),
    BIN_DIRECTORY: join(root, "bin"),
    INSTALL_WAIT_SECONDS: "20",
    POLL_SECONDS: "0.05",
    ...more,
  });

  interface Outcome {
    code: number | null;
    said: string;
  }

  async function install(
    version: string,
    more: NodeJS.ProcessEnv = {},
    command: string[] = [],
  ): Promise<Outcome> {
    const [program = "", ...args] = [...command, join(PROGRAMS, "install-release")];
    const run = spawn(
      "bash",
      command.length > 0 ? ["-c", 'exec "$@"', "bash", program, ...args] : [program],
      {
        env: environment(version, more),
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    let said = "";
    run.stderr.on("data", (chunk) => {
      said += chunk;
    });
    const [code] = (await once(run, "close")) as [number | null];
    return { code, said };
  }

  const link = (): string => join(root, "bin/vault");
  const runs = (): string => execFileSync(link(), { encoding: "utf8" }).trim();
  const folders = (): string[] =>
    readdirSync(join(root, "releases"))
      .filter((name) => name !== "vault.lock")
      .sort();

  /** Expects that nothing is installed and no file remains. */
  function expectNothing(): void {
    expect(folders()).toEqual([]);
    expect(readdirSync(join(root, "bin"))).toEqual([]);
  }

  describe("installs a release", () => {
    it("with a valid signature and checksum", async () => {
      const ARCHIVE_SHA256 = await serve("2.2.2");
      expect(await install("2.2.2", { ARCHIVE_SHA256 })).toEqual({
        code: 0,
        said: "install-release: vault is version 2.2.2\n",
      });
      expect(runs()).toBe("Vault v2.2.2");
      expect(readlinkSync(link())).toBe(join(root, "releases/vault-2.2.2/vault"));
      expect(folders()).toEqual(["vault-2.2.2"]);
      expect(statSync(link()).mode & 0o7777).toBe(0o755);
      expect(statSync(join(root, "releases/vault-2.2.2")).mode & 0o7777).toBe(0o755);
    });

    it("on its signature alone, if the user data has no checksum", async () => {
      await serve("2.2.2");
      expect((await install("2.2.2")).code).toBe(0);
      expect(runs()).toBe("Vault v2.2.2");
    });

    it("of Enterprise, with a plus in its name", async () => {
      await serve("2.2.2+ent");
      expect((await install("2.2.2+ent")).code).toBe(0);
      expect(folders()).toEqual(["vault-2.2.2+ent"]);
    });

    it("of Node.js, from a tar.xz file, and only its program", async () => {
      const inner = join(root, "node-v24.20.0-linux-x64");
      mkdirSync(join(inner, "bin"), { recursive: true });
      writeFileSync(join(inner, "bin/node"), script("24.20.0"));
      writeFileSync(join(inner, "README.md"), "read me");
      const archive = join(root, "node.tar.xz");
      execFileSync("tar", [
        "--create",
        "--xz",
        "--file",
        archive,
        "--directory",
        root,
        "node-v24.20.0-linux-x64",
      ]);
      const name = "node-v24.20.0-linux-x64.tar.xz";
      files.set(`/${name}`, readFileSync(archive));
      const sums = `${sha256(readFileSync(archive))}  ${name}\n`;
      files.set("/SHASUMS256.txt", sums);
      files.set("/SHASUMS256.txt.sig", sign(sums, "maker"));
      const outcome = await install("24.20.0", {
        RELEASE_NAME: "node",
        ARCHIVE_URL: `${origin}/${name}`,
        ARCHIVE_PROGRAM: "node-v24.20.0-linux-x64/bin/node",
        CHECKSUMS_URL: `${origin}/SHASUMS256.txt`,
      });
      expect(outcome.code).toBe(0);
      expect(execFileSync(join(root, "bin/node"), { encoding: "utf8" })).toBe("Vault v24.20.0\n");
      expect(readdirSync(join(root, "releases/node-24.20.0"))).toEqual(["node"]);
    });

    it("once, and does not download an installed release again", async () => {
      await serve("2.2.2");
      await install("2.2.2");
      requests.length = 0;
      expect(await install("2.2.2")).toEqual({ code: 0, said: "" });
      expect(requests).toEqual([]);
    });

    it("without a server, if the release is already installed", async () => {
      mkdirSync(join(root, "releases/vault-2.2.2"));
      writeFileSync(join(root, "releases/vault-2.2.2/vault"), script("2.2.2"), { mode: 0o755 });
      expect((await install("2.2.2")).code).toBe(0);
      expect([runs(), requests]).toEqual(["Vault v2.2.2", []]);
    });

    it("beside the previous one, and removes older ones", async () => {
      for (const version of ["2.0.3", "2.2.1", "2.2.2"]) {
        await serve(version);
        expect((await install(version)).code).toBe(0);
        expect(runs()).toBe(`Vault v${version}`);
      }
      expect(folders()).toEqual(["vault-2.2.1", "vault-2.2.2"]);
      // A downgrade needs no download.
      requests.length = 0;
      expect((await install("2.2.1")).code).toBe(0);
      expect([runs(), folders(), requests]).toEqual(["Vault v2.2.1", ["vault-2.2.1", "vault-2.2.2"], []]);
    });

    it("when the server finally answers", async () => {
      const { port } = server.address() as AddressInfo;
      await serve("2.2.2");
      await close();
      const outcome = install("2.2.2");
      const busy = [503, 429];
      const list = files.get(checksumsOf("2.2.2")) as string;
      files.set(checksumsOf("2.2.2"), (response) => {
        const status = busy.pop();
        if (status) response.writeHead(status).end();
        else response.end(list);
      });
      await listen(port);
      expect((await outcome).code).toBe(0);
      expect(requests.filter((path) => path === checksumsOf("2.2.2"))).toHaveLength(3);
      expect(runs()).toBe("Vault v2.2.2");
    });

    it("if the archive breaks off, by downloading it again", async () => {
      await serve("2.2.2");
      const zip = files.get(archiveOf("2.2.2")) as Buffer;
      let tries = 0;
      files.set(archiveOf("2.2.2"), (response) => {
        response.writeHead(200, { "content-length": zip.length });
        if (++tries < 3) response.write(zip.subarray(0, 100), () => response.destroy());
        else response.end(zip);
      });
      const { code, said } = await install("2.2.2");
      expect([code, tries]).toEqual([0, 3]);
      expect(said).toContain("install-release: waiting for https://localhost");
    });

    it("on its checksum, if the maker signs with a key that the user data does not know, and says so", async () => {
      const ARCHIVE_SHA256 = await serve("2.2.2");
      list("2.2.2", files.get(checksumsOf("2.2.2")) as string, "stranger");
      const { code, said } = await install("2.2.2", { ARCHIVE_SHA256 });
      expect(code).toBe(0);
      expect(said).toContain(
        "is signed with a key that this VM does not know. The checksum in the user data decides.",
      );
    });
  });

  describe("installs nothing, does not retry, and says what to do, if", () => {
    /** 65: the unit does not restart. */
    const refused = async (sentence: RegExp, more: NodeJS.ProcessEnv = {}): Promise<void> => {
      const { code, said } = await install("2.2.2", more);
      expect(said).toMatch(sentence);
      expect(said.trim().split("\n")).toHaveLength(1);
      expect(code).toBe(65);
      expect(requests).toHaveLength(new Set(requests).size);
      expectNothing();
    };

    it("the archive is not the signed one", async () => {
      await serve("2.2.2");
      files.set(archiveOf("2.2.2"), await zipOf({ vault: script("0.6.6") }));
      await refused(
        /has the checksum [0-9a-f]{64} instead of [0-9a-f]{64}, so nothing was installed\. Find out/,
      );
    });

    it("the archive is cut short, and the server calls it complete", async () => {
      await serve("2.2.2");
      files.set(archiveOf("2.2.2"), (files.get(archiveOf("2.2.2")) as Buffer).subarray(0, 150));
      await refused(/has the checksum/);
    });

    it("the maker signed another archive than the user data name", async () => {
      await serve("2.2.2");
      await refused(
        /says [0-9a-f]{64} for vault_2\.2\.2_linux_amd64\.zip, but the user data says f{64}, so/,
        {
          ARCHIVE_SHA256: "f".repeat(64),
        },
      );
      expect(requests).not.toContain(archiveOf("2.2.2"));
    });

    it.each([undefined, "checksum"])(
      "the list was changed after it was signed (in the user data: %s)",
      async (known) => {
        const checksum = await serve("2.2.2");
        files.set(checksumsOf("2.2.2"), `${files.get(checksumsOf("2.2.2"))}\n`);
        await refused(
          /the signature of .* does not belong to a key in maker\.asc, so nothing was installed\. Find out/,
          {
            ARCHIVE_SHA256: known && checksum,
          },
        );
      },
    );

    it("a stranger signed the list, and the user data have no checksum", async () => {
      await serve("2.2.2");
      list("2.2.2", files.get(checksumsOf("2.2.2")) as string, "stranger");
      await refused(/does not belong to a key in maker\.asc/);
    });

    it("a stranger signed another list, although the user data have the checksum", async () => {
      const ARCHIVE_SHA256 = await serve("2.2.2");
      files.set(archiveOf("2.2.2"), await zipOf({ vault: script("0.6.6") }));
      list(
        "2.2.2",
        `${sha256(files.get(archiveOf("2.2.2")) as Buffer)}  vault_2.2.2_linux_amd64.zip\n`,
        "stranger",
      );
      const { code, said } = await install("2.2.2", { ARCHIVE_SHA256 });
      expect([code, said]).toEqual([65, expect.stringContaining("but the user data says")]);
      expectNothing();
    });

    it("the maker's signature is of another list, and a stranger's is beside it, although the user data have the checksum", async () => {
      const ARCHIVE_SHA256 = await serve("2.2.2");
      const ofTheMaker = files.get(`${checksumsOf("2.2.2")}.sig`) as Buffer;
      list("2.2.2", `${files.get(checksumsOf("2.2.2"))}\n`, "stranger");
      const ofTheStranger = files.get(`${checksumsOf("2.2.2")}.sig`) as Buffer;
      files.set(`${checksumsOf("2.2.2")}.sig`, Buffer.concat([ofTheStranger, ofTheMaker]));
      await refused(/does not belong to a key in maker\.asc/, { ARCHIVE_SHA256 });
    });

    it.each(["rubbish", ""])("the signature is %j", async (signature) => {
      const ARCHIVE_SHA256 = await serve("2.2.2");
      files.set(`${checksumsOf("2.2.2")}.sig`, signature);
      await refused(/the signature of/, { ARCHIVE_SHA256 });
    });

    it("the release does not exist", async () => {
      await refused(
        /SHA256SUMS answered 404\. Is there a release 2\.2\.2 of vault\? Correct its version, and deploy\./,
      );
    });

    it("the list does not name the archive", async () => {
      await serve("2.2.2");
      list("2.2.2", `${"0".repeat(64)}  vault_2.2.2_linux_amd64.zip.other\n`);
      await refused(/has no checksum of vault_2\.2\.2_linux_amd64\.zip\./);
    });

    it("the archive contains only other files", async () => {
      await serve("2.2.2", await zipOf({ "LICENSE.txt": "none", "bin/vault": script("2.2.2") }));
      await refused(/has no usable vault \(.*\), so nothing was installed\./);
    });

    it("the program in the archive is empty", async () => {
      await serve("2.2.2", await zipOf({ vault: "" }));
      await refused(/has an empty vault, so nothing/);
    });

    it("the signed file is not a zip file", async () => {
      await serve("2.2.2", Buffer.from("no zip file"));
      await refused(/has no usable vault/);
    });
  });

  it("writes nothing outside its folder, for any names in the archive", async () => {
    const zip = await climbingZip(script("2.2.2"));
    await serve("2.2.2", zip);
    await install("2.2.2");
    expect(runs()).toBe("Vault v2.2.2");
    expect(readdirSync(join(root, "releases/vault-2.2.2"))).toEqual(["vault"]);
    expect(readdirSync(root).sort()).toEqual(["bin", "releases"]);
    expect(existsSync("/tmp/install-release-climbed")).toBe(false);
  });

  it("gives up at its deadline if the server stays down, with a code after which the unit retries", async () => {
    const { port } = server.address() as AddressInfo;
    await close();
    try {
      const { code, said } = await install("2.2.2", { INSTALL_WAIT_SECONDS: "1" });
      expect(code).toBe(1);
      expect(said).toMatch(
        /gave up waiting for https:\/\/localhost:\d+\/2\.2\.2\/vault_2\.2\.2_SHA256SUMS after 1 seconds; the last answer: no answer \(/,
      );
      expectNothing();
    } finally {
      await listen(port);
    }
  });

  it("trusts no unknown server", async () => {
    await serve("2.2.2");
    const { code, said } = await install("2.2.2", { SSL_CERT_FILE: "/dev/null", INSTALL_WAIT_SECONDS: "1" });
    expect([code, said]).toEqual([1, expect.stringContaining("no answer (")]);
    expect(requests).toEqual([]);
  });

  it("completes an installation that kill -9 interrupted at any moment", async () => {
    await serve("2.0.3");
    expect((await install("2.0.3")).code).toBe(0);
    const ARCHIVE_SHA256 = await serve(
      "2.2.2",
      await zipOf({ vault: `${script("2.2.2")}#${"x".repeat(2_000_000)}` }),
    );
    const seen = new Set<string>();
    for (let milliseconds = 5; !seen.has("done"); milliseconds += 12) {
      const run = spawn("bash", [join(PROGRAMS, "install-release")], {
        env: environment("2.2.2", { ARCHIVE_SHA256 }),
        stdio: "ignore",
        detached: true,
      });
      const ended = once(run, "close");
      const timer = setTimeout(() => process.kill(-(run.pid as number), "SIGKILL"), milliseconds);
      const [code] = await ended;
      clearTimeout(timer);
      // At any moment a complete program answers: the previous or the new one.
      const version = runs();
      seen.add(code === 0 ? "done" : version);
      expect(["Vault v2.0.3", "Vault v2.2.2"]).toContain(version);
    }
    expect(seen.has("Vault v2.0.3")).toBe(true);
    expect((await install("2.2.2", { ARCHIVE_SHA256 })).code).toBe(0);
    expect([runs(), folders()]).toEqual(["Vault v2.2.2", ["vault-2.0.3", "vault-2.2.2"]]);
    expect(lstatSync(link()).isSymbolicLink()).toBe(true);
  });

  it("says that the disk is full, leaves nothing, and can retry", async () => {
    const ARCHIVE_SHA256 = await serve(
      "2.2.2",
      await zipOf({ vault: `${script("2.2.2")}#${"x".repeat(4_000_000)}` }),
    );
    const inSmallFolder =
      'mount -t tmpfs -o size=1m none "$RELEASES_DIRECTORY" || exit 99; "$0"; code=$?; ls "$RELEASES_DIRECTORY" >&2; exit $code';
    const { code, said } = await install("2.2.2", { ARCHIVE_SHA256 }, [
      "unshare",
      "--user",
      "--map-root-user",
      "--mount",
      "sh",
      "-c",
      inSmallFolder,
    ]);
    if (code === 99)
      return console.warn("This system has no user namespaces, so the test of a full disk did not run.");
    expect(said).toBe(
      `install-release: ${join(root, "releases")} has no room for vault 2.2.2. Free some space. The next try starts automatically.\nvault.lock\n`,
    );
    expect(code).toBe(1);
  });
});

/** A zip file with names outside of the folder into which it is unpacked. */
async function climbingZip(vault: string): Promise<Buffer> {
  const zip = new ZipFile();
  const names = ["aa/aa/climbed", "/tmp/install-release-climbed".slice(1), "vault"];
  for (const name of names) zip.addBuffer(Buffer.from(name === "vault" ? vault : "climbed"), name);
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  // yazl rejects such names. So this test writes them over names of the same length.
  return Buffer.from(
    Buffer.concat(chunks).toString("latin1").replaceAll("aa/aa/climbed", "../../climbed"),
    "latin1",
  );
}
