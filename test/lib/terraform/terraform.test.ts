import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findTerraform, terraformEnvironment } from "../../../lib/terraform/terraform-program";
import { providersInstallable } from "../../../lib/terraform/terraform-providers";
import { describeUnless } from "../../sandbox/programs-there";
import { standIn } from "../processes/stand-in";
import { temporaryFolder } from "../processes/temporary-folder";

jest.setTimeout(150_000); // a provider may be downloaded

const folder = temporaryFolder();
const env = (): NodeJS.ProcessEnv => ({ PATH: `${folder.path}:/usr/bin:/bin` });
const terraform = (version: string): string =>
  standIn(folder.path, "terraform", `printf '{\\n  "terraform_version": "${version}"\\n}\\n'`);

describe("findTerraform", () => {
  it("requires a Terraform with write-only arguments", async () => {
    const path = terraform("1.11.4");
    expect(await findTerraform(env())).toEqual({ path, version: "1.11.4" });
    terraform("1.10.5");
    await expect(findTerraform(env())).rejects.toThrow(
      /is Terraform 1\.10\.5, too old .*\. Install Terraform 1\.11\.0/,
    );
  });

  it("says how to install Terraform if it is missing", async () => {
    await expect(findTerraform({ PATH: folder.path })).rejects.toThrow(
      /^Terraform is not on PATH\. Install .*https:/,
    );
  });
});

describe("terraformEnvironment", () => {
  it("drops TF_CLI_CONFIG_FILE only if that file is missing", () => {
    const file = join(folder.path, "terraformrc");
    expect(terraformEnvironment({ TF_CLI_CONFIG_FILE: file })).not.toHaveProperty("TF_CLI_CONFIG_FILE");
    writeFileSync(file, "");
    expect(terraformEnvironment({ TF_CLI_CONFIG_FILE: file })).toMatchObject({ TF_CLI_CONFIG_FILE: file });
  });
});

describe("providersInstallable", () => {
  it("quotes Terraform's own reason", async () => {
    const path = standIn(
      folder.path,
      "terraform",
      "printf '\\n│ Error: Failed to query\\n│ \\n│ no route to host\\n╵\\n'; exit 1",
    );
    expect(await providersInstallable({ path, version: "1.11.4" }, { "hashicorp/vault": "~> 5.6" })).toEqual({
      installable: false,
      reason: "Error: Failed to query no route to host",
    });
  });

  it("returns no when Terraform exceeds the deadline", async () => {
    const path = standIn(folder.path, "terraform", "sleep 60");
    const answer = await providersInstallable({ path, version: "1.11.4" }, {}, { deadlineMs: 100 });
    expect(answer).toMatchObject({
      installable: false,
      reason: expect.stringContaining("did not end within 0.1 s, so it was stopped"),
    });
  });

  it("leaves no folder behind", async () => {
    const path = standIn(folder.path, "terraform", "exit 0");
    const before = readdirSync(tmpdir()).filter((it) => it.startsWith("vault-on-azure-providers-"));
    expect(await providersInstallable({ path, version: "1.11.4" }, {})).toEqual({ installable: true });
    expect(readdirSync(tmpdir()).filter((it) => it.startsWith("vault-on-azure-providers-"))).toEqual(before);
  });
});

describeUnless(
  terraformIsThere() ? undefined : "Terraform is not on PATH; install it.",
  "Real Terraform",
  () => {
    it("cannot install a provider that does not exist", async () => {
      const answer = await providersInstallable(await findTerraform(), {
        "hashicorp/no-such-provider": "1.0.0",
      });
      expect(answer).toMatchObject({
        installable: false,
        reason: expect.stringMatching(/^Error: .*no-such-provider/),
      });
    });
  },
);

function terraformIsThere(): boolean {
  try {
    execFileSync("terraform", ["version"], { stdio: "ignore", env: terraformEnvironment() });
    return true;
  } catch {
    return false;
  }
}
