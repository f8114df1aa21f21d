import { DataAzurermClientConfig } from "@cdktf/provider-azurerm/lib/data-azurerm-client-config";
import { PrivateDnsARecord } from "@cdktf/provider-azurerm/lib/private-dns-a-record";
import { ResourceGroup } from "@cdktf/provider-azurerm/lib/resource-group";
import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { vaultServerUserData } from "../cloud-init/vault-server/user-data";
import { AdminSshKey } from "../constructs/azure/admin-ssh-key";
import { useAzurerm } from "../constructs/azure/azurerm-provider";
import { EnterpriseLicense } from "../constructs/azure/enterprise-license";
import { Evidence } from "../constructs/azure/evidence";
import { GlobalSuffix } from "../constructs/azure/global-suffix";
import { KeyVault } from "../constructs/azure/key-vault";
import { adminUsername } from "../constructs/azure/linux-vm";
import { PublicAddress } from "../constructs/azure/public-address";
import { RecoveryKeys } from "../constructs/azure/recovery-keys";
import { resourceName } from "../constructs/azure/resource-names";
import { SnapshotStore } from "../constructs/azure/snapshot-store";
import { TlsCertificate } from "../constructs/azure/tls-certificate";
import { UnsealKey } from "../constructs/azure/unseal-key";
import { VaultIdentity } from "../constructs/azure/vault-identity";
import { VaultLoadBalancer } from "../constructs/azure/vault-load-balancer";
import { VaultNode } from "../constructs/azure/vault-node";
import { Watching } from "../constructs/azure/watching/watching";
import { applicationIdUri } from "../environments/deployer-login";
import type { Environment } from "../environments/schema";
import { diskControllerOf } from "../environments/vm-size";
import { EnvironmentStack } from "./environment-stack";
import type { NetworkStack } from "./network";
import type { VmReaderRoleStack } from "./vm-reader-role";

/** The nodes of a cluster must never restart together for a security update. */
const minutesBetweenReboots = 30;

/** Vault's server: its identity, its keys and certificate in Key Vault, its VM and its address. */
export class VaultServerStack extends EnvironmentStack {
  /** Vault's address inside the virtual network, which is in its certificate: `https://vault.<zone>:8200`. */
  readonly privateAddress: string;
  readonly keyVault: KeyVault;
  readonly certificate: TlsCertificate;
  readonly sshKey: AdminSshKey;
  readonly httpsAddress: string;
  /** Of an environment that names a workspace for evidence. */
  readonly watching?: Watching;

  constructor(
    scope: Construct,
    id: string,
    private readonly environment: Environment,
    private readonly network: NetworkStack,
    private readonly roles: VmReaderRoleStack,
  ) {
    super(scope, id, environment, ["azurerm", "random"]);
    useAzurerm(this);
    new RandomProvider(this, "random");
    const { vault } = environment;
    const deployer = new DataAzurermClientConfig(this, "deployer");
    const { tenantId } = deployer;
    const suffix = new GlobalSuffix(this, "name").value;
    const privateName = `vault.${network.vaultDnsZoneName}`;
    this.privateAddress = `https://${privateName}:8200`;

    const identity = this.createIdentity();
    this.keyVault = this.createKeyVault(tenantId, suffix);
    this.keepEvidence("key-vault-evidence", this.keyVault);
    this.watching = this.watch(identity);
    const unsealKey = new UnsealKey(this, "unseal-key", {
      keyVaultId: this.keyVault.id,
      hardware: vault.keyVaultSku === "premium",
      vaultPrincipalId: identity.principalId,
      protect: environment.protectData,
    });
    const publicAddress = vault.publicAddress ? this.createPublicAddress(suffix) : undefined;
    const nodeHosts = vault.nodes > 1 ? this.nodeHosts : [];
    this.certificate = new TlsCertificate(this, "certificate", {
      tls: vault.tls,
      keyVault: this.keyVault,
      dnsNames: publicAddress ? [privateName, publicAddress.domainName] : [privateName, ...nodeHosts],
      vaultPrincipalId: identity.principalId,
    });
    const recoveryKeys = this.createRecoveryKeys(tenantId, suffix, identity);
    const license =
      vault.edition === "enterprise"
        ? new EnterpriseLicense(this, "license", {
            keyVault: this.keyVault,
            vaultPrincipalId: identity.principalId,
          })
        : undefined;
    const snapshots = vault.snapshots.enabled ? this.createSnapshotStore(suffix, identity) : undefined;
    this.sshKey = new AdminSshKey(this, "ssh-key", { keyVaultId: this.keyVault.id });
    const nodes = Array.from({ length: vault.nodes }, (_, index) =>
      this.createNode(index + 1, {
        deployer,
        identity,
        unsealKey,
        recoveryKeys,
        license,
        snapshots,
        publicAddress,
      }),
    );
    this.nameNodes(nodes);
    this.watching?.measure(
      this,
      "nodes",
      Object.fromEntries(nodes.map(({ machine }, index) => [nameOfNode(index + 1), machine.id])),
    );
    this.watching?.measure(this, "keyVault", { "key-vault": this.keyVault.id });
    const [first] = nodes;
    if (!first) throw new Error("an environment has at least one Vault node");
    this.addPrivateName(
      "vault",
      nodes.length > 1 ? this.createLoadBalancer(nodes).privateAddress : first.machine.privateIpAddress,
    );

    const host = publicAddress?.domainName ?? privateName;
    this.httpsAddress = `https://${host}:8200`;
    new TerraformOutput(this, "vault_https_addr", { value: this.httpsAddress });
    new TerraformOutput(this, "vault_private_addr", { value: this.privateAddress });
    new TerraformOutput(this, "vault_ssh_addr", { value: `${adminUsername}@${host}` });
    new TerraformOutput(this, "vault_vm_id", { value: first.machine.id });
    new TerraformOutput(this, "key_vault_name", { value: this.keyVault.name });
    new TerraformOutput(this, "vault_certificate_url", { value: this.certificate.publicUrl });
    new TerraformOutput(this, "recovery_keys_secret_url", { value: recoveryKeys.secretUrl });
  }

  private createIdentity(): VaultIdentity {
    return new VaultIdentity(this, "identity", {
      name: resourceName("id", this.environment.name, "vault"),
      resourceGroup: this.network.resourceGroup.name,
      location: this.environment.location,
    });
  }

  private createKeyVault(tenantId: string, suffix: string): KeyVault {
    const { name, location, vault, network, protectData } = this.environment;
    const { subnets } = this.network;
    return new KeyVault(this, "key-vault", {
      name: resourceName("kv", name, suffix),
      resourceGroup: this.network.resourceGroup.name,
      location,
      tenantId,
      sku: vault.keyVaultSku,
      allowedRanges: network.deployerRanges.map(({ cidr }) => cidr),
      allowedSubnets: [
        ...[subnets.vault, subnets.webApp, subnets.agents],
        ...network.deployerSubnets.map(({ id }) => id),
      ],
      protect: protectData,
    });
  }

  /** Logs who read, wrote or used the Key Vault's contents. */
  private keepEvidence(id: string, keyVault: KeyVault): void {
    new Evidence(this, id, { environment: this.environment, of: keyVault.id, categories: ["AuditEvent"] });
  }

  /** Logs, alerts and a workbook, where the environment names a workspace for them. */
  private watch(identity: VaultIdentity): Watching | undefined {
    const { name, evidenceWorkspace, vault } = this.environment;
    if (evidenceWorkspace === undefined) return undefined;
    return new Watching(this, "watching", {
      environment: this.environment,
      workspaceId: evidenceWorkspace,
      resourceGroup: this.network.resourceGroup.name,
      nodes: Array.from({ length: vault.nodes }, (_, index) =>
        resourceName("vm", name, nameOfNode(index + 1)),
      ),
      vaultPrincipalId: identity.principalId,
    });
  }

  /** Creates a separate Key Vault and resource group, so that the deployers' rights do not include them. */
  private createRecoveryKeys(tenantId: string, suffix: string, identity: VaultIdentity): RecoveryKeys {
    const { name, location, network, protectData, recoveryKeyReaders } = this.environment;
    const resourceGroup = new ResourceGroup(this, "recovery-resource-group", {
      name: resourceName("rg", name, "vault", "recovery"),
      location,
    });
    const keyVault = new KeyVault(this, "recovery-key-vault", {
      name: resourceName("kv", name, "rec", suffix),
      resourceGroup: resourceGroup.name,
      location,
      tenantId,
      sku: "standard",
      allowedRanges: network.deployerRanges.map(({ cidr }) => cidr),
      allowedSubnets: [this.network.subnets.vault, ...network.deployerSubnets.map(({ id }) => id)],
      protect: protectData,
    });
    this.keepEvidence("recovery-key-vault-evidence", keyVault);
    return new RecoveryKeys(this, "recovery-keys", {
      keyVault,
      writerRoleId: this.roles.recoveryKeyWriterRoleId,
      vaultPrincipalId: identity.principalId,
      readers: recoveryKeyReaders,
    });
  }

  /** In a resource group of its own, which the deployers' rights on what the stores hold do not reach. */
  private createSnapshotStore(suffix: string, identity: VaultIdentity): SnapshotStore {
    const { name, location, vault, protectData } = this.environment;
    const resourceGroup = new ResourceGroup(this, "snapshot-resource-group", {
      name: resourceName("rg", name, "vault", "snapshots"),
      location,
    });
    const store = new SnapshotStore(this, "snapshots", {
      name: `st${name}snap${suffix}`,
      resourceGroup: resourceGroup.name,
      location,
      retentionDays: vault.snapshots.retentionDays,
      replication: vault.snapshots.replication,
      vaultSubnet: this.network.subnets.vault,
      keeperRoleId: this.roles.snapshotKeeperRoleId,
      vaultPrincipalId: identity.principalId,
      protect: protectData,
    });
    new Evidence(this, "snapshot-evidence", {
      environment: this.environment,
      of: store.blobServiceId,
      categories: ["StorageRead", "StorageWrite", "StorageDelete"],
    });
    return store;
  }

  private createPublicAddress(suffix: string): PublicAddress {
    const { name, location, vault } = this.environment;
    return new PublicAddress(this, "public-address", {
      name: resourceName("pip", name, "vault"),
      resourceGroup: this.network.resourceGroup.name,
      location,
      zone: vault.zone,
      dnsLabel: `vault-${name}-${suffix}`,
    });
  }

  private createNode(
    number: number,
    parts: {
      deployer: DataAzurermClientConfig;
      identity: VaultIdentity;
      unsealKey: UnsealKey;
      recoveryKeys: RecoveryKeys;
      license?: EnterpriseLicense;
      snapshots?: SnapshotStore;
      publicAddress?: PublicAddress;
    },
  ): VaultNode {
    const {
      name,
      location,
      ubuntu,
      vault,
      network,
      deployers,
      deployerLogin,
      recoveryKeyReaders,
      protectData,
    } = this.environment;
    const nodeName = nameOfNode(number);
    const nodeHost = this.hostOfNode(number);
    return new VaultNode(this, `node-${number}`, {
      environment: name,
      name: nodeName,
      resourceGroup: this.network.resourceGroup.name,
      location,
      subnetId: this.network.subnets.vault,
      publicIpAddressId: parts.publicAddress?.id,
      size: vault.vmSize,
      zone: vault.nodes > 1 ? vault.zones[(number - 1) % vault.zones.length] : vault.zone,
      ubuntu,
      osDiskGb: vault.osDiskGb,
      encryptionAtHost: vault.encryptionAtHost,
      sshPublicKey: this.sshKey.publicKey,
      sshAdministrators: network.sshAdministrators,
      logRuleId: this.watching?.ruleId,
      userAssignedIdentities: [parts.identity.id],
      dataDiskGb: vault.dataDiskGb,
      // The VMs that log in are in the system's own resource group.
      reads: {
        roleId: this.roles.virtualMachineReaderRoleId,
        resourceGroupId: this.network.resourceGroup.id,
      },
      protect: protectData,
      cloudConfig: (privateAddress) =>
        vaultServerUserData({
          privateAddress,
          vault,
          tenantId: parts.deployer.tenantId,
          clientId: parts.identity.clientId,
          principalId: parts.identity.principalId,
          keyVaultName: this.keyVault.name,
          diskController: diskControllerOf(vault.vmSize),
          unsealKeyName: parts.unsealKey.name,
          unsealKeyVersion: parts.unsealKey.version,
          nodeId: nodeName,
          apiAddress: this.privateAddress,
          nodeHost,
          peerHosts: this.nodeHosts.filter((host) => host !== nodeHost),
          certificateSecretUrl: this.certificate.secretUrl,
          recoveryKeysSecretUrl: parts.recoveryKeys.secretUrl,
          licenseSecretUrl: parts.license?.secretUrl,
          snapshots: parts.snapshots && {
            containerUrl: parts.snapshots.containerUrl,
            interval: vault.snapshots.interval,
            beforeUpgrade: !this.environment.upgradeWithoutSnapshot,
          },
          restore: this.environment.restore,
          recoveryShares: vault.recoveryShares,
          recoveryThreshold: vault.recoveryThreshold,
          // Sorted, so that another order in the environment file does not change the VM.
          deployerObjectIds: deployers
            .map(({ objectId }) => (objectId === "signed-in-user" ? parts.deployer.objectId : objectId))
            .sort(),
          deployerLogin: deployerLogin && {
            audience: applicationIdUri(deployerLogin),
            appRole: deployerLogin.appRole,
          },
          deployerTokenTtl: vault.deployerTokenTtl,
          minTlsVersion: vault.minTlsVersion,
          watched: this.watching !== undefined,
          // One node creates the cluster, and the others wait for it.
          firstBoot: number === 1 ? vault.firstBoot : "join",
          recoveryKeyReaderObjectIds: recoveryKeyReaders
            .filter(({ type }) => type !== "Group")
            .map(({ objectId }) => objectId)
            .sort(),
          automaticRebootTime: laterBy(vault.automaticRebootTime, (number - 1) * minutesBetweenReboots),
        }),
    });
  }

  /** Names of the nodes in the virtual network, with the first node first. */
  private get nodeHosts(): string[] {
    const { nodes } = this.environment.vault;
    return Array.from({ length: nodes }, (_, index) => this.hostOfNode(index + 1));
  }

  private hostOfNode(number: number): string {
    return `${nameOfNode(number)}.${this.network.vaultDnsZoneName}`;
  }

  private createLoadBalancer(nodes: readonly VaultNode[]): VaultLoadBalancer {
    const { name, location, vault } = this.environment;
    return new VaultLoadBalancer(this, "load-balancer", {
      environment: name,
      resourceGroup: this.network.resourceGroup.name,
      location,
      subnetId: this.network.subnets.vault,
      zones: vault.zones,
      nodes,
    });
  }

  /** Gives each node a name of its own, for its peers. */
  private nameNodes(nodes: readonly VaultNode[]): void {
    for (const [index, { machine }] of nodes.entries())
      this.addPrivateName(nameOfNode(index + 1), machine.privateIpAddress);
  }

  private addPrivateName(name: string, address: string): void {
    new PrivateDnsARecord(this, `private-name-${name}`, {
      name,
      zoneName: this.network.vaultDnsZone.name,
      resourceGroupName: this.network.resourceGroup.name,
      ttl: 60,
      records: [address],
    });
  }
}

const nameOfNode = (number: number): string => `vault-${number}`;

/** Returns a time of day such as "03:30", moved by some minutes. */
function laterBy(time: string, minutes: number): string {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  const later = (hour * 60 + minute + minutes) % (24 * 60);
  return [Math.floor(later / 60), later % 60].map((part) => String(part).padStart(2, "0")).join(":");
}
