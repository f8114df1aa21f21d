import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { Writable } from "node:stream";
import { HASHICORP_RELEASES } from "../../../lib/releases/release-source";
import { VAULT_GO_MODULE, VAULT_RELEASE } from "../../../lib/releases/vault-versions";
import { goPlatform } from "../../../sandbox/programs/platform";
import { ProgramCache } from "../../../sandbox/programs/program-cache";
import { findVaultProgram } from "../../../sandbox/vault/vault-program";
import { downloadVaultRelease } from "../../../sandbox/vault/vault-release";
import { capturedProgress } from "../../lib/processes/captured-progress";
import { runScript } from "../../lib/processes/script";
import { standIn, vaultStandIn } from "../../lib/processes/stand-in";
import { temporaryFolder } from "../../lib/processes/temporary-folder";
import { type ReleaseServer, releaseKey, releaseServer, signatureOf } from "./release-server";

jest.setTimeout(60_000); // some tests start TypeScript anew

const folder = temporaryFolder();
const platform = goPlatform();
const ENTRY = `vault_${VAULT_RELEASE}_${platform}`;
const BUILT = `vault_${VAULT_GO_MODULE}_${platform}`;
const BASE = `/vault/${VAULT_RELEASE}`;
const ARCHIVE = `${BASE}/${ENTRY}.zip`;
const SUMS = `${BASE}/vault_${VAULT_RELEASE}_SHA256SUMS`;
const SIGNATURE = `${SUMS}.sig`;

let server: ReleaseServer;
beforeEach(async () => {
  server = await releaseServer(
    VAULT_RELEASE,
    platform,
    `#!/bin/sh\necho 'Vault v${VAULT_RELEASE} (0123abc)'\n`,
  );
});
beforeEach(() => void noGo());
afterEach(() => server.close());

/** PATH holds only what a test puts into bin, and sh's own tools. */
const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: `${bin()}:/usr/bin:/bin`,
  HOME: folder.path,
  ...more,
});
const bin = (): string => join(folder.path, "bin");
const cacheFolder = (): string => join(folder.path, "cache");
const inCache = (): string[] =>
  existsSync(cacheFolder()) ? readdirSync(cacheFolder()).filter((it) => it !== "lock") : [];

async function find(more: NodeJS.ProcessEnv = {}) {
  const { progress, text } = capturedProgress();
  const cache = new ProgramCache(cacheFolder());
  const program = await findVaultProgram({ progress, env: env(more), cache, source: server.source });
  return { ...program, text: text() };
}

/** Keeps a real Go of this machine out of the tests: a real build takes minutes. */
const noGo = (): string => standIn(bin(), "go", "echo 'no Go in this test' >&2; exit 1");

/** A `go` that knows its version and "builds" a Vault, and writes down how it was called. */
const goStandIn = (
  build = `printf '#!/bin/sh\\necho "Vault v${VAULT_GO_MODULE} (cgo)"\\n' > "$out"`,
): string =>
  standIn(
    bin(),
    "go",
    `[ "$1" = version ] && { echo 'go version go1.26.0 linux/amd64'; exit; }
     echo "$PWD: $*" >> ${folder.path}/go-calls
     while [ "$1" != -o ]; do shift; done; out=$2
     echo 'go: downloading github.com/hashicorp/vault v${VAULT_GO_MODULE}' >&2
     echo github.com/hashicorp/vault/command >&2
     ${build}`,
  );

describe("Vault from PATH", () => {
  it("comes first, and says which version it is when another was asked for", async () => {
    const path = vaultStandIn(bin(), "1.21.3");
    const { text, ...program } = await find();
    expect(program).toEqual({ path, version: "1.21.3", origin: "PATH" });
    expect(text).toBe(`Vault 1.21.3, not ${VAULT_RELEASE}, from PATH (${path})\n`);
    expect(server.requests).toEqual([]);
  });

  it.each([
    ["too old", "1.20.4", "is Vault 1.20.4, and 1.21.0 or newer is needed"],
    ["Enterprise without a licence", "1.21.4+ent", "does not start without a licence"],
  ])("is passed over when %s", async (_why, version, reason) => {
    vaultStandIn(bin(), version);
    expect((await find()).origin).toBe("release");
    server.files.clear();
    await expect(
      findVaultProgram({ ...(await quiet()), cache: new ProgramCache(join(folder.path, "other")) }),
    ).rejects.toThrow(reason);
  });

  it("is Enterprise where there is a licence", async () => {
    vaultStandIn(bin(), "1.21.4+ent");
    expect((await find({ VAULT_LICENSE_PATH: "/etc/vault.hclic" })).origin).toBe("PATH");
  });

  it("is passed over when it is something else", async () => {
    standIn(bin(), "vault", "echo 'OpenBao v2.7.2'");
    expect((await find()).origin).toBe("release");
  });
});

describe("VAULT_PROGRAM", () => {
  it("names the binary", async () => {
    const path = vaultStandIn(join(folder.path, "mine"), "1.21.2");
    expect(await find({ VAULT_PROGRAM: path })).toMatchObject({
      path,
      version: "1.21.2",
      origin: "VAULT_PROGRAM",
    });
  });

  it("is an error when it is wrong: no other Vault is used instead", async () => {
    vaultStandIn(bin(), "1.21.4");
    await expect(find({ VAULT_PROGRAM: "/nowhere/vault" })).rejects.toThrow("/nowhere/vault is missing");
    await expect(find({ VAULT_PROGRAM: "vault" })).rejects.toThrow("absolute path");
  });
});

describe("HashiCorp's release", () => {
  it("is downloaded, verified and kept", async () => {
    const first = await find();
    expect(first).toMatchObject({
      version: VAULT_RELEASE,
      origin: "release",
      path: join(cacheFolder(), ENTRY, "vault"),
    });
    expect(first.text).toMatch(/^Downloading Vault .* … done in \d+\.\d s\n$/);
    expect(readdirSync(join(cacheFolder(), ENTRY)).sort()).toEqual(["note.json", "vault"]);

    server.files.clear();
    expect((await find()).origin).toBe("cache");
  });

  it("is HashiCorp's own, under the key that HashiCorp publishes", () => {
    expect(HASHICORP_RELEASES).toEqual({
      releasesUrl: "https://releases.hashicorp.com",
      keyUrl: "https://www.hashicorp.com/.well-known/pgp-key.txt",
      fingerprint: "C874011F0AB405110D02105534365D9472D7468F",
    });
  });

  describe("stops everything, and leaves nothing, when", () => {
    beforeEach(() => void goStandIn());
    afterEach(() => {
      expect(inCache()).toEqual([]);
      expect(existsSync(join(folder.path, "go-calls"))).toBe(false);
    });

    it("the archive is not the one that was signed", async () => {
      const zip = Buffer.from(server.files.get(ARCHIVE) as Buffer);
      zip[40] = (zip[40] ?? 0) ^ 1;
      server.files.set(ARCHIVE, zip);
      await expect(find()).rejects.toThrow(/\.zip has SHA-256 .* but HashiCorp signed .*is not used/);
    });

    it("the list of checksums was changed after it was signed", async () => {
      server.files.set(SUMS, `${server.files.get(SUMS)}\n`);
      await expect(find()).rejects.toThrow(/did not make the signature of .*SHA256SUMS/);
    });

    it("another key signed", async () => {
      const { privateKey } = await releaseKey();
      server.files.set(SIGNATURE, await signatureOf(String(server.files.get(SUMS)), privateKey));
      await expect(find()).rejects.toThrow(/did not make the signature of/);
    });

    it("the key itself was exchanged, with signature and all", async () => {
      const { privateKey, armored, fingerprint } = await releaseKey();
      server.files.set("/key.asc", armored);
      server.files.set(SIGNATURE, await signatureOf(String(server.files.get(SUMS)), privateKey));
      await expect(find()).rejects.toThrow(`is ${fingerprint}, not ${server.source.fingerprint}`);
    });

    it("the signature or the key is rubbish", async () => {
      server.files.set(SIGNATURE, "rubbish");
      await expect(find()).rejects.toThrow(/did not make the signature of/);
      server.files.set("/key.asc", "<html>");
      await expect(find()).rejects.toThrow(/does not contain an OpenPGP key/);
    });
  });

  it.each([
    ["is not there", ARCHIVE, () => undefined, /\.zip answered 404/],
    ["lacks its signature", SIGNATURE, () => undefined, /\.sig answered 404/],
    ["breaks off", ARCHIVE, breakOff, /broke off after \d+ of \d+ bytes/],
    ["is refused", ARCHIVE, (it: ServerResponse) => it.writeHead(503).end(), /answered 503/],
  ])("that %s is named, leaves nothing, and Go's turn comes", async (_what, path, answer, reason) => {
    const instead = answer.length === 0 ? undefined : (answer as (response: ServerResponse) => void);
    if (instead) server.files.set(path, instead);
    else server.files.delete(path);
    await expect(find()).rejects.toThrow(reason);
    expect(inCache()).toEqual([]);
    goStandIn();
    expect((await find()).origin).toBe("Go module");
  });

  it("cannot be had without a network", async () => {
    server.close();
    await expect(find()).rejects.toThrow(/HashiCorp's release: .* cannot be reached \(.*ECONNREFUSED/);
  });

  it("that stops coming is not waited for without end", async () => {
    server.files.set(
      ARCHIVE,
      (response) => void response.writeHead(200, { "content-length": 1000 }).write("PK"),
    );
    const options = { version: VAULT_RELEASE, platform, source: server.source, silenceMs: 200 };
    await expect(downloadVaultRelease(folder.path, options)).rejects.toThrow(
      "broke off after 2 of 1000 bytes (nothing came for 0.2 s)",
    );
    expect(readdirSync(folder.path)).toEqual(["bin"]);
  });

  it("says so when the disk is full, and leaves no file", async () => {
    const full = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error("full"), { code: "ENOSPC" })),
    });
    const options = { version: VAULT_RELEASE, platform, source: server.source, openFile: () => full };
    await expect(downloadVaultRelease(folder.path, options)).rejects.toThrow("No disk space is left");
    expect(readdirSync(folder.path)).toEqual(["bin"]);
  });

  it("for another platform is not listed, and that is said", async () => {
    const options = { version: VAULT_RELEASE, platform: "linux_riscv64", source: server.source };
    await expect(downloadVaultRelease(folder.path, options)).rejects.toThrow(
      /HashiCorp publishes no vault_.*riscv64/,
    );
  });

  it("is fetched over https only", async () => {
    const source = { ...server.source, releasesUrl: "http://releases.example.com" };
    const options = { version: VAULT_RELEASE, platform, source };
    await expect(downloadVaultRelease(folder.path, options)).rejects.toThrow("only https is");
  });
});

describe("The cache", () => {
  it("is never trusted blindly: a changed binary stops everything", async () => {
    const { path } = await find();
    writeFileSync(path, `${readFileSync(path)}\n# changed`);
    await expect(find()).rejects.toThrow(
      /is not the file that was put there: its SHA-256 differs.* then delete/,
    );
  });

  it("keeps no binary that calls itself something else", async () => {
    const other = await releaseServer(VAULT_RELEASE, platform, "#!/bin/sh\necho 'Vault v1.21.2 (0123abc)'\n");
    server.close();
    server = other;
    await expect(find()).rejects.toThrow("it calls itself 1.21.2, not");
    expect(inCache()).toEqual([]);
  });

  it("is cleaned of what a killed process left half done", async () => {
    mkdirSync(join(cacheFolder(), ".work-dead"), { recursive: true });
    await find();
    expect(inCache()).toEqual([ENTRY]);
  });

  it("that cannot be written is named", async () => {
    writeFileSync(cacheFolder(), "");
    await expect(find()).rejects.toThrow(
      /cache: .*cannot be written \(E(NOTDIR|EXIST)\); set XDG_CACHE_HOME elsewhere/,
    );
  });

  it("lets two processes that ask at once do the work once", async () => {
    let asked = 0;
    const zip = server.files.get(ARCHIVE);
    server.files.set(ARCHIVE, (response) => {
      asked++;
      response.end(zip);
    });
    const body = `
      import { findVaultProgram } from "@project/sandbox/vault/vault-program";
      import { ProgramCache } from "@project/sandbox/programs/program-cache";
      findVaultProgram({ env: ${JSON.stringify(env())}, cache: new ProgramCache(${JSON.stringify(cacheFolder())}),
        source: ${JSON.stringify(server.source)} }).then(({ version }) => console.log("found " + version));`;
    const scripts = [1, 2, 3].map(() => runScript(folder.path, body));
    for (const script of scripts) expect(await script.line("found")).toBe(VAULT_RELEASE);
    expect(asked).toBe(1);
  });
});

describe("The build of the Go module", () => {
  beforeEach(() => server.files.clear());

  it("calls Go in the module that pins every version", async () => {
    goStandIn();
    const { text, ...program } = await find();
    expect(program).toEqual({
      path: join(cacheFolder(), BUILT, "vault"),
      version: VAULT_GO_MODULE,
      origin: "Go module",
    });
    expect(text).toMatch(/Building Vault 1\.21\.0 from its Go module, about 7 minutes .* …\n.* … done in/);
    const call = readFileSync(join(folder.path, "go-calls"), "utf8");
    expect(call).toMatch(
      /sandbox\/vault\/vault-build: build -v -mod=readonly .* github\.com\/hashicorp\/vault\n$/,
    );
    expect((await find()).text).toContain(`Vault ${VAULT_GO_MODULE}, not ${VAULT_RELEASE}, from cache`);
  });

  it("builds the version that its module requires", () => {
    const module = readFileSync(join(__dirname, "../../../sandbox/vault/vault-build/go.mod"), "utf8");
    expect(module).toContain(`require github.com/hashicorp/vault v${VAULT_GO_MODULE}\n`);
  });

  it.each([
    ["no disk space", "write /tmp/x: no space left on device", "No disk space is left for building Vault"],
    [
      "no module proxy",
      "dial tcp: lookup modules.example.com: no such host",
      "Go's module proxy cannot be reached",
    ],
    ["a compiler's error", "vault/x.go:1:2: undefined: y", "Go could not build Vault"],
  ])("tells the cure for %s, and leaves nothing", async (_what, said, cure) => {
    goStandIn(`touch "$out"; echo '${said}' >&2; exit 1`);
    await expect(find()).rejects.toThrow(cure);
    expect(inCache()).toEqual([]);
  });

  it("stops everything when a module is not what go.sum says", async () => {
    goStandIn("echo 'verifying module: checksum mismatch' >&2; echo 'SECURITY ERROR' >&2; exit 1");
    await expect(find()).rejects.toMatchObject({ name: "VerificationError" });
  });

  it("wants a Go that can fetch the Go it needs", async () => {
    standIn(bin(), "go", "echo 'go version go1.19.8 linux/amd64'");
    await expect(find()).rejects.toThrow("is Go 1.19.8, and 1.21 or newer is needed");
  });
});

describe("When no way works", () => {
  it("lists what was tried, and why each failed, with the cure first", async () => {
    server.files.clear();
    const message = await findVaultProgram(await quiet()).catch((error) => error.message);
    expect(message).toMatch(
      /^No Vault can be had; install Vault 1\.21\.0 or newer .* VAULT_PROGRAM\. Tried:\n/,
    );
    expect(message.split("\n").slice(1)).toEqual([
      "  - PATH: there is no program named vault.",
      expect.stringMatching(/^ {2}- HashiCorp's release: http.* answered 404/),
      expect.stringMatching(/^ {2}- Go module: /),
    ]);
  });
});

/** Options with which no way may work. */
async function quiet() {
  noGo();
  return {
    progress: capturedProgress().progress,
    env: env(),
    cache: new ProgramCache(cacheFolder()),
    source: server.source,
  };
}

function breakOff(response: ServerResponse): void {
  response.writeHead(200, { "content-length": 10_000 });
  response.write("PK and no more", () => response.destroy());
}
