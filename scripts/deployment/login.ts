import { z } from "zod";
import { azureClouds } from "../../environments/azure-clouds";
import { applicationIdUri } from "../../environments/deployer-login";
import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import type { AzureCli } from "./azure-cli";

/** The signed-in identity, and its tenant and subscription. */
export interface AzureLogin {
  readonly subscriptionId: string;
  readonly subscriptionName: string;
  readonly tenantId: string;
  /** Entra object id of the person or service principal. */
  readonly objectId: string;
  /** The public address of the login, as Entra saw it. No service of Azure reports the current address. */
  readonly addressSeen?: string;
  /** Seconds that this computer's clock is ahead of Entra's. */
  readonly clockSkew: number;
  /** Seconds until the token expires, by this computer's clock. */
  readonly expiresIn: number;
}

const account = z.object({
  id: z.string(),
  name: z.string(),
  tenantId: z.string(),
  state: z.string(),
  /** The cloud of the subscription. */
  environmentName: z.string(),
});

const accessToken = z.object({
  accessToken: z.string(),
  /** Seconds since 1970, by this computer's clock. Azure CLI 2.54 and newer have it. */
  expires_on: z.coerce.number(),
});

const claims = z.object({
  oid: z.string(),
  tid: z.string(),
  exp: z.number(),
  ipaddr: z.string().optional(),
  /** App roles in the application of the token's audience. */
  roles: z.array(z.string()).default([]),
});

/**
 * Reads the subscription of `az`.
 * @throws {UserError} if nobody is logged in, if the subscription is disabled or differs from ARM_SUBSCRIPTION_ID, or if it is in another cloud than
 * the environment.
 */
export async function readSubscription(
  az: AzureCli,
): Promise<Pick<AzureLogin, "subscriptionId" | "subscriptionName" | "tenantId">> {
  const { id, name, tenantId, state, environmentName } = await az.json(account, "account", "show");
  if (environmentName !== az.cloud) {
    throw new UserError(
      `az works in the cloud ${environmentName}, but azureCloud of the environment is ${az.cloud}. Run \`az cloud set --name ${az.cloud}\`, then \`az login\`.`,
    );
  }
  const named = process.env.ARM_SUBSCRIPTION_ID;
  if (named && named.toLowerCase() !== id.toLowerCase()) {
    throw new UserError(
      `ARM_SUBSCRIPTION_ID names ${named}, but az works in ${id} (${name}). Run \`az account set --subscription ${named}\`, or unset ARM_SUBSCRIPTION_ID.`,
    );
  }
  if (state !== "Enabled") {
    throw new UserError(
      `The subscription ${name} (${id}) is ${state}. Choose another with \`az account set --subscription\`.`,
    );
  }
  return { subscriptionId: id, subscriptionName: name, tenantId };
}

/**
 * Reads the login of `az`.
 * @throws {UserError} if nobody is logged in, if the login has expired, or if its subscription differs from ARM_SUBSCRIPTION_ID.
 */
export async function readLogin(az: AzureCli): Promise<AzureLogin> {
  const subscription = await readSubscription(az);
  const { tenantId } = subscription;
  const { accessToken: token, expires_on } = await tokenOf(az, azureClouds[az.cloud].resourceManager);
  const { oid, tid, exp, ipaddr } = readClaims(token);
  if (tid !== tenantId) {
    throw new UserError(
      `The token is of tenant ${tid}, but the subscription is in ${tenantId}. Run \`az login --tenant ${tenantId}\`.`,
    );
  }
  return {
    ...subscription,
    objectId: oid,
    addressSeen: ipaddr,
    // az computes expires_on with this computer's clock. Entra writes exp with its own clock.
    clockSkew: expires_on - exp,
    expiresIn: expires_on - Date.now() / 1000,
  };
}

/** Returns a token for the deployers' login in Vault. It stays in memory, and only a child's environment contains it. */
export async function deployerToken(
  az: AzureCli,
  { deployerLogin }: Pick<Environment, "deployerLogin">,
): Promise<string> {
  const audience = deployerLogin ? applicationIdUri(deployerLogin) : azureClouds[az.cloud].resourceManager;
  return (await tokenOf(az, audience)).accessToken;
}

/** Returns the app roles of the signed-in identity, from Entra's token for the app registration. */
export async function appRoles(
  az: AzureCli,
  deployerLogin: NonNullable<Environment["deployerLogin"]>,
): Promise<readonly string[]> {
  return readClaims(await deployerToken(az, { deployerLogin })).roles;
}

function tokenOf(az: AzureCli, audience: string) {
  return az.json(accessToken, "account", "get-access-token", "--resource", audience);
}

function readClaims(token: string): z.infer<typeof claims> {
  try {
    return claims.parse(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()));
  } catch {
    throw new UserError("The Azure CLI's token cannot be read. Log in again with `az login`.");
  }
}
