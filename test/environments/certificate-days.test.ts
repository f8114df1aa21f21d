import { certificateDays } from "../../environments/certificate-days";
import { loadEnvironment } from "../../environments/load";

describe("Vault's certificate is overdue", () => {
  const { tls } = loadEnvironment("demo").vault;
  if (tls.source !== "generated") throw new Error("demo has its own certificate");

  it.each([
    [30, 14],
    [20, 10],
    [7, 3],
  ])(
    "if Key Vault renews it %i days before its end, %i days before the end",
    (renewDaysBeforeExpiry, days) => {
      expect(certificateDays({ ...tls, renewDaysBeforeExpiry })).toBe(days);
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
