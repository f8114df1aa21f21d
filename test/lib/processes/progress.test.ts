import { waitFor } from "../../../lib/processes/wait-for";
import { capturedProgress } from "./captured-progress";

describe("Progress", () => {
  it("writes one line per step, with its time", async () => {
    const { progress, text } = capturedProgress();
    await expect(progress.step("Starting Vault", async () => 42)).resolves.toBe(42);
    expect(text()).toMatch(/^Starting Vault … done in \d+\.\d s\n$/);
  });

  it("reports that a step failed, and why", async () => {
    const { progress, text } = capturedProgress();
    await expect(progress.step("Starting Vault", () => Promise.reject(new Error("no key")))).rejects.toThrow(
      "no key",
    );
    expect(text()).toMatch(/^Starting Vault … failed after \d+\.\d s: no key\n$/);
  });

  it("writes heartbeat lines when no terminal shows the step", async () => {
    const { progress, text } = capturedProgress({ heartbeatMs: 5 });
    await progress.step("Building", async (report) => {
      report("12 packages");
      await waitFor("a sign of life", () => text().includes("so far: 12 packages\n"), { deadlineMs: 5000 });
    });
  });

  it("has no colours in a file", async () => {
    const { progress, text } = capturedProgress();
    await progress.step("Building", async (report) => report("50 %"));
    expect(text()).not.toContain("\x1b");
  });

  it("has colours on a terminal, and shows the step while it runs", async () => {
    const { progress, text } = capturedProgress({ isTTY: true });
    await progress.step("Building", async (report) => report("50 %"));
    expect(text()).toMatch(/Building … 0\.0 s 50 %/);
    expect(text()).toContain("\x1b[32mdone\x1b[0m");
  });

  it("has no colours when NO_COLOR is set", async () => {
    const { progress, text } = capturedProgress({ isTTY: true, env: { NO_COLOR: "1" } });
    await progress.step("Building", async () => {});
    expect(text()).not.toContain("\x1b[32m");
  });
});
