import { loadEnvironment } from "../../../environments/load";
import { describeLongWithVault } from "../programs-there";
import { attacksOn } from "./configured-vault/attacks";
import { useSandbox } from "./running-sandbox";

// configured-vault.test.ts attacks a single node, which starts faster, and cluster.test.ts the nodes of a cluster.
describeLongWithVault("A cluster:", () => {
  const demo = loadEnvironment("demo");
  const vault = { ...demo.vault, nodes: 3 as const, publicAddress: false };
  attacksOn(useSandbox({ environment: { ...demo, vault }, upTo: "vault-config" }));
});
