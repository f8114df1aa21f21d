import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import { changed, type SynthesizedStack, sharedSystem, synthesizeSystem } from "../synthesis";
import { readable } from "./readable";

describe("stack vault-config", () => {
  it.each(["demo", "production"])("of %s", (environment) => {
    const stack = sharedSystem(loadEnvironment(environment)).get("vault-config");
    expect(stack && readable(stack)).toMatchSnapshot();
  });

  function stackOf(change: (environment: Environment) => void): SynthesizedStack {
    const stacks = synthesizeSystem(changed(loadEnvironment("demo"), change));
    return stacks.get("vault-config") as SynthesizedStack;
  }

  it("binds a group's role to the identities of all its machines", () => {
    const stack = stackOf(({ agentVms: [group] }) => {
      if (group) group.count = 2;
    });
    const principals = stack.only("vault_azure_auth_backend_role").get("bound_service_principal_ids");
    expect(principals).toEqual([
      expect.stringMatching(/agent-1_machine_\w+identity0principal_id\}$/),
      expect.stringMatching(/agent-2_machine_\w+identity0principal_id\}$/),
    ]);
  });

  it("binds tokens to their users' subnets", () => {
    const { subnets } = loadEnvironment("demo").network;
    const stack = stackOf(() => {});
    expect(stack.only("vault_azure_auth_backend_role").get("token_bound_cidrs")).toEqual([subnets.agents]);
    expect(stack.only("vault_jwt_auth_backend_role").get("token_bound_cidrs")).toEqual([subnets.webApp]);
  });

  it("allows each workload only its paths and its database role's credentials", () => {
    const policies = stackOf(() => {}).resources("vault_policy");
    const paths = policies.map((policy) => [
      policy.get("name"),
      [...String(policy.get("policy")).matchAll(/path "(.+)" \{\n {2}capabilities = \["(.+)"\]\n\}/g)].map(
        ([, path, capability]) => `${capability} ${path}`,
      ),
    ]);
    expect(Object.fromEntries(paths)).toEqual({
      "workload-agent": [
        "update transit/encrypt/customer-key",
        "update transit/decrypt/customer-key",
        "update transit/hmac/customer-key",
        "read transit/keys/customer-key",
        "read database/creds/short",
      ],
      "workload-webapp": [
        "read database/creds/migration",
        "update transit/encrypt/customer-key",
        "update transit/decrypt/customer-key",
        "update transit/hmac/customer-key",
        "read transit/keys/customer-key",
        "update transit/encrypt/archive-key",
        "read database/creds/long",
      ],
    });
  });

  it.each([
    ["enterprise", ["database", "transform", "transit"]],
    ["community", ["database", "transit"]],
  ] as const)("has the engines of the edition %s: %j", (edition, engines) => {
    const stack = stackOf(({ vault }) => {
      vault.edition = edition;
    });
    expect(
      stack
        .resources("vault_mount")
        .map((mount) => mount.get("path"))
        .sort(),
    ).toEqual(engines);
  });

  it("does not change the deployers' mount, which first boot created", () => {
    const managed = stackOf(() => {})
      .resources()
      .filter(
        ({ type, attributes }) =>
          type.startsWith("vault_") && String(attributes["path"]).startsWith("deployer"),
      );
    expect(managed).toEqual([]);
  });

  it("reads MySQL's password from Key Vault by the name from the stack mysql", () => {
    expect(
      stackOf(() => {})
        .onlyEphemeral("azurerm_key_vault_secret")
        .get("name"),
    ).toMatch(
      /^\$\{basename\([\w.-]*cross-stack-reference-input-mysql\.outputs\.[\w-]*azurerm_key_vault_secret\w*\)\}$/,
    );
  });
});
