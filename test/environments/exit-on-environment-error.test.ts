import { EnvironmentError } from "../../environments/environment-error";
import { exitOnEnvironmentError } from "../../environments/exit-on-environment-error";

describe("A program's main function", () => {
  afterEach(() => {
    jest.restoreAllMocks();
    process.exitCode = 0;
  });

  it("ends with the sentences of an unusable environment and exit code 1", () => {
    const printed = jest.spyOn(console, "error").mockReturnValue();
    exitOnEnvironmentError(() => {
      throw new EnvironmentError("environments/demo.json", ["name: is missing.", "vault: is null."]);
    });
    expect(printed.mock.calls).toEqual([
      ["environments/demo.json cannot be used:\n  - name: is missing.\n  - vault: is null."],
    ]);
    expect(process.exitCode).toBe(1);
  });

  it("keeps every other error", () => {
    const other = new Error("other");
    expect(() =>
      exitOnEnvironmentError(() => {
        throw other;
      }),
    ).toThrow(other);
    expect(process.exitCode).not.toBe(1);
  });

  it("runs, and ends well", () => {
    const main = jest.fn();
    exitOnEnvironmentError(main);
    expect(main).toHaveBeenCalledTimes(1);
    expect(process.exitCode).not.toBe(1);
  });

  it("fails with an error that names its kind in a stack trace", () => {
    expect(String(new EnvironmentError("f", ["a"]))).toMatch(/^EnvironmentError: f cannot be used:/);
  });
});
