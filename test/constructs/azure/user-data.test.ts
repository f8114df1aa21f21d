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

  it.each([
    ["a text of 65535 bytes is taken", "#".repeat(65_535), false],
    ["one byte more is refused", "#".repeat(65_536), true],
    ["characters count by their bytes", "ü".repeat(33_000), true],
    ["a reference counts by what may stand there", `${"#".repeat(65_400)}\${local.address}`, true],
  ])("knows what Azure takes: %s", (_what, given, refused) => {
    const synthesize = () => synthesizeConstructs((scope) => new UserData(scope, "data", given));
    if (refused) expect(synthesize).toThrow(/and Azure takes 65535; name fewer deployers/);
    else expect(synthesize).not.toThrow();
  });

  it("reaches Azure as base64, with what Terraform filled in", () => {
    expect(stack.outputs.get("base64")).toBe(`\${base64encode(local.${name})}`);
  });
});
