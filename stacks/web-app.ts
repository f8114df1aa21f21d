import { DataAzurermClientConfig } from "@cdktf/provider-azurerm/lib/data-azurerm-client-config";
import { ServicePlan } from "@cdktf/provider-azurerm/lib/service-plan";
import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import { TerraformLocal, TerraformOutput } from "cdktf";
import { Construct } from "constructs";
import { AppDeployment } from "../constructs/azure/app-deployment";
import { AppPackage } from "../constructs/azure/app-package";
import { ApplicationMonitoring } from "../constructs/azure/application-monitoring";
import { useAzurerm } from "../constructs/azure/azurerm-provider";
import { CertificateReader } from "../constructs/azure/certificate-reader";
import { Evidence } from "../constructs/azure/evidence";
import { GlobalSuffix } from "../constructs/azure/global-suffix";
import { resourceName } from "../constructs/azure/resource-names";
import { WebApp } from "../constructs/azure/web-app";
import { type FederatedCredential, WebAppLogin } from "../constructs/azure/web-app-login";
import { skipChecks } from "../constructs/terraform/checkov-skips";
import { azureManagementResource } from "../constructs/vault/azure-management-resource";
import { isPublic } from "../environments/addresses";
import type { NamedRange } from "../environments/rules/network-access";
import type { WebAppWorkload } from "../environments/rules/web-apps";
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
  private readonly shared: ReturnType<WebAppStack["shareValues"]>;

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
    const { subscriptionId, tenantId } = new DataAzurermClientConfig(this, "deployer");
    const suffix = new GlobalSuffix(this, "name").value;
    this.shared = this.shareValues();
    const { resourceGroup, certificateId } = this.shared;

    const monitoring = new ApplicationMonitoring(this, "monitoring", {
      environment: name,
      resourceGroup,
      location,
      retentionDays: logRetentionDays,
    });
    const plan = this.createPlan();
    const appPackage = new AppPackage(this, "package");
    const logins: Record<string, FederatedCredential> = {};
    const apps = webApps.map((workload) => {
      // Each workload has its own scope, because its name may equal the name of another part of this stack.
      const scope = new Construct(this, `app-${workload.name}`);
      const login = this.createLogin(scope, workload, tenantId);
      const app = this.createApp(scope, workload, suffix, plan, monitoring, login);
      new CertificateReader(scope, "certificate", {
        certificateId,
        principalId: app.principalId,
      });
      new Evidence(scope, "evidence", {
        environment,
        of: app.id,
        categories: ["AppServiceHTTPLogs", "AppServiceAuditLogs", "AppServiceIPSecAuditLogs"],
      });
      new AppDeployment(scope, "deployment", {
        app,
        package: appPackage,
        resourceGroup,
        subscriptionId,
      });
      if (login) logins[workload.name] = login.federatedCredential;
      return [workload.name, app] as const;
    });

    this.principalIds = new Map(apps.map(([workload, app]) => [workload, app.principalId]));
    const [first] = apps;
    if (first) new TerraformOutput(this, "webapp_url", { value: first[1].url });
    new TerraformOutput(this, "webapp_urls", {
      value: Object.fromEntries(apps.map(([workload, app]) => [workload, app.url])),
    });
    if (Object.keys(logins).length > 0) {
      new TerraformOutput(this, "webapp_federated_credentials", { value: logins });
    }
  }

  /** Shares the other stacks' values with all applications as locals, so that the JSON contains each value once. */
  private shareValues() {
    const { certificate } = this.vaultServer;
    const { server } = this.mysql;
    // References use Terraform's own spelling, because cdktf would resolve a token thousands of times, once for each
    // use.
    const shared = (name: string, value: string) =>
      `\${local.${new TerraformLocal(this, name, value).friendlyUniqueId}}`;
    return {
      resourceGroup: shared("resource_group", this.network.resourceGroup.name),
      subnetId: shared("subnet_id", this.network.subnets.webApp),
      certificateId: shared("vault_certificate_id", certificate.id),
      certificateUrl: shared("vault_certificate_url", certificate.publicUrl),
      certificate: shared("vault_certificate", certificate.pem),
      mysqlHost: shared("mysql_host", server.host),
      mysqlDatabase: shared("mysql_database", server.databaseName),
    };
  }

  private createPlan(): ServicePlan {
    const { name, location, webAppPlan } = this.environment;
    const plan = new ServicePlan(this, "plan", {
      name: resourceName("asp", name, "vault"),
      resourceGroupName: this.shared.resourceGroup,
      location,
      osType: "Linux",
      skuName: webAppPlan.sku,
      workerCount: webAppPlan.workers,
      zoneBalancingEnabled: webAppPlan.zoneRedundant,
    });
    skipChecks(plan, planFindings(webAppPlan));
    return plan;
  }

  private createApp(
    scope: Construct,
    workload: WebAppWorkload,
    suffix: string,
    plan: ServicePlan,
    monitoring: ApplicationMonitoring,
    login: WebAppLogin | undefined,
  ): WebApp {
    const { name, location, network } = this.environment;
    const publicRanges = (ranges: readonly NamedRange[]) => ranges.filter(({ cidr }) => isPublic(cidr));
    return new WebApp(scope, "web-app", {
      name: resourceName("app", name, workload.name, suffix),
      resourceGroup: this.shared.resourceGroup,
      location,
      servicePlanId: plan.id,
      subnetId: this.shared.subnetId,
      monitoring,
      visitorRanges: publicRanges([...network.deployerRanges, ...network.clientRanges]),
      deployerRanges: publicRanges(network.deployerRanges),
      deployerSubnets: network.deployerSubnets.map(({ id }) => id),
      settings: this.settings(workload),
      login,
    });
  }

  /** Creates the sign-in for people if the environment sets it. */
  private createLogin(scope: Construct, workload: WebAppWorkload, tenantId: string): WebAppLogin | undefined {
    if (!workload.requireLogin || !workload.login) return undefined;
    return new WebAppLogin(scope, "login", {
      name: resourceName("id", this.environment.name, workload.name, "login"),
      resourceGroup: this.shared.resourceGroup,
      location: this.environment.location,
      tenantId,
      clientId: workload.login.clientId,
    });
  }

  /** Settings with which the application finds Vault and MySQL. To log in, it uses its identity. */
  private settings({ name, paths, databaseRole }: WebAppWorkload): Record<string, string> {
    const { certificate, certificateUrl, mysqlHost, mysqlDatabase } = this.shared;
    return {
      VAULT_ADDR: this.vaultServer.privateAddress,
      VAULT_CACERT_BYTES: certificate,
      VAULT_CERTIFICATE_URL: certificateUrl,
      VAULT_AUTH_MOUNT: "jwt",
      VAULT_ROLE: `${name}-role`,
      VAULT_TOKEN_RESOURCE: azureManagementResource,
      VAULT_PATHS: paths.join(","),
      ...(databaseRole && {
        VAULT_DATABASE_CREDENTIALS_PATH: `database/creds/${databaseRole}`,
        MYSQL_HOST: mysqlHost,
        MYSQL_DATABASE: mysqlDatabase,
      }),
    };
  }
}

/** Explains the features that a small plan lacks. The environment decides. */
function planFindings({ sku, workers, zoneRedundant }: Environment["webAppPlan"]): Record<string, string> {
  return {
    ...(sku.startsWith("B") && {
      CKV_AZURE_211:
        "The environment chose a Basic plan, which is enough to try the system. `webAppPlan.sku` sets a larger one.",
    }),
    ...(workers < 2 && {
      CKV_AZURE_212: "The environment chose one worker. `webAppPlan.workers` sets more.",
    }),
    ...(!zoneRedundant && {
      CKV_AZURE_225:
        "The environment chose one zone. `webAppPlan.zoneRedundant: true` spreads a Premium plan's workers.",
    }),
  };
}
