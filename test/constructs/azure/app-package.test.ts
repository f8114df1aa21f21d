import { createHash } from "node:crypto";
import { unzipSync } from "fflate";
import { AppPackage } from "../../../constructs/azure/app-package";
import { synthesizeConstructs } from "../../synthesis";

function make() {
  let made: AppPackage | undefined;
  const stack = synthesizeConstructs((scope) => {
    made = new AppPackage(scope, "package");
  });
  return { made: made as unknown as AppPackage, zip: stack.assets.get("assets/app.zip") as Buffer };
}

describe("AppPackage", () => {
  const { made, zip } = make();

  it("is beside the stack's JSON, where Terraform finds it", () => {
    expect(made.path).toBe("assets/app.zip");
    expect(zip).toBeDefined();
  });

  it("has a hash", () => {
    expect(made.hash).toBe(createHash("sha256").update(zip).digest("hex"));
  });

  it("contains the program that App Service starts and the command that rewraps", () => {
    expect(Object.keys(unzipSync(zip)).sort()).toEqual(["rewrap.js", "server.js"]);
  });

  it("has the same bytes after another build", () => {
    expect(make().zip.equals(zip)).toBe(true);
  });
});
