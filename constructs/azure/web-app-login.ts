import type { LinuxWebAppAuthSettingsV2 } from "@cdktf/provider-azurerm/lib/linux-web-app";
import { UserAssignedIdentity } from "@cdktf/provider-azurerm/lib/user-assigned-identity";
import { Construct } from "constructs";
import type { AzureCloud } from "../../environments/azure-clouds";

export interface WebAppLoginProps {
  /** The identity's name. */
  name: string;
  resourceGroup: string;
  location: string;
  tenantId: string;
  cloud: AzureCloud;
  /** Application id of the app registration that people sign in to. */
  clientId: string;
}

/** The settings with which an owner of the app registration makes Entra ID trust the identity. */
export interface FederatedCredential {
  name: string;
  issuer: string;
  subject: string;
  audiences: string[];
}

/**
 * The app setting that names the identity for the app registration. App Service's authentication uses the identity if
 * the client secret's setting name is this name.
 * Source: Azure, "Use a managed identity instead of a secret" (App Service, authentication with Microsoft Entra).
 */
const identitySetting = "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID";

/**
 * Lets people sign in with Entra ID before a request reaches the application. The app registration trusts an identity
 * with no other purpose, so it needs no client secret.
 */
export class WebAppLogin extends Construct {
  readonly identityId: string;
  /** An owner creates it once on the app registration: `az ad app federated-credential create`. */
  readonly federatedCredential: FederatedCredential;

  private readonly identity: UserAssignedIdentity;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: WebAppLoginProps,
  ) {
    super(scope, id);
    this.identity = this.createIdentity();
    this.identityId = this.identity.id;
    this.federatedCredential = {
      name: props.name,
      issuer: this.issuer,
      subject: this.identity.principalId,
      audiences: [props.cloud.tokenExchange],
    };
  }

  /** App settings. The client id of an identity is not a secret. */
  get settings(): Record<string, string> {
    return { [identitySetting]: this.identity.clientId };
  }

  /** Settings that belong to one slot, because another slot has another identity. */
  get stickySettings(): string[] {
    return [identitySetting];
  }

  /** @param publicPaths paths without sign-in. App Service's own health check has no account. */
  authSettings(publicPaths: readonly string[]): LinuxWebAppAuthSettingsV2 {
    return {
      authEnabled: true,
      requireAuthentication: true,
      unauthenticatedAction: "RedirectToLoginPage",
      defaultProvider: "azureactivedirectory",
      requireHttps: true,
      excludedPaths: [...publicPaths],
      activeDirectoryV2: {
        clientId: this.props.clientId,
        tenantAuthEndpoint: this.issuer,
        clientSecretSettingName: identitySetting,
        allowedAudiences: [this.props.clientId, `api://${this.props.clientId}`],
      },
      // The application does nothing in a person's name, so no tokens are stored.
      login: { tokenStoreEnabled: false },
    };
  }

  private get issuer(): string {
    return `${this.props.cloud.login}/${this.props.tenantId}/v2.0`;
  }

  /** Creates one identity for each application, because the identity can act for the app registration. */
  private createIdentity(): UserAssignedIdentity {
    const { name, resourceGroup, location } = this.props;
    return new UserAssignedIdentity(this, "identity", { name, resourceGroupName: resourceGroup, location });
  }
}
