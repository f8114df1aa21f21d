import { applicationIdUri } from "../../../../environments/deployer-login";
import type { Environment } from "../../../../environments/schema";
import type { TokenOverrides } from "../../../../sandbox/azure/identity/token-issuer";
import { signedInObjectId } from "../../../../sandbox/azurerm/made-up-values";
import { keyVaultResource, management, stranger } from "../attacks/scene";
import type { RunningSandbox } from "../running-sandbox";
import { askVault, type VaultReply } from "../vault-caller";

const deployerLogin = { clientId: "55555555-5555-4555-8555-555555555555", appRole: "Vault.Deploy" };
const audience = applicationIdUri(deployerLogin);

/** @param keeper object id of a recovery key reader */
export const deployersOwnLogin = (running: RunningSandbox, keeper: string): void =>
  describe("Deployers who log in to Vault with their own app registration", () => {
    let before: Environment;

    const login = (mount: string, role: string, jwt: string): Promise<VaultReply> =>
      askVault(running.sandbox, undefined, {
        method: "POST",
        path: `auth/${mount}/login`,
        body: { role, jwt },
      });
    const token = (aud: string, claims: TokenOverrides["claims"] = {}) =>
      running.sandbox.azure.tokenForPerson(signedInObjectId, aud, { claims });
    const deployer = (aud: string, claims?: TokenOverrides["claims"]) =>
      login("deployer", "deployer", token(aud, claims));

    beforeAll(async () => {
      before = running.sandbox.environment;
      expect((await deployer(management)).status).toBe(200);
      await running.sandbox.redeploy({ ...before, deployerLogin });
    }, 180_000);

    it("are admitted with its token, which has the app role, after one deployment of a running VM", async () => {
      const { status, body } = await deployer(audience);
      expect([status, body.auth?.policies]).toEqual([200, ["default", "deployer"]]);
    });

    it.each<[string, string, TokenOverrides["claims"], RegExp]>([
      ["for Azure Resource Manager", management, {}, /audience/],
      ["for Azure Resource Manager, as az spells it", "https://management.core.windows.net/", {}, /audience/],
      [
        "for Azure Resource Manager with the app role in it",
        management,
        { roles: [deployerLogin.appRole] },
        /audience/,
      ],
      ["for Key Vault", keyVaultResource, {}, /audience/],
      ["for another app registration", `api://${stranger}`, { roles: [deployerLogin.appRole] }, /audience/],
      ["without the app role", audience, { roles: undefined }, /claim "roles" is missing/],
      ["with no app role in its list", audience, { roles: [] }, /claim "roles" does not match/],
      ["with another app role", audience, { roles: ["Vault.Read"] }, /claim "roles" does not match/],
      [
        "whose app role only contains the right one",
        audience,
        { roles: ["Vault.Deployers"] },
        /"roles" does not match/,
      ],
      [
        "with the app role as a scope",
        audience,
        { roles: undefined, scp: deployerLogin.appRole },
        /"roles" is missing/,
      ],
      ["of somebody else who has the app role", audience, { oid: stranger }, /claim "oid" does not match/],
      ["of another tenant", audience, { tid: stranger }, /claim "tid" does not match/],
    ])("are not admitted with a token %s", async (_, aud, claims, refusal) => {
      const { status, errors } = await deployer(aud, claims);
      expect([status, errors]).toEqual([400, expect.stringMatching(refusal)]);
    });

    it("do not change the recovery key readers' login", async () => {
      const { azure } = running.sandbox;
      const reader = (aud: string) =>
        login("recovery", "recovery-key-reader", azure.tokenForPerson(keeper, aud));
      expect((await reader(management)).status).toBe(200);
      expect(await reader(audience)).toMatchObject({
        status: 400,
        errors: expect.stringMatching(/audience/),
      });
    });

    // They log in as before when the environment no longer names an app registration.
    afterAll(async () => {
      await running.sandbox.redeploy(before);
      expect((await deployer(management)).status).toBe(200);
      expect((await deployer(audience, { roles: [deployerLogin.appRole] })).status).toBe(400);
    }, 180_000);
  });
