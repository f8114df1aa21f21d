/** The settings of Vault's Raft storage for one node. */
export interface RaftSettings {
  /** Names of the cluster's other nodes in the virtual network. Empty for a single node. */
  readonly peers: readonly string[];
  /** A name in every node's certificate. */
  readonly serverName: string;
}

/**
 * `/etc/vault.d/raft.hcl`. A node that is not initialized keeps asking its peers to let it join. Names in the private DNS zone need no
 * rights in Azure. A search for VMs by tag would need them.
 *
 * Source: Vault's documentation, configuration/storage/raft.
 */
export function raftConfiguration({ peers, serverName }: RaftSettings): string {
  return `storage "raft" {
  path = "/var/lib/vault/raft"

  # HashiCorp's recommendation for production: nodes notice a lost leader, and init elects the first one, in 1 to 2 seconds
  # instead of 5 to 10.
  performance_multiplier = 1
${peers.map((peer) => retryJoin(peer, serverName)).join("")}}
`;
}

/** All nodes have one certificate from Key Vault, so a node trusts its own certificate. */
const retryJoin = (peer: string, serverName: string): string => `
  retry_join {
    leader_api_addr       = "https://${peer}:8200"
    leader_ca_cert_file   = "/run/vault-tls/current/tls.crt"
    leader_tls_servername = "${serverName}"
  }
`;
