import { createHash } from "node:crypto";
import type { ManagedIdentity } from "../../model/world";
import { type Fields, fields, type ResourceTypes, text, type Writing } from "./resource-type";

/** A GUID that is the same for the same resource whenever it is made anew: easier to follow in a log. */
export function guidFor(text: string): string {
  const digits = createHash("sha256").update(text.toLowerCase()).digest("hex");
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

/** A new identity each time: what had rights before it was deleted has none after it was made again. */
function newIdentity({ id, store }: Writing): ManagedIdentity {
  const made = { principalId: crypto.randomUUID(), clientId: guidFor(`client of ${id} ${Math.random()}`) };
  store.keepIdentity(made);
  return made;
}

/** The identity block of a VM or a site as Azure completes it. */
export function completedIdentity(writing: Writing): Fields {
  const { sent, existing, store } = writing;
  const type = text(sent.identity?.["type"]);
  if (type === undefined || type === "None") return type === undefined ? {} : { identity: undefined };
  const before = text(existing?.identity?.["principalId"]);
  const own = type.includes("SystemAssigned")
    ? {
        principalId: before ?? newIdentity(writing).principalId,
        tenantId: store.tenantId,
      }
    : {};
  const assigned = Object.entries(fields(sent.identity?.["userAssignedIdentities"]))
    .filter(([, value]) => value !== null)
    .map(([id]) => {
      const { principalId, clientId } = store.get(id)?.properties ?? {};
      return [id, { principalId, clientId }] as const;
    });
  return {
    identity: {
      ...own,
      ...(assigned.length > 0 && { userAssignedIdentities: Object.fromEntries(assigned) }),
    },
  };
}

export const managedIdentityTypes: ResourceTypes = {
  "microsoft.managedidentity/userassignedidentities": {
    computed: (writing) => {
      const { existing, store } = writing;
      const { principalId, clientId } = existing?.properties ?? newIdentity(writing);
      return { properties: { tenantId: store.tenantId, principalId, clientId } };
    },
  },
  "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials": {},
};
