import { policyPaths } from "../../environments/policy-paths";

const settings = { databaseRoles: { short: {} }, transitKeys: ["customer-key"] };

describe("The paths that a workload may name", () => {
  const community = () => policyPaths({ ...settings, vault: { edition: "community" } });

  it("are exactly its database role's credentials and the uses of the transit keys", () => {
    expect(Object.fromEntries(community())).toEqual({
      "database/creds/short": "read",
      "transit/encrypt/customer-key": "update",
      "transit/decrypt/customer-key": "update",
      "transit/rewrap/customer-key": "update",
      "transit/hmac/customer-key": "update",
      "transit/verify/customer-key": "update",
      "transit/keys/customer-key": "read",
    });
  });

  it("never allow it to create, export, rotate or delete a key", () => {
    expect([...community().keys()].filter((path) => /export|rotate|config|backup|delete/.test(path))).toEqual(
      [],
    );
    expect([...community().values()]).not.toContain("create");
  });

  it("include transform only in the Enterprise edition", () => {
    const known = community();
    const enterprise = policyPaths({ ...settings, vault: { edition: "enterprise" } });
    expect([...enterprise].filter(([path]) => !known.has(path))).toEqual([
      ["transform/encode/customer", "update"],
      ["transform/decode/customer", "update"],
    ]);
  });
});
