import { Construct } from "constructs";
import { isPublic } from "../../../environments/addresses";
import { cloudOf } from "../../../environments/azure-clouds";
import type { NamedRange } from "../../../environments/rules/network-access";
import type { WebAppWorkload } from "../../../environments/rules/web-apps";
import type { Environment } from "../../../environments/schema";
import { AppDeployment } from "../app-deployment";
import type { AppPackage } from "../app-package";
import type { ApplicationMonitoring } from "../application-monitoring";
import { CertificateReader } from "../certificate-reader";
import { Evidence } from "../evidence";
import { resourceName } from "../resource-names";
import { WebApp } from "../web-app";
import { WebAppLogin } from "../web-app-login";
import type { SharedValues } from "./shared-values";
import type { WebAppPlan } from "./web-app-plan";
import { webAppSettings } from "./web-app-settings";

export interface WebWorkloadProps {
  environment: Environment;
  workload: WebAppWorkload;
  tenantId: string;
  subscriptionId: string;
  /** Ending of global names. */
  suffix: string;
  /** Vault's address inside the virtual network. */
  vaultAddress: string;
  shared: SharedValues;
  monitoring: ApplicationMonitoring;
  plan: WebAppPlan;
  package: AppPackage;
}

/** A workload on App Service: the application, its identity, its rights, and the sign-in for people. */
export class WebWorkload extends Construct {
  readonly app: WebApp;
  /** Undefined if the environment requires no sign-in. */
  readonly login?: WebAppLogin;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: WebWorkloadProps,
  ) {
    super(scope, id);
    const { environment, subscriptionId, shared } = props;
    this.login = this.createLogin();
    this.app = this.createApp();
    new CertificateReader(this, "certificate", {
      certificateId: shared.certificateId,
      principalId: this.app.principalId,
    });
    new Evidence(this, "evidence", {
      environment,
      of: this.app.id,
      categories: ["AppServiceHTTPLogs", "AppServiceAuditLogs", "AppServiceIPSecAuditLogs"],
    });
    new AppDeployment(this, "deployment", {
      app: this.app,
      package: props.package,
      resourceGroup: shared.resourceGroup,
      subscriptionId,
    });
  }

  /** Creates the sign-in for people if the environment sets it. */
  private createLogin(): WebAppLogin | undefined {
    const { environment, workload, tenantId, shared } = this.props;
    if (!workload.requireLogin || !workload.login) return undefined;
    return new WebAppLogin(this, "login", {
      name: resourceName("id", environment.name, workload.name, "login"),
      resourceGroup: shared.resourceGroup,
      location: environment.location,
      tenantId,
      cloud: cloudOf(environment),
      clientId: workload.login.clientId,
    });
  }

  private createApp(): WebApp {
    const { environment, workload, suffix, vaultAddress, shared, monitoring, plan } = this.props;
    const { name, location, network } = environment;
    const publicRanges = (ranges: readonly NamedRange[]) => ranges.filter(({ cidr }) => isPublic(cidr));
    return new WebApp(this, "web-app", {
      name: resourceName("app", name, workload.name, suffix),
      resourceGroup: shared.resourceGroup,
      location,
      servicePlanId: plan.id,
      subnetId: shared.subnetId,
      monitoring,
      visitorRanges: publicRanges([...network.deployerRanges, ...network.clientRanges]),
      deployerRanges: publicRanges(network.deployerRanges),
      deployerSubnets: network.deployerSubnets.map(({ id }) => id),
      settings: webAppSettings(workload, vaultAddress, cloudOf(environment).resourceManager, shared),
      login: this.login,
    });
  }
}
