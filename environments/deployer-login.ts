import type { Environment } from "./schema";

type DeployerLogin = NonNullable<Environment["deployerLogin"]>;

/** For what Entra makes the tokens of the deployers' login in Vault. Source: Entra, application ID URI of an app registration. */
export function applicationIdUri({ clientId }: DeployerLogin): string {
  return `api://${clientId.toLowerCase()}`;
}
