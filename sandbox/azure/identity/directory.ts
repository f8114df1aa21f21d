import { createHash } from "node:crypto";
import { sameId } from "../model/resource-id";
import type { AzureWorld, ManagedIdentity, Site, VirtualMachine } from "../model/world";
import { Refusal } from "../server/refusal";
import type { Claims, TokenIssuer, TokenLifetimes, TokenOverrides } from "./token-issuer";

/** Audiences of Microsoft's services. xms_mirid is only in tokens for such first-party audiences (facts.md). */
const firstPartyAudiences = [
  "https://management.azure.com",
  "https://management.core.windows.net",
  "https://vault.azure.net",
  "https://graph.microsoft.com",
  "https://storage.azure.com",
  "https://appservice.azure.com",
  "https://ossrdbms-aad.database.windows.net",
];

/** Application id of the Azure CLI, with which people log in. */
const azureCli = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/** A managed identity as one resource uses it. */
export interface UsableIdentity extends ManagedIdentity {
  /** ARM id of the resource, or of the user-assigned identity: claim xms_mirid. */
  resourceId: string;
  /** ARM id of the machine that uses a user-assigned identity: claim xms_az_rid. */
  usedBy?: string;
}

/** Selects a machine's identity, as IMDS allows. */
export interface IdentityChoice {
  clientId?: string;
  objectId?: string;
  resourceId?: string;
}

/** The people and identities of the tenant, and their claims in Entra's tokens. */
export class Directory {
  constructor(
    private readonly world: AzureWorld,
    private readonly issuer: TokenIssuer,
    readonly lifetimes: TokenLifetimes,
  ) {}

  machine(name: string): VirtualMachine | undefined {
    return this.world.virtualMachines.find((machine) => machine.name === name);
  }

  site(name: string): Site | undefined {
    return this.world.sites.find((site) => site.name === name);
  }

  /** Selects a machine's identity by IMDS's rules. Throws IMDS's own refusal. */
  identityOf(machine: VirtualMachine, choice: IdentityChoice = {}): UsableIdentity {
    const identities = this.#identitiesOf(machine);
    const wanted = Object.values(choice).some((value) => value !== undefined);
    if (wanted) return found(identities.find((identity) => isChosen(identity, choice)));
    if (!machine.systemAssigned && identities.length > 1) {
      throw new Refusal(
        400,
        "invalid_request",
        "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
      );
    }
    return found(identities[0]);
  }

  identityOfSite({ resourceId, systemAssigned }: Site): UsableIdentity {
    return { ...systemAssigned, resourceId };
  }

  tokenForIdentity(identity: UsableIdentity, audience: string, overrides?: TokenOverrides): string {
    return this.issuer.issue(
      this.#managedIdentityClaims(identity, audience),
      this.lifetimes.managedIdentity,
      overrides,
    );
  }

  tokenForPerson(objectId: string, audience: string, overrides?: TokenOverrides): string {
    return this.issuer.issue(this.#personClaims(objectId, audience), this.lifetimes.person, overrides);
  }

  /** Creates the token that tells the Azure CLI the signed-in person. It grants no access. */
  idTokenForPerson(objectId: string, clientId: string): string {
    const { name, upn, oid } = this.#personClaims(objectId, clientId);
    const { tenantId } = this.issuer;
    const claims = { aud: clientId, name, oid, preferred_username: upn, sub: objectId, ver: "2.0" };
    return this.issuer.issue(
      { ...claims, iss: `https://login.microsoftonline.com/${tenantId}/v2.0` },
      this.lifetimes.person,
    );
  }

  /** Throws Entra's refusal for an unknown resource. */
  checkAudience(audience: string): void {
    if (isFirstParty(audience) || this.world.applicationIdUris?.includes(audience)) return;
    throw new Refusal(
      400,
      "invalid_resource",
      `AADSTS500011: The resource principal named ${audience} was not found in the tenant named ${this.world.tenantId}.`,
    );
  }

  /** System-assigned first, then in the order of the machine's list. */
  #identitiesOf({ systemAssigned, userAssigned, resourceId }: VirtualMachine): UsableIdentity[] {
    const own = systemAssigned ? [{ ...systemAssigned, resourceId }] : [];
    const assigned = userAssigned.flatMap((id) =>
      this.world.identities
        .filter((identity) => sameId(identity.resourceId, id))
        .map((identity) => ({ ...identity, usedBy: resourceId })),
    );
    return [...own, ...assigned];
  }

  #managedIdentityClaims(
    { clientId, principalId, resourceId, usedBy }: UsableIdentity,
    audience: string,
  ): Claims {
    const resourceClaims = { xms_mirid: asInClaims(resourceId), xms_az_rid: usedBy && asInClaims(usedBy) };
    return {
      aud: audience,
      appid: clientId,
      appidacr: "2",
      idp: this.issuer.issuer,
      idtyp: "app",
      oid: principalId,
      sub: principalId,
      ...(isFirstParty(audience) ? resourceClaims : {}),
    };
  }

  #personClaims(objectId: string, audience: string): Claims {
    const person = this.world.people.find((candidate) => candidate.objectId === objectId);
    if (!person) throw new Error(`this Azure has no person with the object id ${objectId}`);
    const roles = (this.world.appRoles ?? [])
      .filter(
        ({ principalId, applicationIdUri }) => principalId === objectId && applicationIdUri === audience,
      )
      .map(({ role }) => role);
    const upn = `${person.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, ".")}@sandbox.example`;
    return {
      aud: audience,
      acr: "1",
      amr: ["pwd", "mfa"],
      appid: azureCli,
      appidacr: "0",
      idtyp: "user",
      name: person.name,
      oid: objectId,
      scp: "user_impersonation",
      // Pairwise: it differs between applications, and it is not the oid.
      sub: createHash("sha256").update(`${objectId} ${azureCli}`).digest("base64url"),
      unique_name: upn,
      upn,
      ...(roles.length > 0 && { roles }),
    };
  }
}

function isChosen(identity: UsableIdentity, { clientId, objectId, resourceId }: IdentityChoice): boolean {
  return (
    (clientId === undefined || identity.clientId === clientId) &&
    (objectId === undefined || identity.principalId === objectId) &&
    (resourceId === undefined || sameId(identity.resourceId, resourceId))
  );
}

function found(identity: UsableIdentity | undefined): UsableIdentity {
  if (!identity) throw new Refusal(400, "invalid_request", "Identity not found");
  return identity;
}

/** Accepts the audience with or without a slash at the end. The token repeats the requested form. */
const isFirstParty = (audience: string): boolean => firstPartyAudiences.includes(audience.replace(/\/$/, ""));

/** Entra writes resource ids in claims with a lower-case "resourcegroups". */
const asInClaims = (resourceId: string): string =>
  resourceId.replace(/\/resourceGroups\//i, "/resourcegroups/");
