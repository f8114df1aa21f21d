import { DataAzurermClientConfig } from "@cdktf/provider-azurerm/lib/data-azurerm-client-config";
import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import type { Construct } from "constructs";
import { AppPackage } from "../constructs/azure/app-package";
import { ApplicationMonitoring } from "../constructs/azure/application-monitoring";
import { useAzurerm } from "../constructs/azure/azurerm-provider";
import { GlobalSuffix } from "../constructs/azure/global-suffix";
import { shareValues } from "../constructs/azure/workloads/shared-values";
import { WebAppPlan } from "../constructs/azure/workloads/web-app-plan";
import { WebWorkload } from "../constructs/azure/workloads/web-workload";
import { addOutputs } from "../constructs/terraform/outputs";
import { cloudOf } from "../environments/azure-clouds";
import type { Environment } from "../environments/schema";
import { EnvironmentStack } from "./environment-stack";
import type { MysqlStack } from "./mysql";
import type { NetworkStack } from "./network";
import type { VaultServerStack } from "./vault-server";

/**
 * The workloads on App Service: one plan, one integration subnet, and an application and an identity for each
 * workload.
 */
export class WebAppStack extends EnvironmentStack {
  /** Principal ids of the applications' identities, by workload. */
  readonly principalIds: ReadonlyMap<string, string>;

  constructor(
    scope: Construct,
    id: string,
    environment: Environment,
    network: NetworkStack,
    vaultServer: VaultServerStack,
    mysql: MysqlStack,
  ) {
    super(scope, id, environment, ["azurerm", "random"]);
    useAzurerm(this, { cloud: cloudOf(environment) });
    new RandomProvider(this, "random");
    const { name, location, logRetentionDays, webApps } = environment;
    const { subscriptionId, tenantId } = new DataAzurermClientConfig(this, "deployer");
    const shared = shareValues(this, { environment, network, vaultServer, mysqlServer: mysql.server });
    const { resourceGroup } = shared;
    const common = {
      ...{ environment, subscriptionId, tenantId, shared },
      suffix: new GlobalSuffix(this, "name").value,
      vaultAddress: vaultServer.privateAddress,
      monitoring: new ApplicationMonitoring(this, "monitoring", {
        environment: name,
        resourceGroup,
        location,
        retentionDays: logRetentionDays,
      }),
      plan: new WebAppPlan(this, "plan", { environment, resourceGroup }),
      package: new AppPackage(this, "package"),
    };
    // Each workload has its own scope, because its name may equal the name of another part of this stack.
    const workloads = new Map(
      webApps.map((workload) => [
        workload.name,
        new WebWorkload(this, `app-${workload.name}`, { ...common, workload }),
      ]),
    );

    this.principalIds = new Map([...workloads].map(([workload, { app }]) => [workload, app.principalId]));
    this.addUrlsAndLogins([...workloads]);
  }

  private addUrlsAndLogins(workloads: [name: string, WebWorkload][]): void {
    const [first] = workloads;
    if (first) addOutputs(this, { webapp_url: [first[1].app.url, "address of the first web app"] });
    const urls = workloads.map(([name, { app }]) => [name, app.url]);
    addOutputs(this, { webapp_urls: [Object.fromEntries(urls), "addresses of the web apps, by name"] });
    const logins = workloads.flatMap(([name, { login }]) =>
      login ? [[name, login.federatedCredential]] : [],
    );
    if (logins.length > 0) {
      const description = "what to register in Entra ID, so that people can log in to the web apps";
      addOutputs(this, { webapp_federated_credentials: [Object.fromEntries(logins), description] });
    }
  }
}
