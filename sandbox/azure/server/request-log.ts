/** One request without secrets: no headers, query or body. */
export interface RequestRecord {
  time: string;
  caller: string;
  service: string;
  method: string;
  host: string;
  path: string;
  /** 0 if the connection was cut on purpose. */
  status: number;
  principalId?: string;
  /** A refusal's code, such as Forbidden. */
  code?: string;
  /** The reason for a refusal. */
  reason?: string;
}

const kept = 10_000;

/** The requests to Azure, in the order of the answers. */
export class RequestLog {
  #records: RequestRecord[] = [];
  #listeners = new Set<(record: RequestRecord) => void>();

  get all(): readonly RequestRecord[] {
    return this.#records;
  }

  add(record: RequestRecord): void {
    this.#records.push(record);
    if (this.#records.length > kept) this.#records.splice(0, kept / 10);
    for (const listener of this.#listeners) listener(record);
  }

  /** Calls the listener at each answer. The returned function ends this. */
  onAnswer(listener: (record: RequestRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  clear(): void {
    this.#records = [];
  }
}
