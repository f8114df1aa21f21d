import "./in-this-process";
import { waitFor } from "../../../lib/processes/wait-for";
import { removedWorkloads } from "../../../scripts/deployment/removed-workloads";
import { itTakesLong } from "../../long-tests";
import { stackNames } from "../../stack-names";
import { DeploymentScene } from "./deployment-scene";
import { vaultServerState } from "./vault-server-state";

it("A plan removes the workloads whose roles it deletes", () => {
  const change = (actions: string[], before: object) => ({ actions, before, after: null });
  const azure = { backend: "azure", role: "agent-role", token_policies: ["workload-agent"] };
  const jwt = { backend: "jwt", role_name: "webapp-role", token_policies: ["workload-webapp"] };
  const plan = {
    format_version: "1.2",
    resource_changes: [
      {
        address: "vault_azure_auth_backend_role.azure_role-agent",
        mode: "managed",
        change: change(["delete"], azure),
      },
      {
        address: "vault_jwt_auth_backend_role.jwt_role-webapp",
        mode: "managed",
        change: change(["delete"], jwt),
      },
      {
        address: "vault_jwt_auth_backend_role.jwt_role-other",
        mode: "managed",
        change: change(["update"], jwt),
      },
      {
        address: "vault_jwt_auth_backend_role.jwt_role-new",
        mode: "managed",
        change: change(["delete", "create"], jwt),
      },
      { address: "vault_policy.policy-webapp", mode: "managed", change: change(["delete"], { name: "x" }) },
    ],
  } as const;
  expect(
    removedWorkloads(structuredClone(plan) as unknown as Parameters<typeof removedWorkloads>[0]),
  ).toEqual([
    { mount: "azure", role: "agent-role", policies: ["workload-agent"] },
    { mount: "jwt", role: "webapp-role", policies: ["workload-webapp"] },
  ]);
  expect(removedWorkloads({ format_version: "1.2" })).toEqual([]);
});

describe("scripts/deploy", () => {
  const scene = DeploymentScene.use();
  jest.setTimeout(120_000); // seconds on an idle machine
  const before = { backend: "jwt", role_name: "webapp-role", token_policies: ["workload-webapp"] };
  const removal = {
    format_version: "1.2",
    resource_changes: [
      {
        address: "vault_jwt_auth_backend_role.jwt_role-webapp",
        mode: "managed",
        change: { actions: ["delete"], before, after: null },
      },
    ],
  };

  it("ends the leases of a removed workload, checks that Vault no longer has its role, and says so", async () => {
    scene.imitations.deployed(...stackNames);
    scene.imitations.answer("terraform/plan-of-vault-config", removal);
    const { code, stderr } = await scene.run("deploy", ["--stack", "vault-config"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining(
        "webapp-role: Vault has neither this role nor its policy; ended: auth/jwt/login",
      ),
    });
    const asked = scene.vault.requests.filter((request) =>
      /revoke-prefix|role\/webapp-role|acl/.test(request),
    );
    expect(asked).toEqual([
      "GET /v1/sys/policies/acl/workload-webapp",
      "PUT /v1/sys/leases/revoke-prefix/auth/jwt/login",
      "GET /v1/auth/jwt/role/webapp-role",
      "GET /v1/sys/policies/acl/workload-webapp",
    ]);
  });

  it("ends the leases again after kill -9 in the middle of Terraform's work, and then completes the removal", async () => {
    const { imitations, vault } = scene;
    imitations.deployed(...stackNames);
    imitations.answer("terraform/plan-of-vault-config", removal);
    imitations.hang("apply", "vault-config");
    // A killed run leaves its temporary folder.
    const killed = scene.start("deploy", ["--stack", "vault-config"], { TMPDIR: imitations.folder });
    await waitFor("Terraform to begin", () => imitations.note("hanging") !== "", { deadlineMs: 60_000 });
    process.kill(-(killed.child.pid as number), "SIGKILL");
    await killed.ended;
    imitations.hang("apply", "vault-config", false);
    const { code, stderr } = await scene.run("deploy", ["--stack", "vault-config"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining("webapp-role: Vault has neither this role nor its policy"),
    });
    const revoked = vault.requests.filter((request) => request.includes("revoke-prefix"));
    expect(revoked).toHaveLength(2);
  });

  itTakesLong(
    "names the stack that brings the deployers' policy, when Vault's VM has an older one",
    async () => {
      scene.imitations.deployed(...stackNames);
      scene.imitations.answer(
        "state/vault-server",
        vaultServerState(scene.vault.address, "# an older one\n"),
      );
      scene.imitations.answer("terraform/plan-of-vault-config", removal);
      scene.vault.leaseProblem = "permission denied";
      scene.vault.leaseStatus = 403;
      const { code, stderr } = await scene.run("deploy", ["--stack", "vault-config"]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(
          /Vault refused PUT sys\/leases\/revoke-prefix\/auth\/jwt\/login with 403: permission denied\. .*Run `scripts\/deploy demo --stack vault-server`/,
        ),
      });
    },
  );
});
