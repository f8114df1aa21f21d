import { EphemeralResource } from "../../../constructs/terraform/ephemeral-resource";
import { synthesizeConstructs } from "../../synthesis";

describe("EphemeralResource", () => {
  const references: string[] = [];
  const stack = synthesizeConstructs((scope) => {
    for (const id of ["one", "two"]) {
      const resource = new EphemeralResource(scope, id, {
        type: "random_password",
        arguments: { length: 48 },
      });
      references.push(resource.attribute("result"));
    }
  });

  it("is an ephemeral block, beside others of its type", () => {
    expect(stack.json["ephemeral"]).toEqual({
      random_password: { one: { length: 48 }, two: { length: 48 } },
    });
  });

  it("is no resource, which the state would keep", () => {
    expect(stack.resources()).toEqual([]);
  });

  it("is referred to as Terraform wants", () => {
    expect(references).toEqual([
      "${ephemeral.random_password.one.result}",
      "${ephemeral.random_password.two.result}",
    ]);
  });
});
