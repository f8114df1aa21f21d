/** Vault's Raft storage, as it is told to one node. */
export interface RaftSettings {
  /** Names of the cluster's other nodes in the virtual network; none for a single node. */
  readonly peers: readonly string[];
  /** A name that every node's certificate carries. */
  readonly serverName: string;
}

/**
 * `/etc/vault.d/raft.hcl`. A node that is not initialized asks its peers, one after the other and again and again, to let it join. Names in
 * the private DNS zone need no right on Azure, unlike a search for VMs by tag.
 *
 * Source: Vault's documentation, configuration/storage/raft.
 */
export function raftConfiguration({ peers, serverName }: RaftSettings): string {
  return `storage "raft" {
  path = "/var/lib/vault/raft"

  # What HashiCorp recommends for production: a lost leader is noticed, and init elects its first one, in 1 to 2 seconds
  # instead of 5 to 10.
  performance_multiplier = 1
${peers.map((peer) => retryJoin(peer, serverName)).join("")}}
`;
}

/** The certificate of all nodes is one, from Key Vault, so this node's own is what it trusts. */
const retryJoin = (peer: string, serverName: string): string => `
  retry_join {
    leader_api_addr       = "https://${peer}:8200"
    leader_ca_cert_file   = "/run/vault-tls/current/tls.crt"
    leader_tls_servername = "${serverName}"
  }
`;
