import { type CustomerField, type CustomerInput, customerFields } from "./customer-store";

export interface Merged {
  /** Each changed field has the new value. A field that both changed has the value of `mine`. */
  values: CustomerInput;
  /** Fields that both changed, to something different. */
  disputed: CustomerField[];
}

/**
 * Merges the changes of two people who edited one customer at the same time.
 * @param base the customer as both read it
 */
export function threeWayMerge(base: CustomerInput, mine: CustomerInput, theirs: CustomerInput): Merged {
  const values = { ...mine };
  const disputed: CustomerField[] = [];
  for (const field of customerFields) {
    if (mine[field] === base[field]) values[field] = theirs[field];
    else if (theirs[field] !== base[field] && theirs[field] !== mine[field]) disputed.push(field);
  }
  return { values, disputed };
}
