import { removedWorkloads } from "../../../scripts/deployment/removed-workloads";

it("The workloads that a plan takes away are those whose roles it deletes", () => {
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
