import { z } from "zod";
import { customerFields, hashedFields, type StoredCustomer } from "../../customers/customer-store";
import { InvalidInput } from "../../errors";
import { tokenField } from "../request-forgery";
import { type Html, html } from "./html";
import { layout, notice } from "./layout";

/** Confirms the deletion, and offers to undo it. The page contains the row's ciphertexts, which are useless without Vault. */
export function customerDeletedPage(id: number, removed: string, csrfToken: string): Html {
  return layout({
    title: `Customer ${id} was deleted`,
    place: "customers",
    body: html`
<div class="narrow">
${notice("The customer was deleted.")}
<div class="heading"><h1>Customer ${id} was deleted</h1></div>
<form class="panel" method="post" action="/customers/restore">
<input type="hidden" name="${tokenField}" value="${csrfToken}">
<input type="hidden" name="removed" value="${removed}">
<p>You can restore the record on this page. After you leave the page, nobody can.</p>
<div class="actions"><button type="submit">Undo</button><a class="button primary" href="/customers">All customers</a></div>
</form>
</div>`,
  });
}

const texts = <Name extends string>(names: readonly Name[]) =>
  z.object(
    Object.fromEntries(names.map((name) => [name, z.string().max(4_000)])) as Record<Name, z.ZodString>,
  );

const stored = z.object({
  id: z.int().min(1),
  // z.uuid would check the version bits, and a row key from a one-time key has none.
  rowKey: z.guid(),
  dataKey: z.string(),
  version: z.int().min(1),
  createdAt: z.coerce.date(),
  updatedAt: z.coerce.date(),
  fields: texts(customerFields),
  hashes: texts(hashedFields),
});

/** Writes a row into a form's field. */
export function removedText(removed: StoredCustomer): string {
  return Buffer.from(JSON.stringify(removed)).toString("base64url");
}

/** Reads a row back from the form. Vault checks later that the ciphertexts belong to the row. @throws {InvalidInput} */
export function removedCustomer(text: string): StoredCustomer {
  try {
    return stored.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
  } catch {
    throw new InvalidInput({ removed: "The form is damaged. Add the customer again." });
  }
}
