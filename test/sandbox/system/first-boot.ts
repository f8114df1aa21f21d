import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import tls from "node:tls";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import { CertificateAuthority } from "../../../sandbox/azure/server/certificate-authority";
import type { Machine } from "../../../sandbox/machine/machine";
import type { Sandbox } from "../../../sandbox/system/sandbox";
import { itTakesLong } from "../../long-tests";
import { textsBelow } from "../texts-below";
import { auditLog, firstBootsLog } from "./audit-log";
import {
  bootToTheEnd,
  CERTIFICATE,
  deadlineMs,
  FIRST_BOOT,
  localConnection,
  outputFromNow,
  processIds,
  processTexts,
  recoveryKeysWork,
  recoverySecretOf,
  replaceDataDisk,
  rootTokenBy,
  storedKeys,
  untilSaid,
  VAULT,
} from "./first-boots";
import type { RunningSandbox } from "./running-sandbox";

/** The contents of memory during first boot, and the visible data of its processes. */
export interface Watched {
  readonly rootTokens: Set<string>;
  readonly keys: Set<string>;
  readonly processes: Set<string>;
  /** The recovery keys in Key Vault after first boot. Later tests boot with other disks. */
  stored: readonly string[];
  /** The lives in seconds of the root tokens in the audit log of first boot. Later tests create root tokens with recovery keys. */
  rootTokenTtls: ReadonlySet<number | undefined>;
}

/** Starts Vault, and watches tmpfs and the process list until first boot is complete. */
export async function watchedFirstBoot(sandbox: Sandbox): Promise<Watched> {
  const seen: Watched = {
    rootTokens: new Set(),
    keys: new Set(),
    processes: new Set(),
    stored: [],
    rootTokenTtls: new Set(),
  };
  const others = new Set(processIds());
  let over = false;
  const ended = sandbox.startVault().finally(() => {
    over = true;
  });
  ended.catch(() => {});
  while (!over) {
    const [vm] = sandbox.vaultNodes;
    if (vm) {
      for (const name of ["initial", "working"]) {
        const [, token] = /^header = "X-Vault-Token: (.+)"$/m.exec(sessionFile(vm, name)) ?? [];
        if (token) seen.rootTokens.add(token);
      }
      for (const key of recoveryKeysIn(sessionFile(vm, "init.json"))) seen.keys.add(key);
      for (const text of processTexts(vm, others)) seen.processes.add(text);
    }
    await delay(2);
  }
  await ended;
  seen.stored = storedKeys(sandbox).recovery_keys_base64;
  const uses = auditLog(sandbox.vault, firstBootsLog).filter(({ auth }) => auth?.policies?.includes("root"));
  seen.rootTokenTtls = new Set(uses.map(({ auth }) => auth?.token_ttl));
  return seen;
}

/** Returns an empty text if the file does not exist yet, or is gone. */
function sessionFile(machine: Machine, name: string): string {
  try {
    return readFileSync(machine.path(`/run/vault-first-boot/${name}`), "utf8");
  } catch {
    return "";
  }
}

/** Reads Vault's answer to init. */
function recoveryKeysIn(answer: string): string[] {
  return answer === "" ? [] : (JSON.parse(answer) as { recovery_keys_base64: string[] }).recovery_keys_base64;
}

/** Puts a program before the system's sleep. It records each pause and then pauses. */
function notePauses(machine: Machine): () => string[] {
  const [bin = ""] = machine.environment["PATH"]?.split(delimiter) ?? [];
  const notes = join(bin, "pauses");
  writeFileSync(join(bin, "sleep"), `#!/bin/sh\necho "$@" >>'${notes}'\nexec /bin/sleep "$@"\n`);
  chmodSync(join(bin, "sleep"), 0o755);
  return () => (existsSync(notes) ? readFileSync(notes, "utf8").trim().split("\n") : []);
}

/** Runs a function while the VM's processes get other variables. */
async function withVariables<T>(
  machine: Machine,
  variables: Record<string, string>,
  work: () => Promise<T>,
): Promise<T> {
  const before = { ...machine.environment };
  Object.assign(machine.environment, variables);
  try {
    return await work();
  } finally {
    for (const name of Object.keys(variables)) delete machine.environment[name];
    Object.assign(machine.environment, before);
  }
}

/** @param watched what first boot showed */
export const firstBoot = (running: RunningSandbox, watched: () => Watched): void =>
  describe("First boot from the user data", () => {
    let seen: Watched;
    beforeAll(() => {
      seen = watched();
    });
    const vm = () => running.sandbox.vault;
    const nobody = () => running.client();

    it("leaves Vault initialized, unsealed by itself, and active", async () => {
      expect(await nobody().request({ method: "GET", path: "sys/health" })).toMatchObject({
        initialized: true,
        sealed: false,
        standby: false,
      });
      expect(await nobody().request({ method: "GET", path: "sys/seal-status" })).toMatchObject({
        type: "azurekeyvault",
        recovery_seal: true,
        storage_type: "raft",
      });
    });

    it("stores 5 recovery keys of threshold 3 in their Key Vault", async () => {
      const { recovery_keys_base64: keys, recovery_shares, recovery_threshold } = storedKeys(running.sandbox);
      expect([new Set(keys).size, recovery_shares, recovery_threshold]).toEqual([5, 5, 3]);
      expect(await nobody().request({ method: "GET", path: "sys/seal-status" })).toMatchObject({
        n: 5,
        t: 3,
      });
      expect([...seen.keys].sort()).toEqual([...seen.stored].sort());
    });

    it("stores the recovery keys in no other Key Vault", () => {
      const { recovery_keys_base64: keys } = storedKeys(running.sandbox);
      const holders = Object.entries(running.sandbox.azure.exportState()).filter(([, content]) =>
        keys.some((key) => JSON.stringify(content).includes(key)),
      );
      const { keyVault, name } = recoverySecretOf(vm());
      expect(holders.map(([holder]) => holder)).toEqual([keyVault]);
      expect(running.sandbox.azure.keyVault(keyVault).secretNames()).toEqual([name]);
    });

    it("leaves neither recovery keys nor a token in any file, log or process", () => {
      const secrets = [...seen.keys, ...seen.rootTokens];
      expect(secrets).toHaveLength(5 + 2);
      const files: string[] = [];
      const spilt: string[] = [];
      for (const [file, text] of textsBelow(running.folder)) {
        // This file is the Key Vaults themselves.
        if (file === join(running.folder, "azure.json")) continue;
        files.push(file);
        if (secrets.some((secret) => holds(text, secret)) || /\bhvs\.[\w-]{20}/.test(text)) spilt.push(file);
      }
      for (const must of ["vault.db", "first-boot-audit.log", `${VAULT}.log`, `${FIRST_BOOT}.log`])
        expect(files.join("\n")).toContain(must);
      expect(spilt).toEqual([]);
      const processes = [...seen.processes, ...processTexts(vm())];
      expect(processes.join("\n")).toContain("/v1/sys/init");
      expect(processes.filter((text) => secrets.some((secret) => holds(text, secret)))).toEqual([]);
    });

    it("logs every request to an audit device that exists before anybody else can connect", async () => {
      expect(await (await running.deployer()).read("sys/audit")).toMatchObject({
        "first-boot/": { type: "file", options: { mode: "0600" } },
      });
      const log = readFileSync(vm().path("/var/log/vault/first-boot-audit.log"), "utf8");
      const paths = log
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).request?.path);
      expect(paths).toEqual(
        expect.arrayContaining([
          "auth/deployer/config",
          "auth/deployer/role/deployer",
          "auth/deployer/login",
        ]),
      );
    });

    it("admits the deployer, who may configure Vault but not read secrets", async () => {
      const deployer = await running.deployer();
      const { policies } = await deployer.request({ method: "GET", path: "auth/token/lookup-self" });
      expect(policies).toEqual(["default", "deployer"]);
      await expect(deployer.request({ method: "GET", path: "sys/raw/core" })).rejects.toThrow("403");
    });

    it("admits people with tokens of one issuer, and deployers by their object ids for some audiences", async () => {
      const deployer = await running.deployer();
      for (const mount of ["deployer", "recovery"]) {
        const config = await deployer.read(`auth/${mount}/config`);
        const issuer = config?.["oidc_discovery_url"];
        expect(issuer).toMatch(/^https:\/\/sts\.windows\.net\/[0-9a-f-]{36}\/$/);
        expect(config?.["bound_issuer"]).toBe(issuer);
      }
      const role = await deployer.read("auth/deployer/role/deployer");
      expect(role).toMatchObject({ user_claim: "oid", bound_claims: { oid: [expect.any(String)] } });
      expect(role?.["bound_audiences"]).not.toEqual([]);
    });

    it("uses a root token with a limited life, and revokes it and the initial one", async () => {
      const { rootTokens, rootTokenTtls } = seen;
      expect(rootTokens.size).toBe(2);
      expect(rootTokenTtls).toEqual(new Set([1200]));
      for (const token of rootTokens) {
        await expect(
          running.client(token).request({ method: "GET", path: "auth/token/lookup-self" }),
        ).rejects.toThrow("403");
      }
    });

    it("leaves recovery keys of which 3, but not 2, create a root token, and no other root token", async () => {
      const { recovery_keys_base64: keys } = storedKeys(running.sandbox);
      expect(await rootTokenBy(running.sandbox, keys.slice(0, 2))).toBeUndefined();
      const token = await rootTokenBy(running.sandbox, [keys[4], keys[0], keys[2]] as string[]);
      const root = running.client(token);
      const { keys: accessors } = await root.request({ method: "LIST", path: "auth/token/accessors" });
      const policies = await Promise.all(
        (accessors as string[]).map(async (accessor) => {
          const body = { accessor };
          return root.request({ method: "POST", path: "auth/token/lookup-accessor", body }).then(
            (found) => found["policies"] as string[],
            (error: Error): string[] => {
              // This is the VM's own token, which ended after the list was created.
              if (error.message.includes("invalid accessor")) return [];
              throw error;
            },
          );
        }),
      );
      expect(policies.filter((it) => it.includes("root"))).toEqual([["root"]]);
      await root.logOut();
    });

    it("refuses an invalid recovery key", async () => {
      const wrong = Buffer.alloc(33, 7).toString("base64");
      await expect(rootTokenBy(running.sandbox, [wrong, wrong, wrong])).rejects.toThrow("400");
      await new VaultClient(localConnection(running.sandbox)).request({
        method: "DELETE",
        path: "sys/generate-root/attempt",
      });
      expect(await recoveryKeysWork(running.sandbox)).toBe(true);
    });

    describe("verifies TLS:", () => {
      let otherCa: string;
      beforeAll(async () => {
        const { pem } = await CertificateAuthority.create();
        otherCa = join(running.folder, "other-ca.pem");
        writeFileSync(otherCa, pem);
        mkdirSync(vm().path("/tmp/other-tls/current"), { recursive: true });
        writeFileSync(vm().path("/tmp/other-tls/current/tls.crt"), pem);
      });
      const connect = (options: tls.ConnectionOptions) =>
        new Promise<string | null>((resolve, reject) => {
          const socket = tls.connect(
            {
              host: vm().address,
              port: 8200,
              servername: running.sandbox.vaultServerName,
              ca: readFileSync(running.sandbox.vaultCertificateFile),
              ...options,
            },
            () => {
              resolve(socket.getProtocol());
              socket.destroy();
            },
          );
          socket.once("error", reject);
        });

      it("a client with another CA refuses Vault", async () => {
        const client = new VaultClient({ ...running.sandbox.vaultConnection(), caFile: otherCa });
        await expect(client.request({ method: "GET", path: "sys/health" })).rejects.toThrow(
          /self-signed|unable to verify/,
        );
      });

      it("a client that asks for another name refuses Vault", async () => {
        await expect(connect({ servername: "other.demo.internal" })).rejects.toThrow(/altnames/);
      });

      it("plain HTTP gets no answer", async () => {
        const answer = new Promise((resolve, reject) => {
          const url = `http://${vm().address}:8200/v1/sys/health`;
          http
            .get(url, { agent: false }, (answer) => resolve(answer.resume().statusCode))
            .once("error", reject);
        });
        await expect(answer).rejects.toThrow("socket hang up");
      });

      it("Vault refuses TLS 1.1, and speaks 1.2 and 1.3", async () => {
        // OpenSSL itself offers TLS 1.1 only at its lowest security level.
        const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
        await expect(connect(old)).rejects.toThrow(/alert protocol version/);
        expect(await connect({ maxVersion: "TLSv1.2" })).toBe("TLSv1.2");
        expect(await connect({})).toBe("TLSv1.3");
      });

      it("the VM's programs refuse a Key Vault with another CA", async () => {
        const { code, output } = await withVariables(
          vm(),
          { SSL_CERT_FILE: otherCa, RENEWAL_WAIT_SECONDS: "1" },
          () => vm().run(CERTIFICATE),
        );
        expect([code, output]).toEqual([
          1,
          expect.stringMatching(/vault-tls.*no answer \(SSL certificate problem/),
        ]);
      });

      it("first boot refuses a Vault with another certificate", async () => {
        // First boot is not complete yet, so it asks Vault whether it is initialized.
        writeFileSync(vm().path("/tmp/other-state"), "formatted\n");
        const variables = {
          FIRST_BOOT_STATE: vm().path("/tmp/other-state"),
          TLS_DIRECTORY: vm().path("/tmp/other-tls"),
          VAULT_WAIT_SECONDS: "1",
        };
        const { code, output } = await withVariables(vm(), variables, () => vm().run(FIRST_BOOT));
        expect([code, output]).toEqual([1, expect.stringContaining("SSL certificate problem")]);
        expect((await vm().run(FIRST_BOOT)).code).toBe(0);
      });

      it("Vault refuses a Key Vault with another CA, and stays down", async () => {
        const said = outputFromNow(vm(), VAULT);
        await withVariables(vm(), { SSL_CERT_FILE: otherCa }, async () => {
          vm().kill(VAULT, "SIGKILL");
          await untilSaid(said, "certificate signed by unknown authority");
          expect(vm().isActive(VAULT)).toBe(false);
          // Vault's client for Key Vault would otherwise try for seconds.
          if (vm().pid(VAULT)) vm().kill(VAULT, "SIGKILL");
        });
        await vm().untilActive(VAULT, { deadlineMs });
      });
    });

    itTakesLong("pauses only between two checks of its own Vault, if nothing delays it", async () => {
      const pauses = notePauses(vm());
      await replaceDataDisk(vm());
      await bootToTheEnd(vm());
      expect(pauses().filter((pause) => pause !== "0.2")).toEqual([]);
      expect(pauses().length).toBeLessThan(50);
    });
  });

/** Returns the key as it is and in hexadecimal, because Vault writes keys in both forms. */
function holds(text: string, secret: string): boolean {
  const hexadecimal = Buffer.from(secret, "base64").toString("hex");
  return text.includes(secret) || (!secret.startsWith("hvs.") && text.includes(hexadecimal));
}
