import type { Construct } from "constructs";
import { OtherSnapshotStore } from "../other-snapshot-store";
import type { SnapshotStore } from "../snapshot-store";
import { VaultSnapshotStore, type VaultSnapshotStoreProps } from "./vault-snapshot-store";

export interface SnapshotStores {
  /** The store to which Vault's VMs send snapshots. */
  snapshots?: SnapshotStore;
  /** The store from which Vault restores another environment's snapshot. */
  otherSnapshots?: OtherSnapshotStore;
}

/** Creates the stores of snapshots that the environment asks for. */
export function createSnapshotStores(scope: Construct, props: VaultSnapshotStoreProps): SnapshotStores {
  const { environment, vaultPrincipalId } = props;
  const { vault, restore } = environment;
  return {
    snapshots: vault.snapshots.enabled ? new VaultSnapshotStore(scope, "snapshots", props) : undefined,
    otherSnapshots:
      restore?.from === undefined
        ? undefined
        : new OtherSnapshotStore(scope, "other-snapshots", { accountId: restore.from, vaultPrincipalId }),
  };
}
