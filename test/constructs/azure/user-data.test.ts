import { UserData } from "../../../constructs/azure/user-data";
import { synthesizeConstructs } from "../../synthesis";

describe("UserData", () => {
  const stack = synthesizeConstructs((scope) => {
    scope.addOverride("output.base64.value", new UserData(scope, "data", "#cloud-config\n{}\n").base64);
  });
  const [name, text] = Object.entries(stack.locals)[0] ?? [];

  it("can be read as text in the synthesized JSON", () => {
    expect(text).toBe("#cloud-config\n{}\n");
  });

  it("reaches Azure compressed, as base64, with what Terraform filled in", () => {
    expect(stack.outputs.get("base64")).toBe(`\${base64gzip(local.${name})}`);
  });
});
