import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs, { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { packageApp } from "../../../app/package";
import { linkPackages } from "../../../lib/link-packages";
import { itTakesLong } from "../../long-tests";

/** Settings of App Service for a Vault and an identity endpoint that do not exist. */
const nothingThere = {
  VAULT_ADDR: "https://127.0.0.1:1",
  VAULT_ROLE: "webapp-role",
  VAULT_PATHS: "transit/encrypt/customer-key,transit/decrypt/customer-key,transit/hmac/customer-key",
  VAULT_DATABASE_CREDENTIALS_PATH: "database/creds/long",
  MYSQL_HOST: "127.0.0.1",
  MYSQL_DATABASE: "customers",
  VAULT_TOKEN_RESOURCE: "https://management.azure.com/",
  IDENTITY_ENDPOINT: "http://127.0.0.1:1/msi/token",
  IDENTITY_HEADER: "none",
};

const project = join(__dirname, "../../..");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("The package", () => {
  it("is the same, byte for byte, in another folder, time zone and process", () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "elsewhere-"));
    try {
      for (const part of ["app", "package.json", "package-lock.json", "tsconfig.json"])
        cpSync(join(project, part), join(elsewhere, part), { recursive: true });
      // This leaves out .cache, which may hold an earlier package.
      linkPackages(elsewhere);
      const script = `process.stdout.write(require("./app/package.ts").packageApp())`;
      const made = execFileSync(process.execPath, ["--require", "tsx/cjs", "--eval", script], {
        cwd: elsewhere,
        env: { ...process.env, TZ: "Asia/Kathmandu", LC_ALL: "C" },
        maxBuffer: 100 * 2 ** 20,
      });
      expect(sha256(made)).toBe(sha256(packageApp()));
      // The process made the package in that folder.
      expect(readdirSync(join(elsewhere, "node_modules/.cache/vault-on-azure"))).toHaveLength(1);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  // The test above bundles it again, too.
  itTakesLong("is the same, byte for byte, when it is bundled again", () => {
    const first = packageApp();
    const lookUp = jest.spyOn(fs, "existsSync").mockReturnValue(false);
    const again = packageApp();
    expect(lookUp).toHaveBeenCalledWith(expect.stringMatching(/app-[0-9a-f]{32}\.zip$/));
    lookUp.mockRestore();
    expect(Buffer.from(again).equals(Buffer.from(first))).toBe(true);
  });

  it("contains files that everybody may read after unzip", () => {
    const zip = Buffer.from(packageApp());
    const modes: string[] = [];
    for (let at = zip.indexOf("PK\x01\x02"); at >= 0; at = zip.indexOf("PK\x01\x02", at + 4))
      modes.push((zip.readUInt32LE(at + 38) >>> 16).toString(8));
    expect(modes).toEqual(["100644", "100644"]);
  });

  describe("started by Node alone, while Vault is down", () => {
    let folder: string;
    let server: Server;

    interface Server {
      readonly process: ChildProcess;
      readonly address: string;
      output(): string;
    }

    async function startServer(): Promise<Server> {
      let output = "";
      const started = spawn(process.execPath, ["server.js"], {
        cwd: folder,
        env: { ...nothingThere, PORT: "0", LISTEN_ADDRESS: "127.0.0.1" },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const address = await new Promise<string>((resolve, reject) => {
        const read = (chunk: Buffer) => {
          output += chunk;
          const found = /Server listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(output);
          if (found?.[1]) resolve(found[1]);
        };
        started.stdout.on("data", read);
        started.stderr.on("data", read);
        started.once("exit", (code) => reject(new Error(`server.js ended with ${code}:\n${output}`)));
      });
      return { process: started, address, output: () => output };
    }

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "app-"));
      for (const [name, bytes] of Object.entries(unzipSync(packageApp())))
        writeFileSync(join(folder, name), bytes);
      server = await startServer();
    }, 60_000);

    afterAll(() => {
      server?.process.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    });

    it("answers the health probe", async () => {
      const answer = await fetch(`${server.address}/healthz`);
      expect([answer.status, await answer.json()]).toEqual([200, { status: "alive" }]);
    });

    it("names what it waits for", async () => {
      const answer = await fetch(`${server.address}/readyz`);
      expect(answer.status).toBe(503);
      expect(((await answer.json()) as { reasons: string[] }).reasons).not.toEqual([]);
    });

    it("shows its pages, and reports pages with data as unavailable", async () => {
      expect((await fetch(`${server.address}/system`)).status).toBe(200);
      const answer = await fetch(`${server.address}/customers`);
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      expect((await fetch(`${server.address}/metrics`)).status).toBe(200);
    });

    it("writes nothing but JSON to its log", () => {
      for (const line of server.output().trim().split("\n")) expect(() => JSON.parse(line)).not.toThrow();
    });

    it("ends if its port is in use", async () => {
      const second = spawn(process.execPath, ["server.js"], {
        cwd: folder,
        env: { ...nothingThere, PORT: new URL(server.address).port, LISTEN_ADDRESS: "127.0.0.1" },
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      second.stdout.on("data", (chunk: Buffer) => {
        said += chunk;
      });
      try {
        expect(await new Promise((resolve) => second.once("close", resolve))).toBe(1);
        expect(said).toMatch(/"event":"not started".*"EADDRINUSE"/);
      } finally {
        second.kill("SIGKILL");
      }
    }, 20_000);

    it("ends on SIGTERM", async () => {
      const own = await startServer();
      const ended = new Promise((resolve) => own.process.once("exit", resolve));
      own.process.kill("SIGTERM");
      expect({ code: await ended, output: own.output() }).toEqual({
        code: 0,
        output: expect.stringContaining('"event":"stopped"'),
      });
    }, 30_000);
  });
});
