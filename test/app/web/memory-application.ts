import { createHash } from "node:crypto";
import type { Application } from "../../../app/application";
import { checkCustomerInput } from "../../../app/customers/customer-input";
import {
  type Customer,
  type CustomerField,
  type CustomerInput,
  type CustomerQuery,
  type CustomerStore,
  customerFields,
  type StoredCustomer,
} from "../../../app/customers/customer-store";
import { Conflict, InvalidInput, NotFound, Tampered } from "../../../app/errors";
import type { RewrappingProgress } from "../../../app/rewrapping";
import type { Readiness, SystemStatus } from "../../../app/status";

/** Three made-up customers. */
const people: readonly CustomerInput[] = [
  {
    firstName: "Ada",
    lastName: "Example",
    birthDate: "1980-05-31",
    address: "1 Sample Street",
    city: "Springfield",
    socialSecurityNumber: "900-12-3456",
    cardNumber: "4111111111111111",
    salary: "54000.00",
    email: "ada@example.com",
    phone: "+1 202 555 0101",
  },
  {
    firstName: "Łucja",
    lastName: "O'Brien-Żak",
    birthDate: "1991-11-02",
    address: "22 Rue de l'Exemple",
    city: "Québec",
    socialSecurityNumber: "900-98-7654",
    cardNumber: "5555555555554444",
    salary: "71250.50",
    email: "lucja@example.org",
    phone: "",
  },
  {
    firstName: "山田",
    lastName: "花子",
    birthDate: "1975-01-15",
    address: "3-4-5 見本町",
    city: "東京",
    socialSecurityNumber: "900-55-1234",
    cardNumber: "378282246310005",
    salary: "98000.00",
    email: "",
    phone: "+81 3 5555 0123",
  },
];

/** The application without Vault and database: the store's contract, in memory. */
export class MemoryApplication implements Application {
  readonly customers = new Map<number, Customer>();
  readiness: Readiness = { ready: true, reasons: [], retryAfterSeconds: 1 };
  /** While this is set, every call of the store throws it. */
  broken: Error | undefined;
  steps: SystemStatus["steps"] = {
    identity: { state: "works" },
    vault: { state: "works" },
    database: { state: "works" },
    encryption: { state: "works" },
  };
  private readonly addedWith = new Map<string, Customer>();
  private readonly removed = new Map<string, Customer>();
  private lastId = 0;

  constructor(seeds = people.length) {
    for (let index = 0; index < seeds; index += 1) {
      const person = people[index % people.length] as CustomerInput;
      this.insert(index < people.length ? person : { ...person, firstName: `${person.firstName} ${index}` });
    }
  }

  readonly store: CustomerStore = {
    list: async (query) => this.page(query, this.matching(query)),
    get: async (id) => this.existing(id),
    reveal: async (id) => ({ customer: this.existing(id), auditId: "c0ffee00-0000-4000-8000-000000000001" }),
    add: async (input, oneTimeKey) => {
      this.check();
      const checked = checkCustomerInput(input);
      const earlier = oneTimeKey === undefined ? undefined : this.addedWith.get(oneTimeKey);
      if (earlier) {
        if (customerFields.every((field) => earlier[field] === checked[field])) return earlier;
        throw new InvalidInput({ oneTimeKey: "Other content was saved with this one-time key before." });
      }
      const added = this.insert(checked);
      if (oneTimeKey !== undefined) this.addedWith.set(oneTimeKey, added);
      return added;
    },
    wasAdded: async (oneTimeKey) => this.addedWith.has(oneTimeKey),
    edit: async (id, input, version) => {
      const current = this.existing(id);
      if (current.version !== version) throw new Conflict("version");
      const changed = {
        ...current,
        ...checkCustomerInput(input),
        version: version + 1,
        updatedAt: moment(version),
      };
      this.customers.set(id, changed);
      return changed;
    },
    remove: async (id, version) => {
      if (version !== undefined && this.existing(id).version !== version) throw new Conflict("version");
      const removed = encrypted(this.existing(id));
      this.removed.set(removed.rowKey, this.existing(id));
      this.customers.delete(id);
      return removed;
    },
    restore: async ({ id, rowKey }) => {
      const removed = this.removed.get(rowKey);
      if (!removed) throw new Tampered(id, "firstName");
      if (this.customers.has(id)) throw new Conflict("there already");
      this.customers.set(id, { ...removed, version: removed.version + 1 });
    },
    findByNumber: async (number) => this.matching({ page: 1, pageSize: 100, search: number }),
    asStored: async (request) => this.page(request, [...this.customers.values()].map(encrypted)),
    oneAsStored: async (id) => encrypted(this.existing(id)),
  };

  async status(): Promise<SystemStatus> {
    return {
      way: "vault",
      readiness: this.readiness,
      steps: this.steps,
      identity: {
        iss: "https://sts.windows.net/11111111-1111-4111-8111-111111111111/",
        aud: "https://management.azure.com/",
        oid: "22222222-2222-4222-8222-222222222222",
        tid: "11111111-1111-4111-8111-111111111111",
        exp: "1795640757",
        xms_mirid:
          "/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/rg-demo-vault/providers/Microsoft.Web/sites/app-demo-webapp",
      },
      vault: {
        address: "https://vault.demo.internal:8200",
        role: "webapp-role",
        policies: ["default", "webapp"],
        tokenType: "batch",
        tokenSecondsLeft: 2_764_000,
        edition: "community",
      },
      database: {
        host: "mysql-demo.mysql.database.azure.com",
        name: "customers",
        user: "v-jwt-webapp-long-8k2nq0v4x1",
        leaseId: "database/creds/long/Xy1zAbCdEfGhIjKl",
        leaseSecondsLeft: 9_240,
        replacements: 2,
      },
      transit: {
        key: "customer-key",
        latestVersion: 2,
        rowsByVersion: { 1: this.customers.size, 2: 0 },
      },
    };
  }

  async ready(): Promise<Readiness> {
    return this.readiness;
  }

  async rewrap(_onProgress: (progress: RewrappingProgress) => void): Promise<RewrappingProgress> {
    throw new Error("there is nothing to encrypt again in memory");
  }

  async close(): Promise<void> {}

  private insert(input: CustomerInput): Customer {
    this.lastId += 1;
    const createdAt = moment(this.lastId);
    const customer = { id: this.lastId, version: 1, createdAt, updatedAt: createdAt, ...input };
    this.customers.set(customer.id, customer);
    return customer;
  }

  private existing(id: number): Customer {
    this.check();
    const customer = this.customers.get(id);
    if (!customer) throw new NotFound(`customer ${id}`);
    return customer;
  }

  private check(): void {
    if (this.broken) throw this.broken;
  }

  private matching({ search, sort }: CustomerQuery): Customer[] {
    const all = [...this.customers.values()];
    if (!search) return sort === "-number" ? all.reverse() : all;
    if (/[^\w.@+ -]/.test(search)) throw new InvalidInput({ search: "is not a valid search." });
    return all.filter(
      ({ id, createdAt, socialSecurityNumber, cardNumber, email }) =>
        [String(id), socialSecurityNumber, cardNumber, email].includes(search) ||
        (/^\d{4}/.test(search) && createdAt.toISOString().startsWith(search)),
    );
  }

  private page<Row>({ page, pageSize }: CustomerQuery, rows: Row[]) {
    this.check();
    return { rows: rows.slice((page - 1) * pageSize, page * pageSize), total: rows.length, page, pageSize };
  }
}

function moment(minutes: number): Date {
  return new Date(Date.UTC(2026, 10, 21, 9, minutes));
}

function encrypted({ id, version, createdAt, updatedAt, ...fields }: Customer): StoredCustomer {
  const scrambled = (field: CustomerField) =>
    fields[field] && `aes:${createHash("sha512").update(`${id}${field}`).digest("base64").slice(0, 60)}`;
  const hash = (field: CustomerField) =>
    fields[field] && createHash("sha256").update(`${field}${fields[field]}`).digest("hex");
  return {
    id,
    version,
    createdAt,
    updatedAt,
    rowKey: `${createHash("sha256").update(`row ${id}`).digest("hex").slice(0, 8)}-0000-0000-0000-00000000000f`,
    dataKey: `vault:v1:${scrambled("firstName").slice(4)}`,
    fields: Object.fromEntries(customerFields.map((field) => [field, scrambled(field)])) as Record<
      CustomerField,
      string
    >,
    hashes: {
      socialSecurityNumber: hash("socialSecurityNumber"),
      cardNumber: hash("cardNumber"),
      email: hash("email"),
    },
  };
}
