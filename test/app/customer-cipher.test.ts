import type { StoredCustomer } from "../../app/customers/customer-store";
import { madeUpCustomers } from "../../app/customers/made-up-customers";
import { CustomerCipher } from "../../app/encryption/customer-cipher";
import { Transform } from "../../app/encryption/transform";
import { TransitKey } from "../../app/encryption/transit";
import type { Vault } from "../../app/vault/vault";
import { ada } from "./running-application";

/** Imitates Vault Enterprise's documented API, because the tests have no licence for it. */
class EnterpriseVault implements Vault {
  readonly failure = undefined;
  readonly calls: string[] = [];

  async call<Data>(_method: string, path: string, body?: unknown) {
    this.calls.push(path);
    const items = (body as { batch_input: Record<string, string>[] }).batch_input;
    return { data: { batch_results: items.map((item) => this.#answer(path, item)) } as Data };
  }

  login(): never {
    throw new Error("not asked here");
  }

  #answer(path: string, item: Record<string, string>): object {
    const reversed = [...(item["value"] ?? "")].reverse().join("");
    if (path === "transform/encode/customer") {
      const masks = item["transformation"] === "card-number";
      return { encoded_value: masks ? item["value"]?.replace(/\d/g, "*") : reversed };
    }
    if (path === "transform/decode/customer") return { decoded_value: reversed };
    if (path.startsWith("transit/hmac")) return { hmac: `vault:v1:${item["input"]}` };
    if (path.startsWith("transit/encrypt"))
      return { ciphertext: `vault:v1:${item["plaintext"]}`, key_version: 1 };
    return { plaintext: item["ciphertext"]?.slice("vault:v1:".length) };
  }
}

describe("The customers' cipher on Vault Enterprise", () => {
  const vault = new EnterpriseVault();
  const cipher = new CustomerCipher(
    new TransitKey(vault, "transit", "customer-key"),
    undefined,
    new Transform(vault, "customer"),
  );
  const rowOf = async (): Promise<StoredCustomer> => {
    const [sealed] = await cipher.seal([{ rowKey: "key", input: ada }]);
    return {
      id: 1,
      rowKey: "key",
      version: 1,
      createdAt: new Date(),
      updatedAt: new Date(),
      ...sealed,
    } as StoredCustomer;
  };

  it("keeps the format of social security numbers, and masks card numbers for good", async () => {
    const { fields } = await rowOf();
    expect([fields.socialSecurityNumber, fields.cardNumber]).toEqual(["8765-43-219", "**** **** **** ****"]);
  });

  it("decrypts everything but the card number", async () => {
    expect(await cipher.open([await rowOf()])).toEqual([{ ...ada, cardNumber: "**** **** **** ****" }]);
  });

  it("sends four requests to encrypt and two to decrypt, for any number of rows", async () => {
    vault.calls.length = 0;
    const sealed = await cipher.seal(madeUpCustomers.map((input, index) => ({ rowKey: `${index}`, input })));
    expect(vault.calls.sort()).toEqual([
      "transform/encode/customer",
      "transform/encode/customer",
      "transit/encrypt/customer-key",
      "transit/hmac/customer-key",
    ]);
    vault.calls.length = 0;
    await cipher.open(
      sealed.map((row, id) => ({
        id,
        rowKey: `${id}`,
        version: 1,
        createdAt: new Date(),
        updatedAt: new Date(),
        ...row,
      })),
    );
    expect(vault.calls.sort()).toEqual(["transform/decode/customer", "transit/decrypt/customer-key"]);
  });
});
