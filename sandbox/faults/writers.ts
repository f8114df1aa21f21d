import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Sandbox } from "../system/sandbox";
import { applications } from "./services";

/** Milliseconds between two customers in one application. */
const paceMs = 400;

const added = z.object({ id: z.int() });
const customer = {
  firstName: "Ada",
  lastName: "Lovelace",
  birthDate: "1915-12-10",
  address: "12 St James's Square",
  city: "London",
  socialSecurityNumber: "912-34-5678",
  cardNumber: "4000 0012 3456 7899",
  salary: "98765.43",
  email: "ada@example.com",
  phone: "+44 20 7946 0958",
};

/** People at work: each application gets one customer after the other, during all faults. Acknowledged customers must stay. */
export class Writers {
  readonly #acknowledged: number[] = [];
  readonly #refused = new Map<number, number>();
  readonly #writing: Promise<void>[];
  #on = true;

  constructor(private readonly sandbox: Sandbox) {
    this.#writing = [...applications(sandbox).keys()].map((name) => this.#write(name));
  }

  async stop(): Promise<void> {
    this.#on = false;
    await Promise.all(this.#writing);
  }

  /** Customers that were acknowledged and no longer exist. */
  async lost(): Promise<readonly number[]> {
    const [url = ""] = applications(this.sandbox).values();
    const stored = await allIds(url);
    return this.#acknowledged.filter((id) => !stored.has(id));
  }

  get report(): string {
    const refused = [...this.#refused].sort().map(([status, times]) => `${times} x ${status || "no answer"}`);
    return `${this.#acknowledged.length} customers were acknowledged; refused: ${refused.join(", ") || "none"}`;
  }

  async #write(name: string): Promise<void> {
    while (this.#on) {
      await delay(paceMs);
      const status = await this.#add(applications(this.sandbox).get(name) ?? "").catch(() => 0);
      if (status !== 201) this.#refused.set(status, (this.#refused.get(status) ?? 0) + 1);
    }
  }

  async #add(url: string): Promise<number> {
    const answer = await fetch(`${url}/api/customers`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(customer),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await answer.text();
    if (answer.status === 201) this.#acknowledged.push(added.parse(JSON.parse(text)).id);
    return answer.status;
  }
}

async function allIds(url: string): Promise<ReadonlySet<number>> {
  const page = z.object({ total: z.int(), rows: z.array(added) });
  const ids = new Set<number>();
  for (let number = 1; ; number++) {
    const answer = await fetch(`${url}/api/customers?page=${number}&pageSize=100`);
    if (answer.status === 429) {
      await delay(1_000);
      number--;
      continue;
    }
    const { total, rows } = page.parse(await answer.json());
    for (const { id } of rows) ids.add(id);
    if (number * 100 >= total) return ids;
  }
}
