import { z } from "zod";
import type { Problem } from "../problem";
import { listAt, type Read } from "../read";
import { repeated } from "./repeated-entries";

export const additionalSubscriptions = z
  .array(z.guid('is not a subscription id; write a GUID (`az account list --query "[].id"`).'))
  .default([])
  .describe("Further subscriptions in which the custom role Virtual Machine Reader is assignable.");

export function subscriptionRules(read: Read): Problem[] {
  const id = additionalSubscriptions.unwrap().element;
  const ids = listAt(read, "additionalSubscriptions").map((_, index) =>
    read(id, "additionalSubscriptions", index)?.toLowerCase(),
  );
  return repeated(ids).map((index) => ({
    field: `additionalSubscriptions[${index}]`,
    sentence: "is already in this list; remove this entry.",
  }));
}
