import { createHash } from "node:crypto";
import { type Fields, fields, text } from "../../model/fields";
import type { ManagedIdentity } from "../../model/world";
import type { ResourceTypes, Writing } from "./resource-type";

/** Returns a GUID that is always the same for the same resource, so that logs are easier to follow. */
export function guidFor(text: string): string {
  const digits = createHash("sha256").update(text.toLowerCase()).digest("hex");
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

/** Creates a new identity each time. A recreated resource does not keep the rights of the deleted one. */
function newIdentity({ id, store }: Writing): ManagedIdentity {
  const made = { principalId: crypto.randomUUID(), clientId: guidFor(`client of ${id} ${Math.random()}`) };
  store.keepIdentity(made);
  return made;
}

/** Returns the identity block of a VM or a site as Azure completes it. */
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
