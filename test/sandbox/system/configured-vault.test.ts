import { describeWithVaultAndDatabase } from "../programs-there";
import { apiFuzz } from "./configured-vault/api-fuzz";
import { attacksOn } from "./configured-vault/attacks";
import { flood } from "./configured-vault/flood";
import { fullAuditDisk } from "./configured-vault/full-audit-disk";
import { halfRemovedMount } from "./configured-vault/half-removed-mount";
import { policies } from "./configured-vault/policies";
import { revocation } from "./configured-vault/revocation";
import { secondIdentity } from "./configured-vault/second-identity";
import { webAppIdentity } from "./configured-vault/web-app-identity";
import { useSandbox } from "./running-sandbox";

/**
 * Subjects that share one system, because its start takes longer than most of them. Each leaves Vault as it was, because nightly
 * they run in random order. `-t "A revocation"` runs a single one.
 */
describeWithVaultAndDatabase("On one system:", () => {
  const running = useSandbox({ upTo: "vault-config" });

  webAppIdentity(running);
  policies(running);
  attacksOn(running);
  secondIdentity(running);
  flood(running);
  revocation(running);
  fullAuditDisk(running);
  halfRemovedMount(running);
  apiFuzz(running);
});
