import { TransitEngine } from "../../../constructs/vault/transit-engine";
import { synthesizeConstructs } from "../../synthesis";

describe("TransitEngine", () => {
  const stack = synthesizeConstructs(
    (scope) => new TransitEngine(scope, "transit", { keys: ["customer-key", "archive-key"], protect: true }),
  );

  it.each(["customer-key", "archive-key"])(
    "keeps %s inside Vault: no export, no plain backup, no deletion",
    (key) => {
      expect(stack.only("vault_transit_secret_backend_key", `key-${key}`).attributes).toEqual({
        backend: stack.only("vault_mount").ref("path"),
        name: key,
        type: "aes256-gcm96",
        exportable: false,
        allow_plaintext_backup: false,
        deletion_allowed: false,
      });
    },
  );

  it("allows the deletion of keys that need no protection", () => {
    const open = synthesizeConstructs(
      (scope) => new TransitEngine(scope, "transit", { keys: ["k"], protect: false }),
    );
    expect(open.only("vault_transit_secret_backend_key").get("deletion_allowed")).toBe(true);
  });

  it("has no other key", () => {
    expect(stack.resources("vault_transit_secret_backend_key")).toHaveLength(2);
  });
});
