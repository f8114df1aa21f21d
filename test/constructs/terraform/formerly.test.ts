import { StringResource } from "@cdktf/provider-random/lib/string-resource";
import { Construct } from "constructs";
import { formerly } from "../../../constructs/terraform/formerly";
import { synthesizeConstructs } from "../../synthesis";

const moved = (from: string, to: string, also?: (scope: Construct) => void) =>
  synthesizeConstructs((scope) => {
    const inner = new Construct(scope, "inner");
    also?.(inner);
    formerly(new StringResource(inner, to, { length: 1 }), from);
  });

describe("formerly", () => {
  it("names the address that the resource had under its earlier id", () => {
    const before = moved("unused", "first-0").resources("random_string")[0]?.id;
    const after = moved("first-0", "first-ada");
    expect(after.json["moved"]).toEqual([
      { from: `random_string.${before}`, to: `random_string.${after.resources("random_string")[0]?.id}` },
    ]);
  });
});
