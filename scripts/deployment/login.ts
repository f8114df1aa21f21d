import { z } from "zod";
import { applicationIdUri } from "../../environments/deployer-login";
import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import type { AzureCli } from "./azure-cli";

/** Who is signed in, and where. */
export interface Login {
  readonly subscriptionId: string;
  readonly subscriptionName: string;
  readonly tenantId: string;
  /** Entra object id of the person or service principal. */
  readonly objectId: string;
  /** Public address at which Entra saw the person log in; the nearest to one's own address that Azure tells. */
  readonly addressSeen?: string;
  /** Seconds by which this computer's clock is ahead of Entra's. */
  readonly clockSkew: number;
  /** Seconds until the token expires, by this computer's clock. */
  readonly expiresIn: number;
}

const account = z.object({
  id: z.string(),
  name: z.string(),
  tenantId: z.string(),
  state: z.string(),
});

const accessToken = z.object({
  accessToken: z.string(),
  /** Seconds since 1970, by this computer's clock; since Azure CLI 2.54. */
  expires_on: z.coerce.number(),
});

const claims = z.object({
  oid: z.string(),
  tid: z.string(),
  exp: z.number(),
  ipaddr: z.string().optional(),
  /** App roles of the application that the token is for. */
  roles: z.array(z.string()).default([]),
});

/** The audience of the deployers' login in Vault (cloud-init/vault-server), unless they have an app registration. */
const management = "https://management.azure.com/";

/**
 * Reads which subscription `az` works in.
 * @throws {UserError} when nobody is logged in, or when the subscription is disabled or not the one that is named.
 */
export async function readSubscription(
  az: AzureCli,
): Promise<Pick<Login, "subscriptionId" | "subscriptionName" | "tenantId">> {
  const { id, name, tenantId, state } = await az.json(account, "account", "show");
  const named = process.env.ARM_SUBSCRIPTION_ID;
  if (named && named.toLowerCase() !== id.toLowerCase()) {
    throw new UserError(
      `ARM_SUBSCRIPTION_ID names ${named}, but az works in ${id} (${name}); run \`az account set --subscription ${named}\`, or unset ARM_SUBSCRIPTION_ID.`,
    );
  }
  if (state !== "Enabled") {
    throw new UserError(
      `The subscription ${name} (${id}) is ${state}; choose another with \`az account set --subscription\`.`,
    );
  }
  return { subscriptionId: id, subscriptionName: name, tenantId };
}

/**
 * Reads the login of `az`.
 * @throws {UserError} when there is none, it has expired, or its subscription is not the one that is named.
 */
export async function readLogin(az: AzureCli): Promise<Login> {
  const subscription = await readSubscription(az);
  const { tenantId } = subscription;
  const { accessToken: token, expires_on } = await tokenOf(az, management);
  const { oid, tid, exp, ipaddr } = readClaims(token);
  if (tid !== tenantId) {
    throw new UserError(
      `The token is of tenant ${tid}, but the subscription is in ${tenantId}; run \`az login --tenant ${tenantId}\`.`,
    );
  }
  return {
    ...subscription,
    objectId: oid,
    addressSeen: ipaddr,
    // az reckons expires_on from this computer's clock, Entra writes exp by its own.
    clockSkew: expires_on - exp,
    expiresIn: expires_on - Date.now() / 1000,
  };
}

/** A token for Vault's deployers' login: kept in memory, handed on by environment only. */
export async function deployerToken(
  az: AzureCli,
  { deployerLogin }: Pick<Environment, "deployerLogin">,
): Promise<string> {
  const audience = deployerLogin ? applicationIdUri(deployerLogin) : management;
  return (await tokenOf(az, audience)).accessToken;
}

/** Of whoever is signed in, by a token that Entra gives for the app registration. */
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
    throw new UserError("The Azure CLI's token cannot be read; log in again with `az login`.");
  }
}
