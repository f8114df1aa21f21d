import { GlobalSuffix } from "../../../constructs/azure/global-suffix";
import { synthesizeConstructs } from "../../synthesis";

describe("GlobalSuffix", () => {
  it("is six lower-case letters and digits, which every Azure name accepts", () => {
    const stack = synthesizeConstructs((scope) => new GlobalSuffix(scope, "name"));
    expect(stack.only("random_string").attributes).toEqual({ length: 6, upper: false, special: false });
  });
});
