import type { Environment } from "../../../environments/schema";

export const nameOfNode = (number: number): string => `vault-${number}`;

/** Names of Vault and its nodes in the virtual network. */
export class VaultHosts {
  /** Vault's name, `vault.<zone>`. */
  readonly vault: string;
  /** Names of the nodes, with the first node first. */
  readonly nodes: readonly string[];

  constructor({ vault }: Environment, zone: string) {
    this.vault = `vault.${zone}`;
    this.nodes = Array.from({ length: vault.nodes }, (_, index) => `${nameOfNode(index + 1)}.${zone}`);
  }

  /** Names in the certificate. A public name replaces the nodes' names, because only a single node has one. */
  inCertificate(publicName: string | undefined): [string, ...string[]] {
    if (publicName) return [this.vault, publicName];
    return this.nodes.length > 1 ? [this.vault, ...this.nodes] : [this.vault];
  }
}
