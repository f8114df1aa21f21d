import { certificateDays } from "../../environments/certificate-days";

describe("Vault's certificate is overdue", () => {
  it.each([
    [30, 14],
    [20, 10],
    [7, 3],
  ])(
    "if Key Vault renews it %i days before its end, %i days before the end",
    (renewDaysBeforeExpiry, days) => {
      expect(certificateDays({ source: "generated", validityInMonths: 12, renewDaysBeforeExpiry })).toBe(
        days,
      );
    },
  );

  it("two weeks before the end, if it is the owner's", () => {
    const existing = {
      source: "existing",
      keyVault: "kv-a",
      resourceGroup: "rg",
      certificate: "vault",
    } as const;
    expect(certificateDays(existing)).toBe(14);
  });
});
