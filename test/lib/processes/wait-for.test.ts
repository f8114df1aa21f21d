import { waitFor } from "../../../lib/processes/wait-for";

describe("waitFor", () => {
  it("returns the condition's first truthy value", async () => {
    let looks = 0;
    await expect(
      waitFor("three looks", () => ++looks === 3 && "yes", { deadlineMs: 5000, intervalMs: 1 }),
    ).resolves.toBe("yes");
  });

  it("names the awaited event and the duration", async () => {
    await expect(waitFor("Vault to answer", () => false, { deadlineMs: 20, intervalMs: 1 })).rejects.toThrow(
      "Timed out after 0.02 s waiting for Vault to answer.",
    );
  });

  it("continues after an error, and quotes the last one", async () => {
    const refuse = () => Promise.reject(new Error("connection refused"));
    await expect(waitFor("MySQL", refuse, { deadlineMs: 20, intervalMs: 1 })).rejects.toThrow(
      "for MySQL; last: connection refused",
    );
  });

  it("keeps its deadline when the condition hangs", async () => {
    await expect(waitFor("ever", () => new Promise(() => {}), { deadlineMs: 20 })).rejects.toThrow(
      "for ever",
    );
  });

  it("ends at once when waiting becomes pointless", async () => {
    const abort = Promise.reject(new Error("the program ended"));
    const started = performance.now();
    await expect(waitFor("ever", () => false, { deadlineMs: 60_000, abort })).rejects.toThrow(
      "the program ended",
    );
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
