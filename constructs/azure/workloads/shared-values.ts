import { TerraformLocal } from "cdktf";
import type { Construct } from "constructs";
import type { WorkloadProps } from "./workload-props";

export type SharedValues = ReturnType<typeof shareValues>;

/** Shares the other stacks' values with all web apps as locals, so that the JSON contains each value once. */
export function shareValues(scope: Construct, { network, vaultServer, mysqlServer }: WorkloadProps) {
  const { certificate } = vaultServer.keys;
  // References use Terraform's own spelling, because cdktf would resolve a token thousands of times, once for each
  // use.
  const shared = (name: string, value: string) =>
    `\${local.${new TerraformLocal(scope, name, value).friendlyUniqueId}}`;
  return {
    resourceGroup: shared("resource_group", network.resourceGroup.name),
    subnetId: shared("subnet_id", network.subnets.webApp),
    certificateId: shared("vault_certificate_id", certificate.id),
    certificateUrl: shared("vault_certificate_url", certificate.publicUrl),
    certificate: shared("vault_certificate", certificate.pem),
    mysqlHost: shared("mysql_host", mysqlServer.host),
    mysqlDatabase: shared("mysql_database", mysqlServer.databaseName),
  };
}
