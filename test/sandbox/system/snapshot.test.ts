import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { loadEnvironment } from "../../../environments/load";
import { waitFor } from "../../../lib/processes/wait-for";
import { numbersOf } from "../../../lib/seeded-numbers";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import { worldOf } from "../../../sandbox/azurerm/azure-world";
import type { Machine } from "../../../sandbox/machine/machine";
import { Sandbox } from "../../../sandbox/system/sandbox";
import { StateFolder } from "../../../sandbox/system/state-folder";
import { reportOf } from "../../../scripts/deployment/restore";
import { snapshotFinding } from "../../../scripts/deployment/status/snapshot-finding";
import { capturedProgress } from "../../lib/processes/captured-progress";
import { itTakesLong, longTests } from "../../long-tests";
import { ask } from "../azure/caller";
import { describeWithVault } from "../programs-there";
import { management, Scene } from "./attacks/scene";
import {
  bootToTheEnd,
  deadlineMs,
  listenersOf,
  localConnection,
  outputFromNow,
  replaceDataDisk,
  rootTokenBy,
  storedKeys,
  untilSaid,
} from "./first-boots";
import { DeployersUnsealKey } from "./key-vault-caller";
import { deployerOf, useSandbox } from "./running-sandbox";
import { vaultIdentityToken } from "./vault-identity";

const SNAPSHOT = "vault-snapshot.service";
const DRILL = "vault-restore-drill.service";
const storage = "https://storage.azure.com/";

describeWithVault("A snapshot of Vault", () => {
  const running = useSandbox({ upTo: "azure" });
  const vm = () => running.sandbox.vault;
  beforeAll(async () => {
    await running.sandbox.startVault();
    // Only the long tests apply vault-config.
    if (longTests) await running.sandbox.startDatabase();
    await vm().untilActive("vault-access.service", { deadlineMs });
  }, 180_000);

  const containerUrl = () =>
    z
      .string()
      .parse(/^SNAPSHOTS_URL=(.*)$/m.exec(readFileSync(vm().path("/etc/vault.d/vault.env"), "utf8"))?.[1]);

  /** The store, as Vault's identity. */
  const asVault = (
    method: string,
    url: string,
    headers: Record<string, string> = {},
    body?: string | Buffer,
  ) =>
    ask(running.sandbox.azure, url, {
      method,
      token: vaultIdentityToken(running.sandbox, storage),
      headers: { "x-ms-version": "2021-12-02", ...headers },
      body,
      from: vm().name,
    });
  const kept = async (): Promise<string[]> => {
    const { body } = await asVault("GET", `${containerUrl()}?restype=container&comp=list`);
    return [...String(body).matchAll(/<Name>([^<]*)<\/Name>/g)].map(([, name = ""]) => name);
  };

  /** The name of the snapshot that vault-snapshot reports. */
  const nameIn = (output: string) => `${/^vault-snapshot (\S+): stored/m.exec(output)?.[1]}.snap`;

  it("is taken with the VM's own login, stored with the facts that a restore needs, and reported on the console", async () => {
    const { code, output } = await vm().run(SNAPSHOT);
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringMatching(
        /^vault-snapshot \d{8}T\d{6}Z-\d+: stored, \d+ bytes, Vault [\d.]+, key version [0-9a-f]{32}\n$/,
      ),
    });
    const name = nameIn(output);
    expect(await kept()).toContain(name);
    const { headers } = await asVault("HEAD", `${containerUrl()}/${name}`);
    const health = await running.client().request({ method: "GET", path: "sys/health" });
    expect(headers).toMatchObject({
      "x-ms-meta-cluster": health["cluster_id"],
      "x-ms-meta-version": health["version"],
    });
    expect(readdirSync(vm().path("/var/lib/vault-snapshot"))).toEqual([]);
    const { snapshots } = loadEnvironment("demo").vault;
    expect(snapshotFinding([output], snapshots, new Date())).toMatchObject({ state: "well" });
  });

  it("can be created by Vault's identity, but neither changed nor deleted", async () => {
    const { output } = await vm().run(SNAPSHOT);
    const url = `${containerUrl()}/${nameIn(output)}`;
    const headers = { "x-ms-blob-type": "BlockBlob" };
    expect(await asVault("PUT", url, headers, "another")).toMatchObject({ status: 403 });
    expect(await asVault("DELETE", url)).toMatchObject({ status: 403 });
    expect(await asVault("PUT", `${url}?comp=metadata`, { "x-ms-meta-cluster": "x" })).toMatchObject({
      status: 403,
    });
    const others = running.sandbox
      .agentWorkloads()
      .map(({ machine }) => running.sandbox.azure.tokenForMachine(machine, storage));
    for (const token of [...others, running.sandbox.deployerToken({ claims: { aud: storage } })]) {
      const { status } = await ask(running.sandbox.azure, url, {
        token,
        headers: { "x-ms-version": "2021-12-02" },
      });
      expect(status).toBe(403);
    }
  });

  it("that is killed at any moment leaves nothing that the next run does not clear away", async () => {
    const before = (await kept()).length;
    const said = outputFromNow(vm(), SNAPSHOT);
    const file = vm().path("/var/lib/vault-snapshot/snapshot");
    // Nothing takes it up there, so that the kill comes with the snapshot on the disk.
    const env = vm().path("/etc/vault.d/vault.env");
    const text = readFileSync(env, "utf8");
    writeFileSync(
      env,
      text.replace(/^SNAPSHOTS_URL=.*$/m, "SNAPSHOTS_URL=https://absent.blob.core.windows.net/snapshots"),
    );
    const run = vm().run(SNAPSHOT);
    await untilSaid(said, "waiting for the snapshot store");
    expect(existsSync(file)).toBe(true);
    vm().kill(SNAPSHOT, "SIGKILL");
    expect((await run).code).not.toBe(0);
    writeFileSync(env, text);
    expect((await vm().run(SNAPSHOT)).code).toBe(0);
    expect(readdirSync(vm().path("/var/lib/vault-snapshot"))).toEqual([]);
    expect(await kept()).toHaveLength(before + 1);
  });

  it("says on the console why it could not be kept", async () => {
    const env = vm().path("/etc/vault.d/vault.env");
    const text = readFileSync(env, "utf8");
    writeFileSync(
      env,
      `${text.replace(/^SNAPSHOTS_URL=.*$/m, "SNAPSHOTS_URL=https://absent.blob.core.windows.net/snapshots")}STORAGE_WAIT_SECONDS=1\n`,
    );
    try {
      const { code, output } = await vm().run(SNAPSHOT);
      expect(code).toBe(1);
      expect(output).toMatch(/^vault-snapshot \d{8}T\d{6}Z: failed: gave up waiting for the snapshot store/m);
      const { snapshots } = loadEnvironment("demo").vault;
      expect(snapshotFinding([output], snapshots, new Date())).toMatchObject({ state: "wrong" });
    } finally {
      writeFileSync(env, text);
    }
  });

  it("is taken before another version of Vault, but not before the running version or during first boot", async () => {
    const release = vm().path("/etc/vault-vm/vault-release.env");
    const firstBoot = vm().path("/var/lib/vault/first-boot");
    const texts = [release, firstBoot].map((path) => ({ path, text: readFileSync(path, "utf8") }));
    const added = async () => (await kept()).filter((name) => !before.includes(name));
    const before = await kept();
    const nothing = { code: 0, output: "" };
    expect(await vm().run("vault-snapshot-before.service")).toEqual(nothing);
    try {
      const text = readFileSync(release, "utf8");
      writeFileSync(release, text.replace(/^RELEASE_VERSION=.*$/m, "RELEASE_VERSION=9.9.9+ent"));
      writeFileSync(firstBoot, "formatted\n");
      expect(await vm().run("vault-snapshot-before.service")).toEqual(nothing);
      expect(await added()).toEqual([]);
      writeFileSync(firstBoot, "complete\n");
      expect((await vm().run("vault-snapshot-before.service")).code).toBe(0);
    } finally {
      for (const { path, text } of texts) writeFileSync(path, text);
    }
    expect(await added()).toEqual([expect.stringMatching(/^\d{8}T\d{6}Z-\d+-before-9\.9\.9\.snap$/)]);
  });

  // --- restore ---

  const env = () => vm().path("/etc/vault.d/vault.env");
  const RESTORE = "vault-restore.service";

  /** Requests a restore in the user data, as scripts/restore does. */
  async function restore(snapshot: string, kind: "restore" | "force" | "drill" = "restore", more = "") {
    const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
    const text = readFileSync(env(), "utf8");
    const told = { RESTORE_REQUEST: time, RESTORE_SNAPSHOT: snapshot, RESTORE_KIND: kind };
    const lines = Object.entries(told).reduce(
      (lines, [name, value]) => lines.replace(new RegExp(`^${name}=.*$`, "m"), `${name}=${value}`),
      text,
    );
    writeFileSync(env(), `${lines}${more}`);
    try {
      return await vm().run(RESTORE);
    } finally {
      writeFileSync(env(), text);
    }
  }
  /** Mounts an engine anew. A restore of an earlier test may have left one there. */
  const mount = async (path: string) => {
    const deployer = await running.deployer();
    await deployer.request({ method: "DELETE", path: `sys/mounts/${path}` });
    await deployer.request({ method: "POST", path: `sys/mounts/${path}`, body: { type: path } });
    await deployer.logOut();
  };
  const unmount = async (path: string) => {
    const deployer = await running.deployer();
    await deployer.request({ method: "DELETE", path: `sys/mounts/${path}` });
    await deployer.logOut();
  };
  const mounts = async (): Promise<string[]> => {
    const deployer = await running.deployer();
    const found = Object.keys((await deployer.read("sys/mounts")) ?? {});
    await deployer.logOut();
    return found;
  };

  const worldIn = ({ deployment, environment }: Sandbox, folder: string) =>
    worldOf(deployment, environment, join(folder, "stacks"));

  /** A snapshot as Vault gives it, before anybody keeps it. */
  async function taken(token: string): Promise<Buffer> {
    const { address, caFile, tlsServerName = "" } = localConnection(running.sandbox);
    const url = `https://${tlsServerName}:8200/v1/sys/storage/raft/snapshot`;
    const to = ["--connect-to", `::${new URL(address).host}`, "--cacert", caFile];
    const args = ["--silent", "--fail", "--noproxy", "*", "--config", "-", ...to, url];
    // Not in step: Key Vault, which seals a snapshot, is in this process.
    const curl = promisify(execFile)("curl", args, { encoding: "buffer", maxBuffer: 100 * 1024 * 1024 });
    curl.child.stdin?.end(`header = "X-Vault-Token: ${token}"`);
    return (await curl).stdout;
  }

  /** Lets a VM with this principal id in, as docs/operations.md does. */
  async function letIn(root: VaultClient, principal: string): Promise<void> {
    const path = "auth/machine/role/vault-server";
    const { bound_claims, ...role } = (await root.read(path)) ?? {};
    const body = { ...role, bound_claims: { ...(bound_claims as object), oid: principal } };
    await root.request({ method: "POST", path, body });
  }

  describe("is refused before anything changes", () => {
    const shop = mkdtempSync(join(tmpdir(), "snapshot-test-"));
    afterAll(() => rmSync(shop, { recursive: true }));

    /** Puts an archive into the store, as if Vault had, and gives its name. */
    async function put(name: string, archive: Buffer): Promise<string> {
      const { status } = await asVault(
        "PUT",
        `${containerUrl()}/${name}.snap`,
        { "x-ms-blob-type": "BlockBlob" },
        archive,
      );
      expect(status).toBe(201);
      return name;
    }
    /** A snapshot as Vault gives it, with a change in what sealed it. */
    const changed = (change: (sealed: Buffer) => Buffer): Buffer => {
      const tar = (...args: string[]) => execFileSync("tar", args, { cwd: shop });
      const names = ["meta.json", "state.bin", "SHA256SUMS", "SHA256SUMS.sealed"];
      tar("--extract", "--gzip", "--file", "whole");
      const sealed = join(shop, "SHA256SUMS.sealed");
      writeFileSync(sealed, change(readFileSync(sealed)));
      tar("--create", "--gzip", "--file", "changed", ...names);
      return readFileSync(join(shop, "changed"));
    };
    beforeAll(async () => {
      const token = vaultIdentityToken(running.sandbox, management);
      const local = new VaultClient(localConnection(running.sandbox));
      const { auth } = (await local.request({
        method: "POST",
        path: "auth/machine/login",
        body: { role: "vault-server", jwt: token },
      })) as { auth: { client_token: string } };
      writeFileSync(join(shop, "whole"), await taken(auth.client_token));
    });

    it.each<[string, () => Promise<string>, RegExp]>([
      [
        "it is not in the store",
        async () => "20200101T000000Z-1",
        /holds no snapshot 20200101T000000Z-1; nothing was changed\. The newest ones are \d{8}T/,
      ],
      [
        "it was cut short",
        async () => {
          const whole = readFileSync(join(shop, "whole"));
          return put("20200101T000000Z-2", whole.subarray(0, whole.length / 2));
        },
        /is incomplete; nothing was changed\. Choose an older one/,
      ],
      [
        "the key of another cluster, or a lost key, sealed it",
        () =>
          put(
            "20200101T000000Z-3",
            changed((sealed) =>
              Buffer.from(sealed.toString("latin1").replace(/[0-9a-f]{32}/g, "0".repeat(32)), "latin1"),
            ),
          ),
        /needs version 0{32} of an unseal key, which \S+ does not have \(it answered 404\); nothing was changed/,
      ],
    ])("when %s", async (_, snapshot, sentence) => {
      const { code, output } = await restore(await snapshot(), "force");
      expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(sentence) });
    });

    it("when Vault's identity may read the key, and not unwrap with it", async () => {
      const { sandbox, folder } = running;
      const world = worldIn(sandbox, folder);
      const roleAssignments = world.roleAssignments.map((right) =>
        right.scope.endsWith("/keys/vault-unseal") ? { ...right, roleName: "Key Vault Reader" } : right,
      );
      const name = await put("20200101T000000Z-5", readFileSync(join(shop, "whole")));
      sandbox.azure.update({ ...world, roleAssignments });
      try {
        expect(await restore(name, "force", "STORAGE_WAIT_SECONDS=1\n")).toEqual({
          code: 1,
          output: expect.stringMatching(
            /gave up waiting for Key Vault to unwrap .*Vault's identity needs the role Key Vault Crypto Service Encryption User/,
          ),
        });
      } finally {
        sandbox.azure.update(world);
      }
    });

    it("when that version of the key is disabled", async () => {
      const [, version = ""] = /key version (\w{32})/.exec(vm().output(SNAPSHOT)) ?? [];
      const unsealKey = new DeployersUnsealKey(() => running.sandbox);
      await unsealKey.enable(version, false);
      try {
        const { code, output } = await restore(
          await put("20200101T000000Z-4", readFileSync(join(shop, "whole"))),
          "force",
        );
        expect({ code, output }).toEqual({
          code: 1,
          output: expect.stringMatching(/which is disabled; nothing was changed\. Enable that version/),
        });
      } finally {
        await unsealKey.enable(version, true);
      }
    });
  });

  it("is refused while the same Vault runs with data; nothing changes", async () => {
    const newest = nameIn((await vm().run(SNAPSHOT)).output);
    await mount("transit");
    const { code, output } = await restore(newest);
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringMatching(
        /failed: the snapshot .* comes from this Vault, which has changed since.*--force/,
      ),
    });
    expect(await mounts()).toContain("transit/");
    await unmount("transit");
  });

  // The next test restores with force, too, and a test above kills a snapshot.
  itTakesLong(
    "replaces newer data when that is asked for, though it is killed on the way, and deployers log in",
    async () => {
      // A restore of an earlier test may have left it there.
      await unmount("transit");
      const newest = nameIn((await vm().run(SNAPSHOT)).output);
      await mount("transit");
      const said = outputFromNow(vm(), "vault.service");
      const killed = restore(newest, "force");
      await untilSaid(said, "core: applying snapshot");
      vm().kill(RESTORE, "SIGKILL");
      expect((await killed).code).not.toBe(0);
      const { code, output } = await restore(newest, "force");
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringMatching(/^vault-restore \S+ for \S+: restored$/m),
      });
      expect(await mounts()).not.toContain("transit/");
    },
  );

  it("that is another environment's does not know this VM: readers of its recovery keys let it in, and the same request ends", async () => {
    const rootToken = async () => {
      const { recovery_keys_base64: keys, recovery_threshold: threshold } = storedKeys(running.sandbox);
      return rootTokenBy(running.sandbox, keys.slice(0, threshold));
    };
    const asRoot = (token?: string) => new VaultClient(localConnection(running.sandbox), token);
    const principal = /^VAULT_PRINCIPAL_ID=(.*)$/m.exec(readFileSync(env(), "utf8"))?.[1] ?? "";
    await mount("transit");
    const token = await rootToken();
    const first = asRoot(token);
    await letIn(first, "11111111-1111-4111-8111-111111111111");
    const others = await taken(token ?? "");
    await letIn(first, principal);
    await first.logOut();
    await unmount("transit");
    const name = "20200101T000000Z-6";
    const put = await asVault(
      "PUT",
      `${containerUrl()}/${name}.snap`,
      { "x-ms-blob-type": "BlockBlob" },
      others,
    );
    expect(put.status).toBe(201);

    const from = `RESTORE_FROM=${new URL(containerUrl()).hostname.split(".")[0]}\n`;
    expect(await restore(name, "force", from)).toEqual({
      code: 1,
      output: expect.stringMatching(
        /failed: the data are there, and do not let this VM in, .*Let it in with the recovery keys of these data .*Vault answered 400/,
      ),
    });
    const second = asRoot(await rootToken());
    await letIn(second, principal);
    await second.logOut();
    expect(await restore(name, "force", from)).toMatchObject({
      code: 0,
      output: expect.stringMatching(/: restored$/m),
    });
    expect(await mounts()).toContain("transit/");
    await unmount("transit");
  });

  itTakesLong(
    "passes a drill in a second Vault, while the first one continues, and leaves nothing",
    async () => {
      const activeSince = async () =>
        (await running.client().request({ method: "GET", path: "sys/leader" }))["active_time"];
      const before = await activeSince();
      const { code, output } = await vm().run(DRILL);
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringMatching(
          /^vault-restore \S+ for timer: drill passed; mounts since the snapshot: none$/m,
        ),
      });
      expect(await activeSince()).toEqual(before);
      expect(readdirSync(vm().path("/var/lib/vault-drill"))).toEqual([]);
      expect(listenersOf(vm()).filter((listener) => /:821\d$/.test(listener))).toEqual([]);
    },
  );

  /** Puts an archive into a storage account of a sandbox, as if its own environment's Vault had. */
  async function putInto(
    sandbox: Sandbox,
    {
      folder,
      account,
      name,
      archive,
      cluster,
    }: Record<"folder" | "account" | "name" | "cluster", string> & { archive: Buffer },
  ) {
    const world = worldIn(sandbox, folder);
    const [, principalId = ""] =
      /"oid":"([^"]+)"/.exec(
        Buffer.from(sandbox.deployerToken().split(".")[1] ?? "", "base64url").toString(),
      ) ?? [];
    const right = { principalId, roleName: "Storage Blob Data Contributor", scope: account };
    sandbox.azure.update({ ...world, roleAssignments: [...world.roleAssignments, right] });
    const url = `https://${account.split("/").at(-1)}.blob.core.windows.net/snapshots/${name}.snap`;
    const { status } = await ask(sandbox.azure, url, {
      method: "PUT",
      token: sandbox.deployerToken({ claims: { aud: storage } }),
      headers: { "x-ms-version": "2021-12-02", "x-ms-blob-type": "BlockBlob", "x-ms-meta-cluster": cluster },
      body: archive,
    });
    expect(status).toBe(201);
  }

  itTakesLong(
    "is restored in a new environment that seals with the key of the first one, from the store of the first one",
    async () => {
      await mount("transit");
      const { recovery_keys_base64, recovery_threshold } = storedKeys(running.sandbox);
      const keys = recovery_keys_base64.slice(0, recovery_threshold);
      const token = await rootTokenBy(running.sandbox, keys);
      const archive = await taken(token ?? "");
      await unmount("transit");
      await new VaultClient(localConnection(running.sandbox), token).logOut();
      const name = "20260101T000000Z-1";
      const cluster = String(
        (await running.client().request({ method: "GET", path: "sys/health" }))["cluster_id"],
      );
      const { keyVaults, storageAccounts = [] } = worldIn(running.sandbox, running.folder);
      const keyVault = Scene.keyVaultNameOf(running.sandbox, "main");
      const id = keyVaults.find(({ name }) => name === keyVault)?.resourceId;
      const from = storageAccounts.find(({ name }) => containerUrl().includes(`/${name}.`))?.resourceId;

      // The first environment's Key Vault, and nothing else of it.
      const folder = await StateFolder.open();
      const state = running.sandbox.azure.exportState();
      writeFileSync(join(folder.path, "azure.json"), JSON.stringify({ [keyVault]: state[keyVault] }));
      const { progress } = capturedProgress();
      const demo = loadEnvironment("demo");
      const environment = {
        ...demo,
        name: "other",
        vault: { ...demo.vault, unsealKey: `${id}/keys/vault-unseal` },
      };
      const other = await Sandbox.start({ environment, folder, progress, upTo: "vault" });
      try {
        await other.vault.untilActive("vault-access.service", { deadlineMs });
        const restoreThere = async () => {
          const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
          const said = outputFromNow(other.vault, RESTORE);
          const request = { time, snapshot: name, kind: "restore", from } as const;
          const apply = async (machine: Machine) => {
            await putInto(other, { folder: folder.path, account: from ?? "", name, archive, cluster });
            await machine.run("apply-user-data.service");
          };
          await other.redeploy({ ...environment, restore: request }, { apply }).catch(() => {});
          return said();
        };
        expect(await restoreThere()).toMatch(/failed: the data are there, and do not let this VM in/);
        const root = new VaultClient(localConnection(other), await rootTokenBy(other, keys));
        const [, principal = ""] =
          /^VAULT_PRINCIPAL_ID=(.*)$/m.exec(
            readFileSync(other.vault.path("/etc/vault.d/vault.env"), "utf8"),
          ) ?? [];
        await letIn(root, principal);
        await root.logOut();
        expect(await restoreThere()).toMatch(/: restored$/m);
        const deployer = await deployerOf(other);
        expect(Object.keys((await deployer.read("sys/mounts")) ?? {})).toContain("transit/");
        await deployer.logOut();
        // After the next restart, too.
        await other.vault.restart("vault.service");
        await waitFor(
          "Vault to be active",
          () => new VaultClient(other.vaultConnection()).request({ method: "GET", path: "sys/health" }),
          { deadlineMs },
        );
      } finally {
        await other.stop();
        await folder.close();
      }
    },
    600_000,
  );

  const newest = async () => (await kept()).sort().reverse()[0] ?? "";
  const operations: [string, string, () => Promise<{ code: number; output: string }>, string][] = [
    ["taken", SNAPSHOT, () => vm().run(SNAPSHOT), ": stored, "],
    ["restored", RESTORE, async () => restore(await newest(), "force"), ": restored"],
    ["tried in a drill", DRILL, () => vm().run(DRILL), ": drill passed; "],
  ];
  itTakesLong.each(operations)(
    "that is %s and killed at ten random moments is, the next time",
    async (_, unit, run, report) => {
      const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
      console.info(`seed ${seed}`);
      const random = numbersOf(seed);
      const begin = performance.now();
      expect((await run()).code).toBe(0);
      const longestMs = performance.now() - begin;
      for (let round = 1; round <= 10; round++) {
        const killed = run();
        // A random moment is what is tried.
        await new Promise((done) => setTimeout(done, Math.floor(random() * longestMs)));
        if (vm().pid(unit) !== undefined) vm().kill(unit, "SIGKILL");
        await killed;
        const { code, output } = await run();
        expect({ seed, round, code, output }).toEqual({
          seed,
          round,
          code: 0,
          output: expect.stringContaining(report),
        });
        await (await running.deployer()).logOut();
        for (const folder of ["/var/lib/vault-snapshot", "/var/lib/vault-drill"])
          expect([seed, round, existsSync(vm().path(folder)) ? readdirSync(vm().path(folder)) : []]).toEqual([
            seed,
            round,
            [],
          ]);
        expect(listenersOf(vm()).filter((listener) => /:821\d$/.test(listener))).toEqual([]);
      }
    },
    1_800_000,
  );

  itTakesLong("is restored by a deployment that asks for it, once", async () => {
    await mount("transit");
    expect((await vm().run(SNAPSHOT)).code).toBe(0);
    const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
    const environment = loadEnvironment("demo");
    const said = outputFromNow(vm(), RESTORE);
    await running.sandbox.redeploy({ ...environment, restore: { time, snapshot: "newest", kind: "force" } });
    expect(reportOf([said()], { time })).toMatch(/: restored$/);
    const reports = said().length;
    await running.sandbox.redeploy(environment);
    expect(said().slice(reports)).not.toContain("vault-restore");
  });

  itTakesLong("comes back on a new data disk, though the restore is killed on the way", async () => {
    await mount("transit");
    expect((await vm().run(SNAPSHOT)).code).toBe(0);
    const cluster = async () =>
      (await running.client().request({ method: "GET", path: "sys/health" }))["cluster_id"];
    const before = await cluster();
    await replaceDataDisk(vm());
    await bootToTheEnd(vm());
    expect(await cluster()).not.toBe(before);
    expect(await mounts()).not.toContain("transit/");
    const said = outputFromNow(vm(), "vault.service");
    const killed = restore("newest");
    await untilSaid(said, "core: applying snapshot");
    vm().kill(RESTORE, "SIGKILL");
    expect((await killed).code).not.toBe(0);
    // No --force here, although Vault has the data by now.
    expect(await restore("newest")).toMatchObject({ code: 0, output: expect.stringMatching(/: restored$/m) });
    expect(await cluster()).toBe(before);
    expect(await mounts()).toContain("transit/");
    // The newest recovery keys are those of the replaced Vault. Other tests need the keys of the one that runs.
    await replaceDataDisk(vm());
    await bootToTheEnd(vm());
  });
});
