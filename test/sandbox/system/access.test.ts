import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import { describeWithVaultAndDatabase } from "../programs-there";
import { deployersOwnLogin } from "./access/deployer-login";
import { reader as grace, otherReader as hedy, recoveryKeys } from "./access/recovery-keys";
import { reader, readersGroup, vaultAccess } from "./access/vault-access";
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

/** Subjects that share one system, because its start takes longer than most of them. Each leaves Vault as it was. */
describeWithVaultAndDatabase("On one system with recovery key readers:", () => {
  const running = useSandbox({ environment, upTo: "vault-config" });

  vaultAccess(running);
  recoveryKeys(running);
  deployersOwnLogin(running, reader);
});
