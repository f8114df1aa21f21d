import { signedInObjectId } from "../../../../sandbox/azurerm/made-up-values";
import { readBack, type VaultReadBack } from "../../vault-config/read-back";
import { identities, keyVaultRights, keyVaultTokens } from "../attacks/azure";
import { ownAccess, secrets, tokens, traces, vaultItself, vaultsMachine } from "../attacks/deployers";
import { agentLogins, deployerLogins, flawedTokens, webAppLogins, withdrawnKeys } from "../attacks/logins";
import { type Attack, refusalOf, Scene, tokenOf } from "../attacks/scene";
import { transport } from "../attacks/transport";
import { overreach, replays, stolenTokens } from "../attacks/vault-tokens";
import { auditLog, firstBootsLog } from "../audit-log";
import type { RunningSandbox } from "../running-sandbox";

export const attacksOn = (running: RunningSandbox): void =>
  describe("Attacks on the running system", () => {
    let scene: Scene;
    let before: VaultReadBack;

    beforeAll(async () => {
      scene = await Scene.of(running.sandbox);
      before = await readBack(await running.deployer());
    });

    const attacks: readonly [string, readonly Attack[]][] = [
      ["Vault refuses a login at", flawedTokens],
      ["Vault refuses a web app's login with", webAppLogins],
      ["Vault refuses an agent's login with", agentLogins],
      ["Vault refuses a deployer's login with", deployerLogins],
      ["Vault refuses a deployer secrets:", secrets],
      ["Vault refuses a deployer tokens and others' logins:", tokens],
      ["Vault refuses a deployer changes of their own access:", ownAccess],
      ["Vault refuses a deployer requests that would hide their traces:", traces],
      ["Vault refuses a deployer control of Vault itself:", vaultItself],
      ["Vault refuses a deployer access to its VM:", vaultsMachine],
      ["Vault refuses a stolen token:", stolenTokens],
      ["Vault refuses a workload more than its rights:", overreach],
      ["Vault refuses a token that was valid once:", replays],
      ["Vault refuses a login at", withdrawnKeys],
      ["Key Vault refuses an operation:", keyVaultRights],
      ["Key Vault refuses", keyVaultTokens],
      ["Azure refuses a token or an answer:", identities],
      ["No connection is possible with", transport],
    ];

    it("are more than three hundred different ones", () => {
      const all = attacks.flatMap(([target, list]) => list.map(([what]) => `${target} ${what}`));
      expect(all.length).toBeGreaterThan(300);
      expect(new Set(all).size).toBe(all.length);
    });

    describe.each(attacks)("%s", (_, list) => {
      it.each(list)("%s", async (_what, refusal, attempt) => {
        const outcome = await attempt(scene);
        expect(refusalOf(outcome)).toMatch(refusal);
        expect([200, 204, 307]).not.toContain(outcome.status);
      });
    });

    it("end no login by a detour, because Vault takes the dots in a lease's name literally", async () => {
      const detour = await scene.asDeployer("PUT sys/leases/revoke-prefix/database%2F..%2Fauth", {
        sync: true,
      });
      expect(detour.status).toBe(204);
      expect(await scene.asAgent("GET auth/token/lookup-self")).toMatchObject({ status: 200 });
    });

    it("change nothing in Vault's configuration, and everybody can still log in", async () => {
      expect(await readBack(await running.deployer())).toEqual(before);
      for (const login of [scene.loginByJwt(), scene.loginByAzure(), scene.loginAsDeployer()]) {
        expect(tokenOf(await login)).toBeTruthy();
      }
      for (const ask of [scene.asAgent, scene.asWebApp, scene.asDeployer]) {
        expect(await ask.call(scene, "GET auth/token/lookup-self")).toMatchObject({ status: 200 });
      }
    });

    it("are possible for deployers with their own policy, and first boot's audit log shows it under their object id", async () => {
      const policy = "sys/policies/acl/workload-mine";
      const before = auditLog(running.sandbox.vault, firstBootsLog).length;
      for (const [request, body] of [
        ["DELETE sys/audit/file"],
        [`PUT ${policy}`, { policy: 'path "database/*" { capabilities = ["read"] }' }],
        [`DELETE ${policy}`],
      ] as const) {
        expect(await scene.asDeployer(request, body)).toMatchObject({ status: 204 });
      }
      await running.sandbox.applyVaultConfig();
      const entries = auditLog(running.sandbox.vault, firstBootsLog)
        .slice(before)
        .filter(({ type }) => type === "response");
      const ofThePolicy = entries.filter(({ request }) => request.path === policy);
      expect(ofThePolicy.map(({ request, auth }) => [request.operation, auth?.display_name])).toEqual([
        ["update", `deployer-${signedInObjectId}`],
        ["delete", `deployer-${signedInObjectId}`],
      ]);
      expect(entries.map(({ request }) => request.path)).toContain("sys/audit/file");
    });
  });
