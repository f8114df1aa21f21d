import type { LinuxWebAppAuthSettingsV2 } from "@cdktf/provider-azurerm/lib/linux-web-app";
import { UserAssignedIdentity } from "@cdktf/provider-azurerm/lib/user-assigned-identity";
import { Construct } from "constructs";

export interface WebAppLoginProps {
  /** Of the identity. */
  name: string;
  resourceGroup: string;
  location: string;
  tenantId: string;
  /** Application id of the app registration that people sign in to. */
  clientId: string;
}

/** What somebody with rights on the app registration tells Entra ID, so that it trusts the identity. */
export interface FederatedCredential {
  name: string;
  issuer: string;
  subject: string;
  audiences: string[];
}

/**
 * App Service tells its authentication by this setting which identity speaks for the app registration; naming the
 * setting where a client secret's would stand takes the secret's place.
 * Source: Azure, "Use a managed identity instead of a secret" (App Service, authentication with Microsoft Entra).
 */
const identitySetting = "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID";

/**
 * People sign in with Entra ID before a request reaches the application. The app registration trusts an identity that
 * has no other use, and so there is no client secret.
 */
export class WebAppLogin extends Construct {
  readonly identityId: string;
  /** To be created on the app registration, once: `az ad app federated-credential create`. */
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
      audiences: ["api://AzureADTokenExchange"],
    };
  }

  /** App settings; the client id of an identity is no secret. */
  get settings(): Record<string, string> {
    return { [identitySetting]: this.identity.clientId };
  }

  /** They belong to one slot: another has another identity. */
  get stickySettings(): string[] {
    return [identitySetting];
  }

  /** @param publicPaths reached without signing in: App Service's own health check has no account */
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
      // The application asks for nothing in a person's name, so nobody's tokens are kept.
      login: { tokenStoreEnabled: false },
    };
  }

  private get issuer(): string {
    return `https://login.microsoftonline.com/${this.props.tenantId}/v2.0`;
  }

  /** One for each application, since whoever has it speaks for the app registration. */
  private createIdentity(): UserAssignedIdentity {
    const { name, resourceGroup, location } = this.props;
    return new UserAssignedIdentity(this, "identity", { name, resourceGroupName: resourceGroup, location });
  }
}
