import type { Environment } from "../../../environments/schema";
import type { PrivateDnsZone } from "../network/private-dns-zone";
import type { PrivateEndpointNetwork } from "../network/private-endpoint";
import type { SystemNetwork } from "../network/system-network";

/** The part of the network stack that Vault's constructs use. */
export interface VaultNetwork {
  readonly resourceGroup: { readonly id: string; readonly name: string };
  readonly subnets: SystemNetwork["subnets"];
  readonly vaultDnsZone: PrivateDnsZone;
  /** The place of private endpoints that workloads reach, too. */
  readonly privateEndpoints?: PrivateEndpointNetwork;
  /** The place of private endpoints that only Vault and deployers reach. */
  readonly restrictedEndpoints?: PrivateEndpointNetwork;
}

/**
 * Properties of each construct in this folder. A construct here may also create resources beside itself, in the
 * scope that it gets: Terraform's addresses contain the scope, and an address of a deployed resource must not change.
 */
export interface VaultServerProps {
  environment: Environment;
  network: VaultNetwork;
  tenantId: string;
  /** Ending of global names. */
  suffix: string;
  /** Principal id of Vault's identity. */
  vaultPrincipalId: string;
}
