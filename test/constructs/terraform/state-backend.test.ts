import { useStateBackend } from "../../../constructs/terraform/state-backend";
import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import { asObject, changed, synthesizeConstructs } from "../../synthesis";

function backendOf(state: Environment["state"]) {
  const environment = changed(loadEnvironment("demo"), (copy) => {
    copy.state = state;
  });
  const stack = synthesizeConstructs((scope) => useStateBackend(scope, environment));
  return asObject(stack.json["terraform"])["backend"];
}

describe("useStateBackend", () => {
  it("keeps the state in a file below state/, with the same path on every machine", () => {
    expect(backendOf({ backend: "local" })).toEqual({ local: { path: "../../../state/demo/stack.tfstate" } });
  });

  it("keeps it in a storage account, one blob per stack, with an Entra login instead of an account key", () => {
    const state = { resourceGroup: "rg-state", storageAccount: "ststate", container: "vault" };
    expect(backendOf({ backend: "azurerm", ...state })).toEqual({
      azurerm: {
        resource_group_name: "rg-state",
        storage_account_name: "ststate",
        container_name: "vault",
        key: "demo/stack.tfstate",
        use_azuread_auth: true,
      },
    });
  });
});
