import { setTimeout as pause } from "node:timers/promises";
import { waitFor } from "../../lib/processes/wait-for";
import type { VaultClient } from "../../lib/vault-api/vault-client";
import type { RegisterOperation } from "./register-history";

/** Milliseconds between two operations of a client. */
const PACE_MS = 50;

/** Clients that write and read registers in Vault, one operation after the other, and record the answers. */
export class RegisterClients {
  readonly history: RegisterOperation[] = [];
  readonly #clients: Promise<void>[];
  #stopped = false;
  #registers = 0;
  #register = this.#nextRegister();

  /** @param writer and reader: separate connections with the same token, because registers are in a token's cubbyhole */
  constructor(
    private readonly writer: VaultClient,
    private readonly reader: VaultClient,
  ) {
    this.#clients = [this.#write(), this.#read()];
  }

  /** Seconds of the longest time without an acknowledged write. */
  get longestPause(): number {
    const times = this.history.flatMap(({ kind, ended }) =>
      kind === "write" && ended !== undefined ? [ended] : [],
    );
    return Math.max(0, ...times.slice(1).map((time, index) => time - (times[index] ?? time))) / 1000;
  }

  /**
   * Waits until Vault has acknowledged writes.
   * @param deadlineMs milliseconds until this fails
   * @param count number of acknowledged writes. Only writes that begin after the call count.
   */
  async untilWritten(deadlineMs: number, count = 1): Promise<void> {
    const begin = performance.now();
    const acknowledged = () =>
      this.history.filter(
        ({ kind, began, ended }) => kind === "write" && ended !== undefined && began > begin,
      );
    await waitFor("writes that are acknowledged", () => acknowledged().length >= count, {
      deadlineMs,
      intervalMs: 20,
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
  }

  async #write(): Promise<void> {
    for (let value = 1; !this.#stopped; value++) {
      const register = this.#register;
      const began = performance.now();
      const acknowledged = await this.writer
        .request({ method: "POST", path: `cubbyhole/${register}`, body: { value } })
        .then(
          () => true,
          () => false,
        );
      const ended = acknowledged ? performance.now() : undefined;
      this.history.push({ register, kind: "write", value, began, ended });
      if (!acknowledged) {
        // The write may still take effect, so no client writes to this register again.
        this.#register = this.#nextRegister();
        value = 0;
      }
      await pause(PACE_MS);
    }
  }

  async #read(): Promise<void> {
    while (!this.#stopped) {
      for (const register of new Set([this.#register, `register-${this.#registers - 1}`])) {
        const began = performance.now();
        const held = await this.reader.read(`cubbyhole/${register}`).then(
          (data) => Number(data?.["value"] ?? 0),
          () => undefined,
        );
        if (held === undefined) continue;
        this.history.push({ register, kind: "read", value: held, began, ended: performance.now() });
      }
      await pause(PACE_MS);
    }
  }

  #nextRegister(): string {
    return `register-${++this.#registers}`;
  }
}
