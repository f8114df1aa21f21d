import { DataAzurermClientConfig } from "@cdktf/provider-azurerm/lib/data-azurerm-client-config";
import { ServicePlan } from "@cdktf/provider-azurerm/lib/service-plan";
import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import { TerraformOutput } from "cdktf";
import { Construct } from "constructs";
import { AppDeployment } from "../constructs/azure/app-deployment";
import { AppPackage } from "../constructs/azure/app-package";
import { ApplicationMonitoring } from "../constructs/azure/application-monitoring";
import { useAzurerm } from "../constructs/azure/azurerm-provider";
import { CertificateReader } from "../constructs/azure/certificate-reader";
import { GlobalSuffix } from "../constructs/azure/global-suffix";
import { resourceName } from "../constructs/azure/resource-names";
import { WebApp } from "../constructs/azure/web-app";
import { azureManagementResource } from "../constructs/vault/azure-management-resource";
import type { Environment, WebAppWorkload } from "../environments/schema";
import { EnvironmentStack } from "./environment-stack";
import type { MysqlStack } from "./mysql";
import type { NetworkStack } from "./network";
import type { VaultServerStack } from "./vault-server";

/** The workloads on App Service: one plan, one integration subnet, an application and an identity for each. */
export class WebAppStack extends EnvironmentStack {
  /** Principal ids of the applications' identities, by workload. */
  readonly principalIds: ReadonlyMap<string, string>;

  constructor(
    scope: Construct,
    id: string,
    private readonly environment: Environment,
    private readonly network: NetworkStack,
    private readonly vaultServer: VaultServerStack,
    private readonly mysql: MysqlStack,
  ) {
    super(scope, id, environment, ["azurerm", "random"]);
    useAzurerm(this);
    new RandomProvider(this, "random");
    const { name, location, logRetentionDays, webApps } = environment;
    const { subscriptionId } = new DataAzurermClientConfig(this, "deployer");
    const suffix = new GlobalSuffix(this, "name").value;
    const resourceGroup = network.resourceGroup.name;

    const monitoring = new ApplicationMonitoring(this, "monitoring", {
      environment: name,
      resourceGroup,
      location,
      retentionDays: logRetentionDays,
    });
    const plan = this.createPlan();
    const appPackage = new AppPackage(this, "package");
    const apps = webApps.map((workload) => {
      // A scope for each, since a workload may have any name, those of this stack's own parts among them.
      const scope = new Construct(this, `app-${workload.name}`);
      const app = this.createApp(scope, workload, suffix, plan, monitoring);
      new CertificateReader(scope, "certificate", {
        certificateId: vaultServer.certificate.id,
        principalId: app.principalId,
      });
      new AppDeployment(scope, "deployment", {
        app,
        package: appPackage,
        resourceGroup,
        subscriptionId,
      });
      return [workload.name, app] as const;
    });

    this.principalIds = new Map(apps.map(([workload, app]) => [workload, app.principalId]));
    const [first] = apps;
    if (first) new TerraformOutput(this, "webapp_url", { value: first[1].url });
    new TerraformOutput(this, "webapp_urls", {
      value: Object.fromEntries(apps.map(([workload, app]) => [workload, app.url])),
    });
  }

  private createPlan(): ServicePlan {
    const { name, location, webAppPlan } = this.environment;
    return new ServicePlan(this, "plan", {
      name: resourceName("asp", name, "vault"),
      resourceGroupName: this.network.resourceGroup.name,
      location,
      osType: "Linux",
      skuName: webAppPlan.sku,
      workerCount: webAppPlan.workers,
      zoneBalancingEnabled: webAppPlan.zoneRedundant,
    });
  }

  private createApp(
    scope: Construct,
    workload: WebAppWorkload,
    suffix: string,
    plan: ServicePlan,
    monitoring: ApplicationMonitoring,
  ): WebApp {
    const { name, location, network } = this.environment;
    const deployerRanges = network.deployerRanges.map(({ cidr }) => cidr);
    return new WebApp(scope, "web-app", {
      name: resourceName("app", name, workload.name, suffix),
      resourceGroup: this.network.resourceGroup.name,
      location,
      servicePlanId: plan.id,
      subnetId: this.network.subnets.webApp,
      monitoring,
      visitorRanges: [...deployerRanges, ...network.clientRanges.map(({ cidr }) => cidr)],
      deployerRanges,
      settings: this.settings(workload),
    });
  }

  /** All that the application needs to find Vault and MySQL; what it needs to log in, its identity has. */
  private settings({ name, paths, databaseRole }: WebAppWorkload): Record<string, string> {
    const { certificate, privateAddress } = this.vaultServer;
    return {
      VAULT_ADDR: privateAddress,
      VAULT_CACERT_BYTES: certificate.pem,
      VAULT_CERTIFICATE_URL: certificate.publicUrl,
      VAULT_AUTH_MOUNT: "jwt",
      VAULT_ROLE: `${name}-role`,
      VAULT_TOKEN_RESOURCE: azureManagementResource,
      VAULT_PATHS: paths.join(","),
      ...(databaseRole && {
        VAULT_DATABASE_CREDENTIALS_PATH: `database/creds/${databaseRole}`,
        MYSQL_HOST: this.mysql.server.host,
        MYSQL_DATABASE: this.mysql.server.databaseName,
      }),
    };
  }
}
