import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import { describeWithVaultAndDatabase } from "../programs-there";
import { deployersOwnLogin } from "./access/deployer-login";
import { reader as grace, otherReader as hedy, recoveryKeys } from "./access/recovery-keys";
import { reader, readersGroup, vaultAccess } from "./access/vault-access";
import { apiFuzz } from "./configured-vault/api-fuzz";
import { attacksOn } from "./configured-vault/attacks";
import { connections } from "./configured-vault/connections";
import { flood } from "./configured-vault/flood";
import { fullAuditDisk } from "./configured-vault/full-audit-disk";
import { halfRemovedMount } from "./configured-vault/half-removed-mount";
import { policies } from "./configured-vault/policies";
import { revocation } from "./configured-vault/revocation";
import { secondIdentity } from "./configured-vault/second-identity";
import { status } from "./configured-vault/status";
import { webAppIdentity } from "./configured-vault/web-app-identity";
import { useSandbox } from "./running-sandbox";

const environment: Environment = {
  ...loadEnvironment("demo"),
  recoveryKeyReaders: [
    { name: "Keeper", objectId: reader, type: "User" },
    { name: "Keepers", objectId: readersGroup, type: "Group" },
    { name: "Grace", objectId: grace, type: "User" },
    { name: "Hedy", objectId: hedy, type: "User" },
  ],
};

/**
 * Subjects that share one system, because its start takes longer than most of them. Each leaves Vault as it was, because nightly
 * they run in random order. `-t "A revocation"` runs a single one.
 */
describeWithVaultAndDatabase("On one system:", () => {
  const running = useSandbox({ environment, upTo: "vault-config" });

  connections(running);
  webAppIdentity(running);
  policies(running);
  status(running);
  attacksOn(running);
  secondIdentity(running);
  flood(running);
  revocation(running);
  fullAuditDisk(running);
  halfRemovedMount(running);
  vaultAccess(running);
  recoveryKeys(running);
  deployersOwnLogin(running, reader);
  apiFuzz(running);
});
