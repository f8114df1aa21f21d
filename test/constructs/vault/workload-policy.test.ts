import { WorkloadPolicy } from "../../../constructs/vault/workload-policy";
import { synthesizeConstructs } from "../../synthesis";

function policyOf(paths: Record<string, "read" | "update">) {
  return synthesizeConstructs(
    (scope) =>
      new WorkloadPolicy(scope, "policy", { workload: "webapp", paths: new Map(Object.entries(paths)) }),
  ).only("vault_policy").attributes;
}

describe("WorkloadPolicy", () => {
  it("allows the workload its paths, each with the one capability that it needs", () => {
    expect(policyOf({ "transit/encrypt/customer-key": "update", "database/creds/long": "read" })).toEqual({
      name: "workload-webapp",
      policy: `path "transit/encrypt/customer-key" {
  capabilities = ["update"]
}

path "database/creds/long" {
  capabilities = ["read"]
}
`,
    });
  });

  it("allows nothing to a workload without paths, and says so", () => {
    expect(policyOf({})).toEqual({ name: "workload-webapp", policy: "# No path is allowed.\n" });
  });
});
