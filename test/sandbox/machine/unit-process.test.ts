import { join } from "node:path";
import { logLine } from "../../../sandbox/machine/unit-process";

describe("A line of the service manager", () => {
  it("is lost on a full disk, and does not end the sandbox", () => {
    expect(() => logLine("/dev/full", "vault.service", "starts")).not.toThrow();
  });

  it("is not lost silently for any other reason", () => {
    expect(() => logLine(join(__dirname, "missing/log"), "vault.service", "starts")).toThrow("ENOENT");
  });
});
