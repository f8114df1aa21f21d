import { DataAzurermClientConfig } from "@cdktf/provider-azurerm/lib/data-azurerm-client-config";
import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import type { Construct } from "constructs";
import { useAzurerm } from "../constructs/azure/azurerm-provider";
import { GlobalSuffix } from "../constructs/azure/global-suffix";
import { adminUsername } from "../constructs/azure/linux-vm";
import { resourceName } from "../constructs/azure/resource-names";
import { VaultIdentity } from "../constructs/azure/vault-identity";
import { createSnapshotStores } from "../constructs/azure/vault-server/snapshot-stores";
import { VaultHosts } from "../constructs/azure/vault-server/vault-hosts";
import { VaultKeys } from "../constructs/azure/vault-server/vault-keys";
import { createVaultNodes } from "../constructs/azure/vault-server/vault-nodes";
import { VaultPublicAddress } from "../constructs/azure/vault-server/vault-public-address";
import { watchVault } from "../constructs/azure/vault-server/vault-watching";
import { addOutputs } from "../constructs/terraform/outputs";
import { cloudOf } from "../environments/azure-clouds";
import type { Environment } from "../environments/schema";
import { EnvironmentStack } from "./environment-stack";
import type { NetworkStack } from "./network";
import type { VmReaderRoleStack } from "./vm-reader-role";

/** Vault's server: its identity, its keys and certificate in Key Vault, its VM and its address. */
export class VaultServerStack extends EnvironmentStack {
  /** Vault's address inside the virtual network, which is in its certificate: `https://vault.<zone>:8200`. */
  readonly privateAddress: string;
  readonly httpsAddress: string;
  readonly keys: VaultKeys;
  /** Undefined if the environment names no workspace for evidence. */
  readonly watching: ReturnType<typeof watchVault>;

  constructor(
    scope: Construct,
    id: string,
    environment: Environment,
    network: NetworkStack,
    roles: VmReaderRoleStack,
  ) {
    super(scope, id, environment, ["azurerm", "random"]);
    useAzurerm(this, { cloud: cloudOf(environment) });
    new RandomProvider(this, "random");
    const { name, location, vault } = environment;
    const deployer = new DataAzurermClientConfig(this, "deployer");
    const suffix = new GlobalSuffix(this, "name").value;
    const identity = new VaultIdentity(this, "identity", {
      name: resourceName("id", name, "vault"),
      resourceGroup: network.resourceGroup.name,
      location,
    });
    const hosts = new VaultHosts(environment, network.vaultDnsZoneName);
    const { tenantId } = deployer;
    const props = { environment, network, tenantId, suffix, vaultPrincipalId: identity.principalId, hosts };
    const publicAddress = vault.publicAddress
      ? new VaultPublicAddress(this, "public-address", props)
      : undefined;
    const publicName = publicAddress?.domainName;
    const host = publicName ?? hosts.vault;
    this.httpsAddress = `https://${host}:8200`;
    this.privateAddress = `https://${hosts.vault}:8200`;
    this.watching = watchVault(this, props);
    const { recoveryKeyWriterRoleId, snapshotKeeperRoleId: keeperRoleId, virtualMachineReaderRoleId } = roles;
    this.keys = new VaultKeys(this, { ...props, publicName, recoveryKeyWriterRoleId });
    const { keys, watching } = this;
    const stores = createSnapshotStores(this, { ...props, keeperRoleId });
    const access = { apiAddress: this.privateAddress, publicAddress, deployer, virtualMachineReaderRoleId };
    const firstNode = createVaultNodes(this, { ...props, ...stores, ...access, identity, keys, watching });
    watching?.measure(this, "keyVault", { "key-vault": keys.keyVault.id });
    this.outputAddresses(`${adminUsername}@${host}`, firstNode.id);
  }

  private outputAddresses(sshAddress: string, firstNodeId: string): void {
    const { keyVault, certificate, recoveryKeys } = this.keys;
    addOutputs(this, {
      vault_https_addr: [this.httpsAddress, "Vault's address for people; VAULT_ADDR"],
      vault_private_addr: [this.privateAddress, "Vault's address inside the virtual network"],
      vault_ssh_addr: [sshAddress, "user and name for ssh"],
      vault_vm_id: [firstNodeId, "id of Vault's VM, or of the first node's"],
      key_vault_name: [keyVault.name, "name of the Key Vault with the unseal key and the certificate"],
      vault_certificate_url: [
        certificate.publicUrl,
        "Vault's certificate in Key Vault, for clients that must trust it",
      ],
      recovery_keys_secret_url: [
        recoveryKeys.secretUrl,
        "the recovery keys, which only their readers can read",
      ],
    });
  }
}
