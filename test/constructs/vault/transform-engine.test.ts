import { TransformEngine } from "../../../constructs/vault/transform-engine";
import { synthesizeConstructs } from "../../synthesis";

describe("TransformEngine", () => {
  const stack = synthesizeConstructs((scope) => new TransformEngine(scope, "transform", { protect: true }));
  const mount = stack.only("vault_mount");

  it("encrypts social security numbers in their own format, with a tweak that the application does not store", () => {
    expect(stack.only("vault_transform_transformation", "social-security-number").attributes).toEqual({
      path: mount.ref("path"),
      name: "social-security-number",
      type: "fpe",
      template: "builtin/socialsecuritynumber",
      tweak_source: "internal",
      allowed_roles: ["customer"],
      deletion_allowed: false,
    });
  });

  it("masks card numbers permanently", () => {
    expect(stack.only("vault_transform_transformation", "card-number").attributes).toEqual({
      path: mount.ref("path"),
      name: "card-number",
      type: "masking",
      template: "builtin/creditcardnumber",
      masking_character: "*",
      allowed_roles: ["customer"],
      deletion_allowed: false,
    });
  });

  it("has one role, for these two", () => {
    const names = ["social-security-number", "card-number"].map((name) =>
      stack.only("vault_transform_transformation", name).ref("name"),
    );
    expect(stack.only("vault_transform_role").attributes).toEqual({
      path: mount.ref("path"),
      name: "customer",
      transformations: names,
    });
  });

  it("allows the deletion of its transformations if data need no protection", () => {
    const unprotected = synthesizeConstructs(
      (scope) => new TransformEngine(scope, "transform", { protect: false }),
    );
    for (const transformation of ["social-security-number", "card-number"]) {
      expect(unprotected.only("vault_transform_transformation", transformation).attributes).toMatchObject({
        deletion_allowed: true,
      });
    }
  });
});
