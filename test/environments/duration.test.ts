import { seconds } from "../../environments/duration";

describe("A duration of the environment file", () => {
  it.each([
    ["90s", 90],
    ["3m", 180],
    ["768h", 2_764_800],
    ["32d", 2_764_800],
  ])("%s is %i seconds for Terraform", (duration, expected) => {
    expect(seconds(duration)).toBe(expected);
  });

  it("without a unit is not a number, so it never counts as a limit", () => {
    expect(seconds("180")).toBeNaN();
  });
});
