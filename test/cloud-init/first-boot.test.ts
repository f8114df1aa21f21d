import { readdirSync, readFileSync, utimesSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { vaultServerUserData } from "../../cloud-init/vault-server/user-data";
import type { KeyAndCertificate } from "../../sandbox/azure/server/key-and-certificate";
import { createSelfSigned } from "../../sandbox/azure/server/self-signed-certificate";
import { vaultServer } from "./examples";
import { VmPrograms } from "./vm-program";

/** Vault's answer to GET sys/init: status and body. */
type Answer = [status: number, body: string];

/** An interrupted first boot with stored keys erases nothing after this number of seconds. */
const erasesWithin = 3600;

let certificate: KeyAndCertificate;
let vault: Server;
let vm: VmPrograms;
let answer: Answer;
/** The status of Vault's answer to GET sys/health. */
let health: number;
const changes: string[] = [];

beforeAll(async () => {
  certificate = await createSelfSigned({
    subject: "CN=vault.demo.internal",
    dnsNames: ["vault.demo.internal"],
    notAfter: new Date(Date.now() + 3_600_000),
    keySize: 2048,
  });
});

beforeEach(async () => {
  vm = new VmPrograms(vaultServerUserData(vaultServer));
  vm.write("raft/vault.db", "somebody's secrets");
  vm.write("tls/current/tls.crt", certificate.certificatePem);
  changes.length = 0;
  health = 200;
  vault = createServer({ key: certificate.keyPem, cert: certificate.certificatePem }, (request, response) => {
    if (request.method !== "GET") changes.push(`${request.method} ${request.url}`);
    const others: Answer = [request.url === "/v1/sys/health" ? health : 200, "{}"];
    const [status, body] = request.url === "/v1/sys/init" ? answer : others;
    response.writeHead(request.method === "GET" ? status : 403).end(body);
  });
  await new Promise<void>((done) => vault.listen(0, "127.0.0.1", done));
});

afterEach(async () => {
  vm.remove();
  vault.closeAllConnections();
  await new Promise((done) => vault.close(done));
});

/** Runs first boot on a disk in a state that is this number of seconds old. */
async function firstBoot(state: string, secondsAgo = 0, env: Record<string, string> = {}) {
  vm.write("first-boot", `${state}\n`);
  const then = Date.now() / 1000 - secondsAgo;
  utimesSync(vm.path("first-boot"), then, then);
  const { port } = vault.address() as AddressInfo;
  const { code, said } = await vm.run("vault-first-boot", {
    FIRST_BOOT: "initialize",
    FIRST_BOOT_STATE: vm.path("first-boot"),
    FIRST_BOOT_SESSION: vm.path("session"),
    VAULT_RAFT_PATH: vm.path("raft"),
    FIRST_BOOT_AUDIT_LOG: vm.path("audit.log"),
    VAULT_POLICIES: vm.path("etc/vault.d"),
    VAULT_LISTENER_FILE: vm.path("listener.hcl"),
    VAULT_API_ADDR: "https://vault.demo.internal:8200",
    VAULT_LISTENER: `127.0.0.1:${port}`,
    TLS_DIRECTORY: vm.path("tls"),
    RECOVERY_KEYS_SECRET_URL: "https://kv.invalid/secrets/vault-recovery-keys",
    RECOVERY_SHARES: "5",
    RECOVERY_THRESHOLD: "3",
    // No program answers there, so a new first boot stops before init.
    ENTRA_ISSUER_BASE: "http://127.0.0.1:1",
    AZURE_TENANT_ID: "tenant",
    VAULT_PRINCIPAL_ID: "principal",
    // It tries once.
    VAULT_WAIT_SECONDS: "0",
    ENTRA_WAIT_SECONDS: "0",
    JOIN_WAIT_SECONDS: "0",
    ...env,
  });
  return {
    code,
    said,
    erased: readdirSync(vm.path("raft")).length === 0,
    state: readFileSync(vm.path("first-boot"), "utf8").trim(),
  };
}

const initialized: Answer = [200, '{"initialized": true}'];
const uninitialized: Answer = [200, '{"initialized": false}'];

describe("First boot erases what Vault has stored", () => {
  it.each(["initializing", "keys-stored", "revoking"])(
    "in the state %s, if Vault says that it is not initialized",
    async (state) => {
      answer = uninitialized;
      expect(await firstBoot(state)).toMatchObject({ code: 1, erased: true, state: "erased" });
    },
  );

  it("if its session is lost soon after the keys were stored", async () => {
    answer = initialized;
    expect(await firstBoot("keys-stored", erasesWithin - 60)).toMatchObject({ erased: true });
  });

  it("if its session is lost before anybody saw a key, at any time", async () => {
    answer = initialized;
    expect(await firstBoot("initializing", 10 * erasesWithin)).toMatchObject({ erased: true });
  });
});

describe("First boot erases nothing", () => {
  it.each<[string, Answer]>([
    ["403", [403, '{"errors": ["permission denied"]}']],
    ["404", [404, '{"errors": []}']],
    ["500", [500, '{"errors": ["internal error"]}']],
    ["503", [503, '{"errors": ["Vault is sealed"]}']],
    ["a refusal that says not initialized", [403, '{"initialized": false}']],
    ["an error that says not initialized", [500, '{"initialized": false}']],
    ["an error that says initialized", [503, '{"initialized": true}']],
    ["302", [302, ""]],
    ["204", [204, ""]],
    ["200 and no JSON", [200, "<html>Welcome</html>"]],
    ["200 and nothing", [200, ""]],
    ["200 and other JSON", [200, '{"sealed": true}']],
    ["200 and null", [200, '{"initialized": null}']],
    ["200 and a text", [200, '{"initialized": "false"}']],
  ])("on an answer that proves nothing: %s", async (_what, given) => {
    answer = given;
    for (const state of ["initializing", "keys-stored", "formatted"])
      expect(await firstBoot(state)).toMatchObject({ code: 1, erased: false, state });
    expect(changes).toEqual([]);
  });

  it.each(["keys-stored", "revoking"])(
    "in the state %s an hour after the keys were stored",
    async (state) => {
      answer = initialized;
      const outcome = await firstBoot(state, erasesWithin + 60);
      expect(outcome).toMatchObject({ code: 1, erased: false, state });
      expect(outcome.said).toMatch(/so this Vault is not erased\. If it is empty,/);
    },
  );

  it.each(["formatted", "erased"])(
    "of a Vault that it finds initialized on a disk in the state %s",
    async (state) => {
      answer = initialized;
      const outcome = await firstBoot(state);
      expect(outcome).toMatchObject({ code: 1, erased: false, state });
      expect(outcome.said).toContain("Vault is initialized, but not by this first boot");
    },
  );

  it.each([initialized, uninitialized])(
    "on a disk that it did not make, with any answer of Vault: %j",
    async (...given) => {
      answer = given as Answer;
      const outcome = await firstBoot("");
      expect(outcome).toMatchObject({ code: 1, erased: false });
      expect(outcome.said).toContain("so its file system was not made by this system");
    },
  );

  it.each(["", "formatted"])("if it must adopt a disk in the state %j that holds no Vault", async (state) => {
    answer = uninitialized;
    const outcome = await firstBoot(state, 0, { FIRST_BOOT: "adopt" });
    expect(outcome).toMatchObject({ code: 1, erased: false, state });
    expect(outcome.said).toContain("the data disk holds no initialized Vault");
  });

  it("after it is complete", async () => {
    answer = uninitialized;
    expect(await firstBoot("complete")).toMatchObject({ code: 0, erased: false, state: "complete" });
  });
});

describe("First boot of a node that joins a cluster", () => {
  const join = { FIRST_BOOT: "join", VAULT_PEERS: "vault-2.demo.internal" };
  beforeEach(() => {
    health = 501; // not initialized. Source: Vault's documentation, api-docs/system/health
  });

  /** Vault's storage, and the listener's file that each start of Vault writes. One of them is an hour older. */
  const startedWith = (storage: "older" | "own") => {
    vm.write("raft/raft/raft.db", "the cluster's nodes");
    vm.write("listener.hcl", "");
    const then = Date.now() / 1000 - 3600;
    utimesSync(vm.path(storage === "older" ? "raft/raft" : "listener.hcl"), then, then);
  };

  it("erases the storage of an interrupted join, because Vault refuses to join with it", async () => {
    answer = uninitialized;
    startedWith("older");
    const outcome = await firstBoot("formatted", 0, join);
    expect(outcome).toMatchObject({ code: 1, erased: true, state: "formatted" });
    expect(outcome.said).toContain("Vault was interrupted before it had joined");
    expect(changes).toEqual([]);
  });

  it.each<[string, Answer, "older" | "own"]>([
    ["that Vault has just begun", uninitialized, "own"],
    ["of a Vault that has joined", initialized, "older"],
    ["on an answer that proves nothing", [503, '{"initialized": false}'], "older"],
  ])("erases no storage %s", async (_, given, storage) => {
    answer = given;
    startedWith(storage);
    expect(await firstBoot("formatted", 0, join)).toMatchObject({ code: 1, erased: false });
    expect(changes).toEqual([]);
  });
});

describe("Vault's listener", () => {
  const listeners = (state: string | undefined) => {
    if (state !== undefined) vm.write("first-boot", `${state}\n`);
    vm.program("usr/local/sbin/write-listener", `exec "$(dirname -- "$0")/vault-listener" write`);
    return vm
      .run("write-listener", {
        FIRST_BOOT_STATE: vm.path("first-boot"),
        VAULT_LISTENER_TEMPLATE: vm.path("etc/vault.d/listener.hcl"),
        VAULT_LISTENER_FILE: vm.path("run/listener.hcl"),
        LOOPBACK_ADDRESS: "127.0.0.1",
        PUBLIC_ADDRESSES: "10.20.1.4",
        CLUSTER_ADDRESSES: "10.20.1.4",
      })
      .then(({ code }) => [
        code,
        [...readFileSync(vm.path("run/listener.hcl"), "utf8").matchAll(/address\s*= "(.*)"/g)].map(
          ([, it]) => it,
        ),
      ]);
  };

  it.each([
    undefined,
    "",
    "formatted",
    "initializing",
    "keys-stored",
    "revoking",
    "erasing",
    "erased",
    "completed",
    "not complete",
    "complete\nformatted",
  ])("is on loopback in the state %j", async (state) => {
    expect(await listeners(state)).toEqual([0, ["127.0.0.1:8200", "127.0.0.1:8201"]]);
  });

  it("is on the VM's own addresses after first boot is complete", async () => {
    expect(await listeners("complete")).toEqual([0, ["10.20.1.4:8200", "10.20.1.4:8201"]]);
  });
});
