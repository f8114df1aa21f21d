import { z } from "zod";
import { subscriptionId } from "../../../../sandbox/azurerm/made-up-values";
import { claimsOf } from "../../azure/caller";
import { type AuditEntry, auditLog, auditText, firstBootsLog, vaultConfigsLog } from "../audit-log";
import type { RunningSandbox } from "../running-sandbox";
import { askVault } from "../vault-caller";

const management = "https://management.azure.com/";
const plaintext = Buffer.from("a name that nobody else has").toString("base64");

export const webAppIdentity = (running: RunningSandbox): void =>
  describe("A web app or function with its identity", () => {
    let site: string;
    let entraToken: string;
    let vaultToken: string;

    beforeAll(async () => {
      site = running.sandbox.webAppWorkloads()[0]?.site ?? "";
      entraToken = (await askIdentityEndpoint()).access_token;
      vaultToken = (await login(entraToken)).body.auth.client_token;
    });

    it("gets a token from the endpoint in its environment, as Microsoft documents for both", async () => {
      const { access_token: _, ...answer } = await askIdentityEndpoint();
      expect(answer).toEqual({
        client_id: claimsOf(entraToken)["appid"],
        expires_on: expect.stringMatching(/^\d{10}$/),
        resource: management,
        token_type: "Bearer",
      });
    });

    it("is described by that token: application, tenant and Azure resource", () => {
      const principal_id = principalId();
      const claims = claimsOf(entraToken);
      expect(claims).toMatchObject({ aud: management, oid: principal_id, sub: principal_id, idtyp: "app" });
      expect(claims["iss"]).toBe(`https://sts.windows.net/${claims["tid"]}/`);
      expect(claims["idp"]).toBe(claims["iss"]);
      expect(claims["xms_mirid"]).toMatch(
        new RegExp(
          `^/subscriptions/${subscriptionId}/resourcegroups/.*/providers/Microsoft.Web/sites/${site}$`,
        ),
      );
    });

    it.each([
      ["binds only the identity, so Vault does not ask Azure", {}, 200, /^$/],
      [
        "also binds the resource group, so Vault asks Azure for the resource, and refuses without an answer",
        { bound_resource_groups: ["rg-demo-vault"] },
        500,
        /unable to get the provider for resource/,
      ],
    ])("could log in with the auth method azure, if a role %s", async (_, bound, expected, words) => {
      const { requests } = running.sandbox.azure;
      requests.clear();
      const deployer = await running.deployer();
      const path = "auth/azure/role/site";
      const role = { bound_service_principal_ids: [principalId()], token_policies: ["workload-webapp"] };
      await deployer.request({ method: "POST", path, body: { ...role, ...bound } });
      const resource_id = String(claimsOf(entraToken)["xms_mirid"]);
      const { status, errors } = await askVault(running.sandbox, site, {
        method: "POST",
        path: "auth/azure/login",
        body: {
          role: "site",
          jwt: entraToken,
          subscription_id: subscriptionId,
          resource_group_name: "rg-demo-vault",
          resource_id,
        },
      });
      await deployer.request({ method: "DELETE", path });
      await deployer.logOut();
      expect({ status, errors }).toEqual({ status: expected, errors: expect.stringMatching(words) });
      const asked = requests.all.some(({ path }) => /providers\/Microsoft\.Web/i.test(path));
      expect(asked).toBe(expected !== 200);
    });

    it("logs in with webapp-role, and gets a batch token with its policy and a limited life", async () => {
      const { status, body } = await login(entraToken);
      expect(status).toBe(200);
      expect(body.auth).toMatchObject({
        token_type: "batch",
        policies: ["default", "workload-webapp"],
        lease_duration: 768 * 3600,
        renewable: false,
        orphan: true,
        metadata: { role: "webapp-role", ...identity() },
      });
      expect(body.auth.client_token).toMatch(/^hvb\./);
    });

    it("logs in again with the same token, because App Service keeps Entra's tokens for a day", async () => {
      expect((await login(entraToken)).status).toBe(200);
    });

    it.each([
      ["vault-config's device", vaultConfigsLog],
      ["first boot's device", firstBootsLog],
    ])("is named in the audit log of %s, with the address, for each request", async (_, file) => {
      const before = logOf(file).length;
      await asWebApp("transit/encrypt/customer-key", { plaintext });
      const entries = logOf(file)
        .slice(before)
        .filter(({ request }) => request.path === "transit/encrypt/customer-key");
      expect(entries.map(({ type }) => type)).toEqual(expect.arrayContaining(["request", "response"]));
      for (const { auth, request } of entries) {
        expect(auth?.metadata).toMatchObject(identity());
        expect(auth?.token_type).toBe("batch");
        expect(request.remote_address).toMatch(webAppSubnet());
      }
    });

    it("leaves no secret in either log, because tokens, plaintext, ciphertext and passwords are hashed", async () => {
      const before = [vaultConfigsLog, firstBootsLog].map((file) => ({ file, length: logOf(file).length }));
      const { body: encrypted } = await asWebApp("transit/encrypt/customer-key", { plaintext });
      const { body: user } = await askVault(running.sandbox, site, {
        path: "database/creds/long",
        token: vaultToken,
      });
      const secrets = [
        entraToken,
        vaultToken,
        plaintext,
        encrypted.data.ciphertext,
        user.data.password,
        running.sandbox.deployerToken(),
      ];
      for (const { file, length } of before) {
        const text = auditText(running.sandbox.vault, file);
        expect(secrets.filter((secret) => !secret || text.includes(secret))).toEqual([]);
        const entry = logOf(file)
          .slice(length)
          .find(
            ({ type, request }) => type === "response" && request.path === "transit/encrypt/customer-key",
          );
        expect(entry?.request.data).toEqual({ plaintext: expect.stringMatching(/^hmac-sha256:/) });
        expect(entry?.request.client_token).toMatch(/^hmac-sha256:/);
        expect(entry?.response?.data?.["ciphertext"]).toMatch(/^hmac-sha256:/);
      }
    });

    it("is in the log even if Vault refuses it", async () => {
      const before = logOf(vaultConfigsLog).length;
      const { status } = await asWebApp("transit/rewrap/archive-key", { ciphertext: "vault:v1:x" });
      expect(status).toBe(403);
      const [entry] = logOf(vaultConfigsLog)
        .slice(before)
        .filter(({ type, request }) => type === "response" && request.path === "transit/rewrap/archive-key");
      expect(entry).toMatchObject({
        error: expect.stringContaining("permission denied"),
        auth: { metadata: identity() },
      });
    });

    async function askIdentityEndpoint() {
      const { endpoint, header } = running.sandbox.azure.identityEndpointFor(site);
      const response = await fetch(
        `${endpoint}?resource=${encodeURIComponent(management)}&api-version=2019-08-01`,
        {
          headers: { "X-IDENTITY-HEADER": header },
        },
      );
      expect(response.status).toBe(200);
      return z.looseObject({ access_token: z.string() }).parse(await response.json());
    }

    function login(jwt: string) {
      const body = { role: "webapp-role", jwt };
      return askVault(running.sandbox, site, { method: "POST", path: "auth/jwt/login", body });
    }

    function asWebApp(path: string, body: unknown) {
      return askVault(running.sandbox, site, { method: "POST", path, body, token: vaultToken });
    }

    function identity(): Record<string, unknown> {
      const { appid, xms_mirid } = claimsOf(entraToken);
      return { application_id: appid, resource_id: xms_mirid };
    }

    function logOf(file: string): AuditEntry[] {
      return auditLog(running.sandbox.vault, file);
    }

    function principalId(): string | undefined {
      const [resource] = running.sandbox.deployment.resources("azurerm_linux_web_app");
      const identity = z.array(z.looseObject({ principal_id: z.string() }));
      return resource?.read(z.object({ identity })).identity[0]?.principal_id;
    }

    /** The pattern of the integration subnet's addresses, which is a /24. */
    function webAppSubnet(): RegExp {
      const { webApp } = running.sandbox.environment.network.subnets;
      return new RegExp(`^${webApp.replace(/\d+\/24$/, "").replaceAll(".", "\\.")}\\d+$`);
    }
  });
