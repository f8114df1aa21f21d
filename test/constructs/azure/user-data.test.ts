import { createHash } from "node:crypto";
import { UserData } from "../../../constructs/azure/user-data";
import { synthesizeConstructs } from "../../synthesis";

describe("UserData", () => {
  const stack = synthesizeConstructs((scope) => {
    scope.addOverride("output.base64.value", new UserData(scope, "data", "#cloud-config\n{}\n").base64);
  });
  const [name, text] = Object.entries(stack.locals)[0] ?? [];

  it("is readable as text in the synthesized JSON", () => {
    expect(text).toBe("#cloud-config\n{}\n");
  });

  /** Returns text that gzip compresses to about three quarters. */
  const noise = (bytes: number) =>
    createHash("shake256", { outputLength: bytes }).update("").digest("base64").slice(0, bytes);

  it.each([
    ["the compressed size counts", "#".repeat(1_000_000), false],
    ["80000 bytes that compress badly are accepted", noise(80_000), false],
    ["100000 such bytes are refused", noise(100_000), true],
    [
      "a reference counts with its longest possible value",
      `${noise(80_000)}${"${local.address}".repeat(20)}`,
      true,
    ],
  ])("checks Azure's limit: %s", (_what, given, refused) => {
    const synthesize = () => synthesizeConstructs((scope) => new UserData(scope, "data", given));
    if (refused) expect(synthesize).toThrow(/Azure accepts 65535\. Name fewer deployers/);
    else expect(synthesize).not.toThrow();
  });

  it("reaches Azure compressed, as base64, with Terraform's values filled in", () => {
    expect(stack.outputs.get("base64")).toBe(`\${base64gzip(local.${name})}`);
  });
});
