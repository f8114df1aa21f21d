import type { Environment } from "../../../environments/schema";
import type { AdminSshKey } from "../admin-ssh-key";
import type { MysqlServer } from "../mysql-server";
import type { PrivateEndpointNetwork } from "../network/private-endpoint";
import type { SystemNetwork } from "../network/system-network";
import type { TlsCertificate } from "../tls-certificate";

/** The parts of the environment and of the earlier stacks that workloads need. */
export interface WorkloadProps {
  environment: Environment;
  network: {
    readonly resourceGroup: { readonly name: string };
    readonly subnets: SystemNetwork["subnets"];
    readonly privateEndpoints?: PrivateEndpointNetwork;
  };
  vaultServer: {
    /** Vault's address inside the virtual network. */
    readonly privateAddress: string;
    readonly keys: { readonly certificate: TlsCertificate; readonly sshKey: AdminSshKey };
    readonly watching?: { readonly ruleId: string };
  };
  mysqlServer: MysqlServer;
}
