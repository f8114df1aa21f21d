import { Refusal } from "../../server/refusal";
import type { ResourceTypes } from "./resource-type";

/** A deleted group deletes its contents. */
export const resourceGroupTypes: ResourceTypes = {
  "microsoft.resources/resourcegroups": {},
  "microsoft.authorization/locks": { stateless: true },
};

/** A lock on a resource, its group or its subscription protects everything below. Source: Azure, Lock your resources. */
export function scopeLocked(id: string, lockedScope: string): Refusal {
  return new Refusal(
    409,
    "ScopeLocked",
    `The scope '${id}' cannot perform delete operation because following scope(s) are locked: '${lockedScope}'. Please remove the lock and try again.`,
  );
}
