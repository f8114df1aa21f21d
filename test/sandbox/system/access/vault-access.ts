import { readFileSync, writeFileSync } from "node:fs";
import https from "node:https";
import type { VaultClient } from "../../../../lib/vault-api/vault-client";
import { signedInObjectId } from "../../../../sandbox/azurerm/made-up-values";
import { management, stranger } from "../attacks/scene";
import { deadlineMs, localConnection } from "../first-boots";
import type { RunningSandbox } from "../running-sandbox";
import { askVault, type VaultReply } from "../vault-caller";
import { vaultIdentityToken } from "../vault-identity";

const ACCESS = "vault-access.service";
export const reader = "11111111-1111-4111-8111-111111111111";
const colleague = "22222222-2222-4222-8222-222222222222";
export const readersGroup = "33333333-3333-4333-8333-333333333333";

/** @param running a system with this reader and this group of readers */
export const vaultAccess = (running: RunningSandbox): void =>
  describe("Access to Vault", () => {
    const vm = () => running.sandbox.vault;
    /** The files that these tests change, and their texts. */
    let files: { path: string; text: string }[];
    beforeAll(async () => {
      await vm().untilActive(ACCESS, { deadlineMs });
      files = ["/etc/vault.d/vault.env", "/etc/vault.d/deployer-policy.hcl"]
        .map((path) => vm().path(path))
        .map((path) => ({ path, text: readFileSync(path, "utf8") }));
    });
    afterAll(async () => {
      for (const { path, text } of files) writeFileSync(path, text);
      await vm().run(ACCESS);
    });

    /** Changes the VM's settings, as an edit of the environment file and a deployment do. */
    async function tell(variables: Record<string, string>): Promise<string> {
      const file = vm().path("/etc/vault.d/vault.env");
      const lines = readFileSync(file, "utf8").split("\n");
      const told = lines.map((line) => {
        const name = line.slice(0, line.indexOf("="));
        return name in variables ? `${name}=${variables[name]}` : line;
      });
      writeFileSync(file, told.join("\n"));
      const { code, output } = await vm().run(ACCESS);
      expect({ code, output }).toMatchObject({ code: 0 });
      return output;
    }

    const deployers = (...ids: string[]) => tell({ DEPLOYER_OBJECT_IDS: ids.join(",") });

    const login = (mount: string, role: string, jwt: string, from?: string): Promise<VaultReply> =>
      askVault(running.sandbox, from, { method: "POST", path: `auth/${mount}/login`, body: { role, jwt } });
    const person = (oid: string) => running.sandbox.deployerToken({ claims: { oid } });
    const deployerLogin = (objectId: string) => login("deployer", "deployer", person(objectId));
    const readerLogin = (objectId: string) => login("recovery", "recovery-key-reader", person(objectId));
    const tokenIn = ({ body }: VaultReply): string => body.auth.client_token;
    const isAlive = async (token: string): Promise<boolean> =>
      (await askVault(running.sandbox, undefined, { path: "auth/token/lookup-self", token })).status === 200;

    it("comes from the environment: deployers, and recovery key readers that are not groups", async () => {
      expect((await deployerLogin(signedInObjectId)).body.auth.policies).toEqual(["default", "deployer"]);
      expect((await readerLogin(reader)).body.auth.policies).toEqual(["recovery-key-reader"]);
      for (const attempt of [
        deployerLogin(reader),
        readerLogin(signedInObjectId),
        readerLogin(readersGroup),
      ]) {
        expect(await attempt).toMatchObject({ status: 400, errors: expect.stringContaining('claim "oid"') });
      }
      expect(await vm().run(ACCESS)).toEqual({ code: 0, output: "" });
    });

    it("changes without recovery keys, so an added deployer logs in and nobody's session ends", async () => {
      const before = tokenIn(await deployerLogin(signedInObjectId));
      expect((await deployerLogin(colleague)).status).toBe(400);
      expect(await deployers(signedInObjectId, colleague)).toContain("deployer: may log in: ");
      expect((await deployerLogin(colleague)).status).toBe(200);
      expect(await isAlive(before)).toBe(true);
    });

    it("ends for a removed deployer, with the session, and the deployer cannot log in again", async () => {
      await deployers(signedInObjectId, colleague);
      const theirs = tokenIn(await deployerLogin(colleague));
      const readers = tokenIn(await readerLogin(reader));
      expect(await deployers(signedInObjectId)).toContain(
        `deployer: removed ${colleague}; all sessions have ended`,
      );
      expect([await isAlive(theirs), await isAlive(readers)]).toEqual([false, true]);
      expect((await deployerLogin(colleague)).status).toBe(400);
      expect((await deployerLogin(signedInObjectId)).status).toBe(200);
    });

    it("ends for that session even if the previous run was killed between role and session", async () => {
      await deployers(signedInObjectId, colleague);
      const theirs = tokenIn(await deployerLogin(colleague));
      const role = await onMachine("GET auth/deployer/role/deployer");
      const bound_claims = { ...role.body.data.bound_claims, oid: [signedInObjectId] };
      await onMachine("POST auth/deployer/role/deployer", { ...role.body.data, bound_claims });
      expect(await isAlive(theirs)).toBe(true);
      await deployers(signedInObjectId);
      expect(await isAlive(theirs)).toBe(false);
    });

    it("works without a recovery key reader, and then with one again", async () => {
      const theirs = tokenIn(await readerLogin(reader));
      expect(await tell({ RECOVERY_KEY_READER_OBJECT_IDS: "" })).toContain("recovery: may log in: nobody");
      expect(await isAlive(theirs)).toBe(false);
      expect((await readerLogin(reader)).status).toBe(400);
      await tell({ RECOVERY_KEY_READER_OBJECT_IDS: reader });
      expect((await readerLogin(reader)).status).toBe(200);
    });

    it("fails with a sentence about the clock if Vault finds this VM's new token too old", async () => {
      const { tokenLifetimes } = running.sandbox.azure;
      const { managedIdentity } = tokenLifetimes;
      const file = vm().path("/etc/vault.d/vault.env");
      const before = readFileSync(file, "utf8");
      try {
        Object.assign(tokenLifetimes, { managedIdentity: -600 });
        writeFileSync(file, `${before}LOGIN_WAIT_SECONDS=1\n`);
        const { code, output } = await vm().run(ACCESS);
        expect([code, output]).toEqual([1, expect.stringMatching(/token is expired.*check this VM's clock/)]);
      } finally {
        Object.assign(tokenLifetimes, { managedIdentity });
        writeFileSync(file, before);
      }
      expect(await vm().run(ACCESS)).toMatchObject({ code: 0 });
    });

    it("follows a changed policy", async () => {
      const file = vm().path("/etc/vault.d/deployer-policy.hcl");
      writeFileSync(
        file,
        `${readFileSync(file, "utf8")}\npath "sys/license/status" { capabilities = ["read"] }\n`,
      );
      await vm().run(ACCESS);
      const { policy } = (await (await running.deployer()).read("sys/policies/acl/deployer")) ?? {};
      expect(policy).toContain("sys/license/status");
    });

    // --- the machine's own login ---

    const identityToken = () => vaultIdentityToken(running.sandbox, management);

    /** A request from the VM itself, with its own login. */
    async function onMachine(request: string, body?: unknown): Promise<VaultReply> {
      const asked = { role: "vault-server", jwt: identityToken() };
      const { body: answer } = await local("POST auth/machine/login", asked);
      return local(request, body, answer.auth.client_token);
    }

    function local(request: string, body?: unknown, token?: string): Promise<VaultReply> {
      const [method = "", path = ""] = request.split(" ");
      return new Promise((resolve, reject) => {
        const asked = https.request(
          {
            host: vm().loopback,
            port: 8200,
            path: `/v1/${path}`,
            method,
            servername: running.sandbox.vaultServerName,
            ca: readFileSync(localConnection(running.sandbox).caFile ?? ""),
            headers: token ? { "X-Vault-Token": token } : {},
            agent: false,
          },
          (answer) => {
            let text = "";
            answer.setEncoding("utf8").on("data", (chunk) => {
              text += chunk;
            });
            answer.on("end", () => {
              const parsed = text ? JSON.parse(text) : {};
              resolve({
                status: answer.statusCode ?? 0,
                errors: (parsed.errors ?? []).join("; "),
                body: parsed,
              });
            });
          },
        );
        asked.once("error", reject).end(body ? JSON.stringify(body) : undefined);
      });
    }

    it("is changed by the machine itself, whose token lives for minutes and has one policy", async () => {
      const { body } = await local("POST auth/machine/login", { role: "vault-server", jwt: identityToken() });
      expect(body.auth).toMatchObject({ policies: ["machine"], lease_duration: 300 });
    });

    it("cannot be changed with a stolen token of Vault's identity, because Vault refuses it from any other address", async () => {
      const { sandbox } = running;
      const callers = [undefined, vm().name, ...sandbox.webAppWorkloads().map(({ site }) => site)];
      for (const from of [...callers, ...sandbox.agentWorkloads().map(({ machine }) => machine)]) {
        const { status, errors } = await login("machine", "vault-server", identityToken(), from);
        expect({ from, status, errors }).toEqual({
          from,
          status: 403,
          errors: expect.stringContaining("permission denied"),
        });
      }
    });

    it("cannot be changed with a stolen Vault token of the machine", async () => {
      const { body } = await local("POST auth/machine/login", { role: "vault-server", jwt: identityToken() });
      const token = body.auth.client_token as string;
      for (const from of [undefined, vm().name]) {
        const question = { path: "auth/deployer/role/deployer", token };
        expect(await askVault(running.sandbox, from, question)).toMatchObject({ status: 403 });
      }
    });

    it.each([
      ["another identity", { oid: stranger, sub: stranger }, /claim "oid" does not match/],
      ["another tenant", { tid: stranger }, /claim "tid" does not match/],
      ["another audience", { aud: "https://vault.azure.net" }, /audience/],
    ])("cannot be changed with a token of %s", async (_, claims, refusal) => {
      const jwt = vaultIdentityToken(running.sandbox, management, { claims });
      const { status, errors } = await local("POST auth/machine/login", { role: "vault-server", jwt });
      expect([status, errors]).toEqual([400, expect.stringMatching(refusal)]);
    });

    const policy = { policy: 'path "*" { capabilities = ["read", "sudo"] }' };
    it.each<[string, unknown]>([
      ["POST sys/mounts/mine", { type: "kv" }],
      ["POST sys/auth/mine", { type: "userpass" }],
      ["DELETE sys/auth/recovery", undefined],
      ["POST sys/auth/deployer/tune", { max_lease_ttl: "9000h" }],
      ["GET database/creds/short", undefined],
      ["POST transit/decrypt/customer-key", { ciphertext: "vault:v1:x" }],
      ["PUT sys/policies/acl/workload-mine", policy],
      ["PUT sys/policies/acl/default", policy],
      ["POST auth/deployer/role/other", { role_type: "jwt" }],
      ["POST auth/deployer/config", { oidc_discovery_url: "https://attacker.example" }],
      ["POST auth/machine/role/vault-server", { token_policies: ["deployer"] }],
      ["POST auth/jwt/role/mine", { role_type: "jwt" }],
      ["POST auth/token/create", { policies: ["deployer"] }],
      ["PUT sys/leases/revoke-prefix/auth", {}],
      ["PUT sys/audit/mine", { type: "file", options: { file_path: "discard" } }],
      ["POST sys/storage/raft/snapshot-force", undefined],
      ["POST sys/storage/raft/remove-peer", { server_id: "vault-1" }],
      ["PUT sys/seal", {}],
    ])("gives the machine no right to %s", async (request, body) => {
      expect(await onMachine(request, body)).toMatchObject({ status: 403 });
    });

    it.each([
      "DELETE sys/auth/machine",
      "DELETE sys/auth/recovery",
      "POST auth/machine/role/vault-server",
      "POST auth/machine/role/other",
      "POST auth/machine/config",
      "POST auth/recovery/role/recovery-key-reader",
      "POST auth/recovery/config",
      "POST sys/auth/machine/tune",
      "POST sys/mounts/auth/recovery/tune",
      "PUT sys/policies/acl/machine",
      "PUT sys/policies/acl/Machine",
      "PUT sys/policies/acl/%20recovery-key-reader",
      "PUT sys/policies/acl/recovery-key-reader",
    ])("gives a deployer no right to %s", async (request) => {
      const token = tokenIn(await deployerLogin(signedInObjectId));
      const [method, path = ""] = request.split(" ");
      expect(await askVault(running.sandbox, undefined, { method, path, token, body: policy })).toMatchObject(
        {
          status: 403,
        },
      );
    });

    it("gives a recovery key reader no right to configure or to read", async () => {
      const keeper: VaultClient = running.client(tokenIn(await readerLogin(reader)));
      for (const path of [
        "sys/mounts",
        "sys/policies/acl/deployer",
        "auth/recovery/role/recovery-key-reader",
      ]) {
        await expect(keeper.request({ method: "GET", path })).rejects.toThrow("403");
      }
    });
  });
