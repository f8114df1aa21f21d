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

  it("is an ephemeral block, next to others of its type", () => {
    expect(stack.json["ephemeral"]).toEqual({
      random_password: { one: { length: 48 }, two: { length: 48 } },
    });
  });

  it("is not a resource, which the state would contain", () => {
    expect(stack.resources()).toEqual([]);
  });

  it("has references in Terraform's spelling", () => {
    expect(references).toEqual([
      "${ephemeral.random_password.one.result}",
      "${ephemeral.random_password.two.result}",
    ]);
  });
});
