import { createHash, randomUUID } from "node:crypto";
import { type CustomerCipher, isSealed } from "../encryption/customer-cipher";
import { Conflict, InvalidInput } from "../errors";
import { checkCustomerInput } from "./customer-input";
import { type CustomerRows, conflict, type RowSearch } from "./customer-rows";
import {
  type Customer,
  type CustomerInput,
  type CustomerPage,
  type CustomerQuery,
  type CustomerStore,
  customerFields,
  type HashedField,
  type Page,
  type PageRequest,
  type RevealedCustomer,
  type StoredCustomer,
} from "./customer-store";

/** The largest id of the table: INT UNSIGNED. */
const largestId = 2 ** 32 - 1;

const removalAttempts = 5;

/** Customers in the database's rows, encrypted with Vault. */
export class EncryptedCustomerStore implements CustomerStore {
  constructor(
    private readonly rows: CustomerRows,
    private readonly cipher: () => CustomerCipher,
    /** @throws {Unavailable} while the database is not prepared */
    private readonly assertPrepared: () => void,
  ) {}

  async list({ search = "", ...request }: CustomerQuery): Promise<CustomerPage> {
    checkPage(request);
    this.assertPrepared();
    const page = await this.rows.page(request, await this.rowSearch(search.trim()));
    return { ...page, rows: await this.open(page.rows) };
  }

  async get(id: number): Promise<Customer> {
    this.assertPrepared();
    return this.openOne(await this.rows.one(id));
  }

  async reveal(id: number): Promise<RevealedCustomer> {
    this.assertPrepared();
    const row = await this.rows.one(id);
    let auditId = "";
    const [input] = await this.cipher().open([row], (requestId) => {
      auditId = requestId;
    });
    return { customer: customer(row, input as CustomerInput), auditId };
  }

  async add(input: CustomerInput, oneTimeKey?: string): Promise<Customer> {
    const checked = checkCustomerInput(input);
    this.assertPrepared();
    const rowKey = oneTimeKey === undefined ? randomUUID() : rowKeyOf(oneTimeKey);
    const [sealed] = await this.cipher().seal([{ rowKey, input: checked }]);
    if (!sealed) throw new Error("Vault returned no encrypted customer.");
    const row = await this.rows.add(rowKey, sealed);
    const expected = { ...checked, cardNumber: shownCard(row, checked) };
    // No two data keys are equal. A different one comes from an earlier request with the same one-time key.
    if (row.dataKey === sealed.dataKey) return customer(row, expected);
    const stored = await this.openOne(row);
    if (row.version > 1 || customerFields.every((field) => stored[field] === expected[field])) return stored;
    throw new InvalidInput({
      oneTimeKey: `Other content was saved with this one-time key before, as customer ${row.id}. Use a new key, or open a new form.`,
    });
  }

  async wasAdded(oneTimeKey: string): Promise<boolean> {
    this.assertPrepared();
    return this.rows.has(rowKeyOf(oneTimeKey));
  }

  async edit(id: number, input: CustomerInput, version: number): Promise<Customer> {
    this.assertPrepared();
    const before = await this.rows.one(id);
    const keptCard = isMasked(before) ? before.fields.cardNumber : undefined;
    const checked = checkCustomerInput(input, keptCard);
    if (before.version !== version) throw conflict(id);
    const [sealed] = await this.cipher().seal([{ rowKey: before.rowKey, input: checked }]);
    if (!sealed) throw new Error("Vault returned no encrypted customer.");
    if (keptCard !== undefined && checked.cardNumber === keptCard) {
      sealed.fields.cardNumber = keptCard;
      sealed.hashes.cardNumber = before.hashes.cardNumber;
    }
    const row = await this.rows.replace(before, sealed);
    return customer(row, { ...checked, cardNumber: shownCard(row, checked) });
  }

  async remove(id: number, version?: number): Promise<StoredCustomer> {
    this.assertPrepared();
    for (let attempt = 1; ; attempt++) {
      const row = await this.rows.one(id);
      if (version !== undefined && row.version !== version) throw conflict(id);
      try {
        await this.rows.remove(row, await this.cipher().sealForArchive(row));
        return row;
      } catch (error) {
        // Somebody edited the customer between reading and removing, and the caller wants to remove any version.
        if (!(error instanceof Conflict) || version !== undefined || attempt === removalAttempts) throw error;
      }
    }
  }

  async restore(removed: StoredCustomer): Promise<void> {
    this.assertPrepared();
    // The row comes back from a person's browser. Vault decrypts only ciphertexts that belong to this row key.
    const [input] = await this.cipher().open([removed]);
    const [sealed] = await this.cipher().seal([{ rowKey: removed.rowKey, input: input as CustomerInput }]);
    if (!sealed) throw new Error("Vault returned no encrypted customer.");
    if (isMasked(removed)) {
      sealed.fields.cardNumber = removed.fields.cardNumber;
      sealed.hashes.cardNumber = removed.hashes.cardNumber;
    }
    await this.rows.restore(removed, sealed);
  }

  async findByNumber(number: string): Promise<Customer[]> {
    this.assertPrepared();
    const hashes = await this.hashesOf(number.trim());
    if (hashes.length === 0) return [];
    const { rows } = await this.rows.page({ page: 1, pageSize: 100 }, { hashes });
    return this.open(rows);
  }

  async asStored(request: PageRequest): Promise<Page<StoredCustomer>> {
    checkPage(request);
    this.assertPrepared();
    return this.rows.page(request);
  }

  async oneAsStored(id: number): Promise<StoredCustomer> {
    this.assertPrepared();
    return this.rows.one(id);
  }

  private async rowSearch(search: string): Promise<RowSearch | undefined> {
    if (search === "") return undefined;
    const id = /^\d{1,10}$/.test(search) && Number(search) <= largestId ? Number(search) : undefined;
    const created = daysOf(search);
    const hashes = await this.hashesOf(search);
    if (id === undefined && !created && hashes.length === 0) {
      throw new InvalidInput({
        search:
          "Names and addresses are encrypted. Search for a customer number, a day such as 2026-11-21, or a whole social security number, card number or e-mail address.",
      });
    }
    return { id, created, hashes };
  }

  private async hashesOf(text: string): Promise<{ field: HashedField; values: string[] }[]> {
    const fields = fieldsOf(text);
    if (fields.length === 0) return [];
    const versions = await this.rows.keyVersions();
    if (versions.length === 0) return [];
    return this.cipher().hashes(
      fields.map((field) => ({ field, value: text })),
      versions,
    );
  }

  private async open(rows: readonly StoredCustomer[]): Promise<Customer[]> {
    const inputs = await this.cipher().open(rows);
    return rows.map((row, index) => customer(row, inputs[index] as CustomerInput));
  }

  private async openOne(row: StoredCustomer): Promise<Customer> {
    return (await this.open([row]))[0] as Customer;
  }
}

function customer({ id, version, createdAt, updatedAt }: StoredCustomer, input: CustomerInput): Customer {
  return { ...input, id, version, createdAt, updatedAt };
}

/** Hashes a caller's text, because the row's key is bound into its ciphertexts. */
function rowKeyOf(oneTimeKey: string): string {
  const hex = createHash("sha256").update(`one-time key of a customer: ${oneTimeKey}`).digest("hex");
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Vault Enterprise masks card numbers one way: nobody can recover the number. */
const isMasked = ({ fields }: StoredCustomer): boolean => !isSealed(fields.cardNumber);

const shownCard = (row: StoredCustomer, { cardNumber }: CustomerInput): string =>
  isMasked(row) ? row.fields.cardNumber : cardNumber;

/** Returns the fields that a text may belong to. */
function fieldsOf(text: string): HashedField[] {
  if (/^[^\s@]+@[^\s@]+$/.test(text)) return ["email"];
  if (/^\d{3}-?\d{2}-?\d{4}$/.test(text)) return ["socialSecurityNumber"];
  return /^\d(?:[ -]?\d){11,18}$/.test(text) ? ["cardNumber"] : [];
}

/** The day, month or year that a text names, in UTC. */
function daysOf(text: string): readonly [Date, Date] | undefined {
  const [, year, month, day] = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text) ?? [];
  if (year === undefined || Number(year) < 1970) return undefined;
  const from = new Date(Date.UTC(Number(year), Number(month ?? 1) - 1, Number(day ?? 1)));
  if (!from.toISOString().startsWith(text)) return undefined;
  const to = new Date(from);
  if (day !== undefined) to.setUTCDate(to.getUTCDate() + 1);
  else if (month !== undefined) to.setUTCMonth(to.getUTCMonth() + 1);
  else to.setUTCFullYear(to.getUTCFullYear() + 1);
  return [from, to];
}

function checkPage({ page, pageSize }: PageRequest): void {
  const problems: Record<string, string> = {};
  if (!Number.isInteger(page) || page < 1 || page > 1_000_000)
    problems["page"] = "The page is not a number from 1 to 1000000.";
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > 100)
    problems["pageSize"] = "The page size is not a number from 1 to 100.";
  if (Object.keys(problems).length > 0) throw new InvalidInput(problems);
}
