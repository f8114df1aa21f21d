import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { Writable } from "node:stream";
import { HASHICORP_RELEASES } from "../../../lib/releases/release-source";
import { VAULT_GO_MODULE, VAULT_RELEASE } from "../../../lib/releases/vault-versions";
import { goPlatform } from "../../../sandbox/programs/go-platform";
import { ProgramCache } from "../../../sandbox/programs/program-cache";
import { findVaultProgram } from "../../../sandbox/vault/vault-program";
import { downloadVaultRelease } from "../../../sandbox/vault/vault-release";
import { capturedProgress } from "../../lib/processes/captured-progress";
import { runScript } from "../../lib/processes/script";
import { standIn, vaultStandIn } from "../../lib/processes/stand-in";
import { temporaryFolder } from "../../lib/processes/temporary-folder";
import { type ReleaseServer, releaseKey, releaseServer, signatureOf } from "./release-server";

jest.setTimeout(60_000); // some tests start TypeScript in a new process

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

/** PATH contains only a test's programs in bin and sh's own tools. */
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

/** Hides this machine's real Go from the tests, because a real build takes minutes. */
const noGo = (): string => standIn(bin(), "go", "echo 'no Go in this test' >&2; exit 1");

/** A `go` that knows its version, "builds" a Vault, and records its arguments. */
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
  it("comes first, and reports its version when it differs", async () => {
    const path = vaultStandIn(bin(), "1.21.3");
    const { text, ...program } = await find();
    expect(program).toEqual({ path, version: "1.21.3", origin: "PATH" });
    expect(text).toBe(`Vault 1.21.3, not ${VAULT_RELEASE}, from PATH (${path})\n`);
    expect(server.requests).toEqual([]);
  });

  it.each([
    ["too old", "1.20.4", "is Vault 1.20.4, but the sandbox needs 1.21.0 or newer"],
    [
      "Enterprise without a licence",
      "1.21.4+ent",
      "is Vault Enterprise (1.21.4+ent), which does not start without a licence",
    ],
  ])("is not used when %s", async (_why, version, reason) => {
    vaultStandIn(bin(), version);
    const { origin, text } = await find();
    expect(origin).toBe("release");
    expect(text).toContain(`The vault on PATH is not used: ${bin()}/vault ${reason}`);
    server.files.clear();
    await expect(
      findVaultProgram({ ...(await quiet()), cache: new ProgramCache(join(folder.path, "other")) }),
    ).rejects.toThrow(reason);
  });

  it("is Enterprise if there is a licence", async () => {
    vaultStandIn(bin(), "1.21.4+ent");
    expect((await find({ VAULT_LICENSE_PATH: "/etc/vault.hclic" })).origin).toBe("PATH");
  });

  it("is not used when it is another program", async () => {
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

  it("is an error when it is wrong, and no other Vault is used", async () => {
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

  it("is HashiCorp's own, with HashiCorp's published key", () => {
    expect(HASHICORP_RELEASES).toEqual({
      releasesUrl: "https://releases.hashicorp.com",
      keyUrl: "https://www.hashicorp.com/.well-known/pgp-key.txt",
      fingerprint: "C874011F0AB405110D02105534365D9472D7468F",
    });
  });

  describe("stops everything and leaves nothing when", () => {
    beforeEach(() => void goStandIn());
    afterEach(() => {
      expect(inCache()).toEqual([]);
      expect(existsSync(join(folder.path, "go-calls"))).toBe(false);
    });

    it("the archive differs from the signed one", async () => {
      const zip = Buffer.from(server.files.get(ARCHIVE) as Buffer);
      zip[40] = (zip[40] ?? 0) ^ 1;
      server.files.set(ARCHIVE, zip);
      await expect(find()).rejects.toThrow(/\.zip has SHA-256 .* but HashiCorp signed .*was not used/);
    });

    it("someone changed the checksum list after the signature", async () => {
      server.files.set(SUMS, `${server.files.get(SUMS)}\n`);
      await expect(find()).rejects.toThrow(/did not make the signature of .*SHA256SUMS/);
    });

    it("another key signed", async () => {
      const { privateKey } = await releaseKey();
      server.files.set(SIGNATURE, await signatureOf(String(server.files.get(SUMS)), privateKey));
      await expect(find()).rejects.toThrow(/did not make the signature of/);
    });

    it("someone replaced the key and the signature", async () => {
      const { privateKey, armored, fingerprint } = await releaseKey();
      server.files.set("/key.asc", armored);
      server.files.set(SIGNATURE, await signatureOf(String(server.files.get(SUMS)), privateKey));
      await expect(find()).rejects.toThrow(`is ${fingerprint}, not ${server.source.fingerprint}`);
    });

    it("the signature or the key is invalid", async () => {
      server.files.set(SIGNATURE, "rubbish");
      await expect(find()).rejects.toThrow(/did not make the signature of/);
      server.files.set("/key.asc", "<html>");
      await expect(find()).rejects.toThrow(/does not contain an OpenPGP key/);
    });
  });

  it.each([
    ["is missing", ARCHIVE, () => undefined, /\.zip answered 404/],
    ["has no signature", SIGNATURE, () => undefined, /\.sig answered 404/],
    ["stops early", ARCHIVE, breakOff, /stopped after \d+ of \d+ bytes/],
    ["is refused", ARCHIVE, (it: ServerResponse) => it.writeHead(503).end(), /answered 503/],
  ])(
    "that %s is reported and leaves nothing, and the build with Go follows",
    async (_what, path, answer, reason) => {
      const instead = answer.length === 0 ? undefined : (answer as (response: ServerResponse) => void);
      if (instead) server.files.set(path, instead);
      else server.files.delete(path);
      await expect(find()).rejects.toThrow(reason);
      expect(inCache()).toEqual([]);
      goStandIn();
      expect((await find()).origin).toBe("Go module");
    },
  );

  it("is not available without a network", async () => {
    server.close();
    await expect(find()).rejects.toThrow(/HashiCorp's release: Cannot reach .* \(.*ECONNREFUSED/);
  });

  it("that stalls fails after a deadline", async () => {
    server.files.set(
      ARCHIVE,
      (response) => void response.writeHead(200, { "content-length": 1000 }).write("PK"),
    );
    const options = { version: VAULT_RELEASE, platform, source: server.source, silenceMs: 200 };
    await expect(downloadVaultRelease(folder.path, options)).rejects.toThrow(
      "stopped after 2 of 1000 bytes (no data for 0.2 s)",
    );
    expect(readdirSync(folder.path)).toEqual(["bin"]);
  });

  it("reports a full disk, and leaves no file", async () => {
    const full = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error("full"), { code: "ENOSPC" })),
    });
    const options = { version: VAULT_RELEASE, platform, source: server.source, openFile: () => full };
    await expect(downloadVaultRelease(folder.path, options)).rejects.toThrow("No disk space is left");
    expect(readdirSync(folder.path)).toEqual(["bin"]);
  });

  it("for another platform is reported as missing", async () => {
    const options = { version: VAULT_RELEASE, platform: "linux_riscv64", source: server.source };
    await expect(downloadVaultRelease(folder.path, options)).rejects.toThrow(
      /HashiCorp does not publish vault_.*riscv64/,
    );
  });

  it("is downloaded only over https", async () => {
    const source = { ...server.source, releasesUrl: "http://releases.example.com" };
    const options = { version: VAULT_RELEASE, platform, source };
    await expect(downloadVaultRelease(folder.path, options)).rejects.toThrow("only supports https");
  });
});

describe("The cache", () => {
  it("is always verified, so a changed binary stops everything", async () => {
    const { path } = await find();
    writeFileSync(path, `${readFileSync(path)}\n# changed`);
    await expect(find()).rejects.toThrow(/has changed: its SHA-256 differs.* then delete/);
  });

  it("notices a change that keeps the binary's size and time", async () => {
    const { path } = await find();
    await find();
    const { atime, mtime } = statSync(path);
    writeFileSync(path, readFileSync(path, "utf8").replace("echo", "exec"));
    utimesSync(path, atime, mtime);
    await expect(find()).rejects.toThrow(/has changed: its SHA-256 differs/);
  });

  it("keeps no binary with another version", async () => {
    const other = await releaseServer(VAULT_RELEASE, platform, "#!/bin/sh\necho 'Vault v1.21.2 (0123abc)'\n");
    server.close();
    server = other;
    await expect(find()).rejects.toThrow("it reports the version 1.21.2, not");
    expect(inCache()).toEqual([]);
  });

  it("loses the unfinished work of a killed process", async () => {
    mkdirSync(join(cacheFolder(), ".work-dead"), { recursive: true });
    await find();
    expect(inCache()).toEqual([ENTRY]);
  });

  it("that is not writable is named", async () => {
    writeFileSync(cacheFolder(), "");
    await expect(find()).rejects.toThrow(
      /cache: Cannot write to .* \(E(NOTDIR|EXIST)\)\. Set XDG_CACHE_HOME to another folder/,
    );
  });

  it("lets two simultaneous processes do the work once", async () => {
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

  it("runs Go in the module that pins every version", async () => {
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
    [
      "no disk space",
      "write /tmp/x: no space left on device",
      "No disk space is left for the build of Vault",
    ],
    [
      "no module proxy",
      "dial tcp: lookup modules.example.com: no such host",
      "Cannot reach Go's module proxy",
    ],
    ["a compiler's error", "vault/x.go:1:2: undefined: y", "Go could not build Vault"],
  ])("names the cure for %s, and leaves nothing", async (_what, said, cure) => {
    goStandIn(`touch "$out"; echo '${said}' >&2; exit 1`);
    await expect(find()).rejects.toThrow(cure);
    expect(inCache()).toEqual([]);
  });

  it("stops everything when a module differs from go.sum", async () => {
    goStandIn("echo 'verifying module: checksum mismatch' >&2; echo 'SECURITY ERROR' >&2; exit 1");
    await expect(find()).rejects.toMatchObject({ name: "VerificationError" });
  });

  it("requires a Go that can download the necessary Go", async () => {
    standIn(bin(), "go", "echo 'go version go1.19.8 linux/amd64'");
    await expect(find()).rejects.toThrow("is Go 1.19.8, but the build needs 1.21 or newer");
  });
});

describe("When every source fails", () => {
  it("lists the cure first, and then each source with its failure", async () => {
    server.files.clear();
    const message = await findVaultProgram(await quiet()).catch((error) => error.message);
    expect(message).toMatch(/^Found no Vault\. Install Vault 1\.21\.0 or newer .* VAULT_PROGRAM\. Tried:\n/);
    expect(message.split("\n").slice(1)).toEqual([
      "  - PATH: found no program named vault.",
      expect.stringMatching(/^ {2}- HashiCorp's release: http.* answered 404/),
      expect.stringMatching(/^ {2}- Go module: /),
    ]);
  });
});

/** Options with which every source fails. */
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
