import { Unavailable } from "../errors";
import { HttpError } from "../vault/http";
import type { Vault } from "../vault/vault";
import { GatheredCalls } from "./gathered-calls";

/** A text to encrypt, and its associated data. Vault refuses to decrypt with other associated data. */
export interface Bound {
  text: string;
  associatedData: string;
}

export interface Encrypted {
  ciphertext: string;
  keyVersion: number;
}

/** The reason why Vault did not decrypt one ciphertext of a batch. */
export class Undecryptable extends Error {
  override readonly name = "Undecryptable";
}

/** Receives the request's id in Vault's audit log. */
export type OnAnswer = (requestId: string) => void;

interface BatchAnswer<Result> {
  batch_results: (Result & { error?: string })[];
}

interface Ciphertext {
  ciphertext: string;
  associatedData: string;
}

/** One key of Vault's transit engine. Each method sends one request to Vault for a list of any length, and no request for an empty list. */
export class TransitKey {
  readonly #decryptions = new GatheredCalls((values: readonly Ciphertext[], deadlineMs) =>
    this.#decrypt(values, { deadlineMs }),
  );

  constructor(
    private readonly vault: Vault,
    private readonly mount: string,
    readonly name: string,
  ) {}

  async encrypt(values: readonly Bound[]): Promise<Encrypted[]> {
    const results = await this.#batch<{ ciphertext: string; key_version: number }>(
      "encrypt",
      values.map(({ text, associatedData }) => ({
        plaintext: base64(text),
        associated_data: base64(associatedData),
      })),
    );
    return results.map(({ ciphertext, key_version }) => ({ ciphertext, keyVersion: key_version }));
  }

  /**
   * Returns Vault's error in place of a text that Vault does not decrypt. Simultaneous calls may share a request, unless `onAnswer`
   * asks for the request's id.
   */
  async decrypt(values: readonly Ciphertext[], onAnswer?: OnAnswer): Promise<(string | Undecryptable)[]> {
    if (values.length === 0) return [];
    return onAnswer ? this.#decrypt(values, { onAnswer }) : this.#decryptions.call(values);
  }

  async #decrypt(
    values: readonly Ciphertext[],
    options: { deadlineMs?: number; onAnswer?: OnAnswer },
  ): Promise<(string | Undecryptable)[]> {
    const results = await this.#batch<{ plaintext?: string }>(
      "decrypt",
      values.map(({ ciphertext, associatedData }) => ({
        ciphertext,
        associated_data: base64(associatedData),
      })),
      // Otherwise Vault answers 400 if one ciphertext is bad.
      { partial_failure_response_code: 200 },
      options,
    );
    return results.map(({ plaintext, error }) =>
      error ? new Undecryptable(error) : Buffer.from(plaintext ?? "", "base64").toString("utf8"),
    );
  }

  /** Returns keyed hashes such as `vault:v1:…`. The default is the newest version of the key. */
  async hmac(values: readonly string[], keyVersion?: number): Promise<string[]> {
    const results = await this.#batch<{ hmac: string }>(
      "hmac",
      values.map((value) => ({ input: base64(value) })),
      keyVersion === undefined ? {} : { key_version: keyVersion },
    );
    return results.map(({ hmac }) => hmac);
  }

  async latestVersion(): Promise<number> {
    const { data } = await this.vault.call<{ latest_version: number }>(
      "GET",
      `${this.mount}/keys/${this.name}`,
      undefined,
      { expectRefusal: true },
    );
    return data.latest_version;
  }

  async #batch<Result>(
    operation: "encrypt" | "decrypt" | "hmac",
    batch: object[],
    options: object = {},
    { deadlineMs, onAnswer }: { deadlineMs?: number; onAnswer?: OnAnswer } = {},
  ): Promise<(Result & { error?: string })[]> {
    if (batch.length === 0) return [];
    const path = `${this.mount}/${operation}/${this.name}`;
    try {
      const body = { batch_input: batch, ...options };
      const { data, request_id } = await this.vault.call<BatchAnswer<Result>>("POST", path, body, {
        deadlineMs,
      });
      if (request_id) onAnswer?.(request_id);
      return data.batch_results;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      // Vault answers 400 when each item failed. Source: Vault, builtin/logical/transit/path_encrypt.go, batchRequestResponse.
      const failed = (error.data as BatchAnswer<Result> | undefined)?.batch_results;
      if (failed) return failed;
      throw new Unavailable(`Vault refuses ${path}: ${error.message}`, 30, { cause: error });
    }
  }
}

const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");
