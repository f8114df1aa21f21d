import { certificateDays } from "../../environments/certificate-days";
import { loadEnvironment } from "../../environments/load";

describe("Vault's certificate is overdue", () => {
  const { tls } = loadEnvironment("demo").vault;
  if (tls.source !== "generated") throw new Error("demo brings its certificate along");

  it.each([
    [30, 14],
    [20, 10],
    [7, 3],
  ])("renewed by Key Vault %i days before its end: %i days before", (renewDaysBeforeExpiry, days) => {
    expect(certificateDays({ ...tls, renewDaysBeforeExpiry })).toBe(days);
  });
});
