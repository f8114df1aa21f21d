import "./in-this-process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { strangersIn } from "../../../scripts/deployment/adoption";
import { knownTerraformCause } from "../../../scripts/deployment/terraform-failure";
import { DeploymentScene } from "./deployment-scene";

jest.setTimeout(120_000);
const scene = DeploymentScene.use();

const group = "/subscriptions/55555555-5555-4555-8555-555555555555/resourceGroups/rg-demo-vault";

/** Output in the format of Terraform and cdktf. */
const exists = (id: string, address: string): string => `
╷
│ Error: a resource with the ID "${id}" already
│ exists - to be managed via Terraform this resource needs to be imported into
│ the State. Please see the resource documentation for more information.
│
│   with ${address} (the/construct),
│   on cdk.tf.json line 218, in resource.x:
╵
`;

describe("A resource that exists in Azure but not in the state", () => {
  it("is reported with address and id, from Azure and from Vault", () => {
    const vault =
      "Error: error writing to Vault: * path is already in use at jwt/\n\n  with vault_jwt_auth_backend.jwt,\n";
    expect(strangersIn(exists(group, "azurerm_resource_group.group") + vault)).toEqual([
      { address: "azurerm_resource_group.group", id: group },
      { address: "vault_jwt_auth_backend.jwt", id: "jwt" },
    ]);
  });

  it("is reported with the path of an audit device, which Vault's message does not have", () => {
    const refusal =
      "Error: error enabling audit backend: Error making API request.\n\nURL: PUT https://vault.example:8200/v1/sys/audit/file\nCode: 400. Errors:\n\n* path already in use: invalid configuration\n\n  with vault_audit.audit_file,\n";
    expect(strangersIn(refusal)).toEqual([{ address: "vault_audit.audit_file", id: "file" }]);
    // The device is a new one, and writes into a file of another device. An import would find nothing.
    expect(strangersIn(refusal.replace("* path", "* file_path"))).toBeUndefined();
  });

  it("is reported without an id if Azure returns none", () => {
    const refusal =
      "Error: unexpected status 409 with error: RoleAssignmentExists: The role assignment already exists.\n with azurerm_role_assignment.one (a/b),";
    expect(strangersIn(refusal)).toEqual([{ address: "azurerm_role_assignment.one", id: undefined }]);
  });

  it("is not reported if something else also went wrong", () => {
    expect(strangersIn("Apply complete!")).toBeUndefined();
    const other = "Error: SkuNotAvailable\n  with azurerm_linux_virtual_machine.machine,\n";
    expect(strangersIn(exists(group, "azurerm_resource_group.group") + other)).toBeUndefined();
  });
});

it.each([
  ["auth/jwt", "vault auth disable jwt"],
  ["mounts/transit", "vault secrets disable transit"],
])("A refusal of sys/%s names `%s`", (path, command) => {
  const refusal = `Error: error writing to Vault: Error making API request.\n\nURL: POST https://vault.example:8200/v1/sys/${path}\nCode: 400. Errors:\n\n* path is already in use at ${path.split("/")[1]}/\n`;
  expect(knownTerraformCause({ environment: "demo", stack: "vault-config" }, refusal)).toContain(
    `run \`${command}\``,
  );
});

describe("scripts/deploy after a run that was killed", () => {
  /** The output of two runs. The first one finds an existing resource group. */
  const meetGroup = () => {
    scene.imitations.answer("az/group-exists", true);
    scene.imitations.fail("terraform/apply-network", exists(group, "azurerm_resource_group.group"));
  };
  const killed = () => {
    const folder = join(scene.project.folder, "node_modules/.cache/vault-on-azure/unfinished/demo");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "network"), "");
  };

  it("imports the resources that the killed run created, and continues", async () => {
    meetGroup();
    killed();
    const { code, stderr } = await scene.run("deploy", ["--stack", "network"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining("imports azurerm_resource_group.group, which exists already"),
    });
    expect(scene.imitations.note("imports")).toBe(`network azurerm_resource_group.group ${group}\n`);
    // The import is over, so every later resource belongs to somebody else.
    scene.imitations.answer("state/network", "");
    meetGroup();
    expect((await scene.run("deploy", ["--stack", "network"])).stderr).toContain(
      "exists already, but not in the state",
    );
  });

  it("does not import existing resources if no run was killed", async () => {
    meetGroup();
    const { code, stderr } = await scene.run("deploy", ["--stack", "network"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("exists already, but not in the state"),
    });
    expect(scene.imitations.note("imports")).toBe("");
  });
});
