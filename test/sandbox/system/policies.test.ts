import { loadEnvironment } from "../../../environments/load";
import { describeLongWithVault } from "../programs-there";
import { policies } from "./configured-vault/policies";
import { useSandbox } from "./running-sandbox";

// configured-vault.test.ts has the policies of demo.
describeLongWithVault("A larger environment:", () => {
  const name = "production";
  policies(useSandbox({ environment: loadEnvironment(name), upTo: "vault-config" }), name);
});
