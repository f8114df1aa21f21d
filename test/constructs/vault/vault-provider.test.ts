import { useVault } from "../../../constructs/vault/vault-provider";
import { asObject, synthesizeConstructs } from "../../synthesis";

describe("useVault", () => {
  it("logs in with the deployer's Entra token from the environment, and contains no token", () => {
    const stack = synthesizeConstructs((scope) =>
      useVault(scope, { address: "https://vault.demo.internal:8200" }),
    );
    expect(asObject(stack.json["provider"])["vault"]).toEqual([
      {
        address: "https://vault.demo.internal:8200",
        auth_login_jwt: [{ mount: "deployer", role: "deployer" }],
        skip_child_token: true,
      },
    ]);
  });
});
