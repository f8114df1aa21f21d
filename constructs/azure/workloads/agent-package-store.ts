import type { Construct } from "constructs";
import { AppPackage } from "../app-package";
import { Evidence } from "../evidence";
import { GlobalSuffix } from "../global-suffix";
import { admittedSubnets } from "../network/service-firewall";
import { PackageStore } from "../package-store";
import type { WorkloadProps } from "./workload-props";

/** The store from which the VMs with Vault Agent fetch the application, and a log of each write. */
export class AgentPackageStore extends PackageStore {
  constructor(
    scope: Construct,
    id: string,
    { environment, network }: Pick<WorkloadProps, "environment" | "network">,
  ) {
    const { name, location } = environment;
    const { deployerRanges, deployerSubnets } = environment.network;
    super(scope, id, {
      name: `st${name}${new GlobalSuffix(scope, "name").value}`,
      resourceGroup: network.resourceGroup.name,
      location,
      package: new AppPackage(scope, "package"),
      allowedRanges: deployerRanges.map(({ cidr }) => cidr),
      allowedSubnets: [...admittedSubnets(network, "agents"), ...deployerSubnets.map(({ id }) => id)],
      privateEndpoints: network.privateEndpoints,
    });
    // Logs writes, not reads. The package is not a secret, and each VM asks for a newer one every ten minutes.
    new Evidence(scope, `${id}-evidence`, {
      environment,
      of: this.blobServiceId,
      categories: ["StorageWrite", "StorageDelete"],
    });
  }
}
