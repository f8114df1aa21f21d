import type { DataAzurermClientConfig } from "@cdktf/provider-azurerm/lib/data-azurerm-client-config";
import type { Construct } from "constructs";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { cloudOf } from "../../../environments/azure-clouds";
import { applicationIdUri } from "../../../environments/deployer-login";
import { diskControllerOf } from "../../../environments/vm-size";
import { dependsOn } from "../../terraform/depends-on";
import type { PublicAddress } from "../network/public-address";
import type { VaultIdentity } from "../vault-identity";
import { VaultNode } from "../vault-node";
import type { Watching } from "../watching/watching";
import type { SnapshotStores } from "./snapshot-stores";
import { nameOfNode, type VaultHosts } from "./vault-hosts";
import type { VaultKeys } from "./vault-keys";
import type { VaultServerProps } from "./vault-server-props";

export interface VaultServerNodeProps extends VaultServerProps, SnapshotStores {
  hosts: VaultHosts;
  /** Vault's address inside the virtual network. */
  apiAddress: string;
  deployer: DataAzurermClientConfig;
  identity: VaultIdentity;
  virtualMachineReaderRoleId: string;
  keys: VaultKeys;
  publicAddress?: PublicAddress;
  watching?: Watching;
}

/** The nodes of a cluster must never restart together for a security update. */
const minutesBetweenReboots = 30;

/** One Vault node as the environment defines it. */
export class VaultServerNode extends VaultNode {
  constructor(scope: Construct, number: number, props: VaultServerNodeProps) {
    const { environment, network, watching } = props;
    const { vault } = environment;
    super(scope, `node-${number}`, {
      environment: environment.name,
      name: nameOfNode(number),
      resourceGroup: network.resourceGroup.name,
      location: environment.location,
      subnetId: network.subnets.vault,
      publicIpAddressId: props.publicAddress?.id,
      size: vault.vmSize,
      zone: vault.nodes > 1 ? vault.zones[(number - 1) % vault.zones.length] : vault.zone,
      ubuntu: environment.ubuntu,
      osDiskGb: vault.osDiskGb,
      encryptionAtHost: vault.encryptionAtHost,
      sshPublicKey: props.keys.sshKey.publicKey,
      sshAdministrators: environment.network.sshAdministrators,
      logRuleId: watching?.ruleId,
      userAssignedIdentities: [props.identity.id],
      dataDiskGb: vault.dataDiskGb,
      // The VMs that log in are in the system's own resource group.
      reads: { roleId: props.virtualMachineReaderRoleId, resourceGroupId: network.resourceGroup.id },
      protect: environment.protectData,
      dependsOn: dependsOn(...props.keys.endpoints, props.snapshots?.endpoint),
      cloudConfig: (privateAddress) => cloudConfig(number, privateAddress, props),
    });
  }
}

function cloudConfig(number: number, privateAddress: string, props: VaultServerNodeProps): string {
  const { environment, hosts, deployer, identity, keys, snapshots } = props;
  const { vault, deployers, deployerLogin, recoveryKeyReaders } = environment;
  const nodeHost = hosts.nodes[number - 1] ?? "";
  return vaultServerUserData({
    privateAddress,
    vault,
    azure: cloudOf(environment),
    tenantId: deployer.tenantId,
    clientId: identity.clientId,
    principalId: identity.principalId,
    keyVaultName: keys.seal.keyVaultName,
    diskController: diskControllerOf(vault.vmSize),
    unsealKeyName: keys.seal.name,
    unsealKeyModulus: keys.seal.modulus,
    nodeId: nameOfNode(number),
    apiAddress: props.apiAddress,
    nodeHost,
    peerHosts: hosts.nodes.filter((host) => host !== nodeHost),
    certificateSecretUrl: keys.certificate.secretUrl,
    recoveryKeysSecretUrl: keys.recoveryKeys.secretUrl,
    licenseSecretUrl: keys.license?.secretUrl,
    snapshots: snapshots && {
      containerUrl: snapshots.containerUrl,
      interval: vault.snapshots.interval,
      beforeUpgrade: !environment.upgradeWithoutSnapshot,
    },
    restore: environment.restore,
    otherSnapshotsAccount: props.otherSnapshots?.accountName,
    recoveryShares: vault.recoveryShares,
    recoveryThreshold: vault.recoveryThreshold,
    // Sorted, so that another order in the environment file does not change the VM.
    deployerObjectIds: deployers
      .map(({ objectId }) => (objectId === "signed-in-user" ? deployer.objectId : objectId))
      .sort(),
    deployerLogin: deployerLogin && {
      audience: applicationIdUri(deployerLogin),
      appRole: deployerLogin.appRole,
    },
    deployerTokenTtl: vault.deployerTokenTtl,
    minTlsVersion: vault.minTlsVersion,
    watched: props.watching !== undefined,
    // One node creates the cluster, and the others wait for it.
    firstBoot: number === 1 ? vault.firstBoot : "join",
    recoveryKeyReaderObjectIds: recoveryKeyReaders
      .filter(({ type }) => type !== "Group")
      .map(({ objectId }) => objectId)
      .sort(),
    automaticRebootTime: laterBy(vault.automaticRebootTime, (number - 1) * minutesBetweenReboots),
  });
}

/** Returns a time of day such as "03:30", moved by some minutes. */
function laterBy(time: string, minutes: number): string {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  const later = (hour * 60 + minute + minutes) % (24 * 60);
  return [Math.floor(later / 60), later % 60].map((part) => String(part).padStart(2, "0")).join(":");
}
