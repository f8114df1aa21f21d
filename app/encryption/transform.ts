import { Unavailable } from "../errors";
import { HttpError } from "../vault/http";
import type { Vault } from "../vault/vault";

/** Vault Enterprise's transform engine, as constructs/vault/transform-engine.ts creates it. Each method sends one request for its whole list. */
export class Transform {
  constructor(
    private readonly vault: Vault,
    private readonly role: string,
  ) {}

  /** Keeps the format: nine digits become nine other digits. */
  encodeSocialSecurityNumbers(numbers: readonly string[]): Promise<string[]> {
    return this.#batch("encode", "social-security-number", numbers);
  }

  decodeSocialSecurityNumbers(numbers: readonly string[]): Promise<string[]> {
    return this.#batch("decode", "social-security-number", numbers);
  }

  /** Masks one way: nobody can recover the number. */
  maskCardNumbers(numbers: readonly string[]): Promise<string[]> {
    return this.#batch("encode", "card-number", numbers);
  }

  async #batch(
    operation: "encode" | "decode",
    transformation: string,
    values: readonly string[],
  ): Promise<string[]> {
    if (values.length === 0) return [];
    const path = `transform/${operation}/${this.role}`;
    try {
      const { data } = await this.vault.call<{
        batch_results: { encoded_value?: string; decoded_value?: string }[];
      }>("POST", path, { batch_input: values.map((value) => ({ value, transformation })) });
      return data.batch_results.map(
        ({ encoded_value, decoded_value }) => encoded_value ?? decoded_value ?? "",
      );
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      throw new Unavailable(`Vault refuses ${path}: ${error.message}`, 30, { cause: error });
    }
  }
}
