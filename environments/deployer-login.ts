import type { Environment } from "./schema";

type DeployerLogin = NonNullable<Environment["deployerLogin"]>;

/**
 * Returns the audience of the deployers' login tokens for Vault. Source: Entra, application ID URI of an app
 * registration.
 */
export function applicationIdUri({ clientId }: DeployerLogin): string {
  return `api://${clientId.toLowerCase()}`;
}
