import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { EvaluatedSystem } from "../../../lib/synthesized/evaluated-system";
import { createSelfSigned } from "../../../sandbox/azure/server/self-signed-certificate";
import { azurerm } from "../../../sandbox/azurerm/provider";
import { demo, deploymentOf, deploymentWith, inFolderOf, production } from "./deployments";

let pem: string;
beforeAll(async () => {
  const notAfter = new Date(Date.now() + 60_000);
  pem = (await createSelfSigned({ subject: "CN=vault", notAfter, keySize: 2048 })).certificatePem;
});
const certificatePem = () => pem;

const everything = (deployment: EvaluatedSystem) =>
  Object.fromEntries(deployment.stacks.map((stack) => [stack.name, stack.everything]));

/** Every string and name in a value. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsIn(inner)]);
}

const subscription = "/subscriptions/00000000-0000-4000-8000-a8fa7fd60893";
const group = `${subscription}/resourceGroups/rg-demo-vault`;

describe("A deployment", () => {
  it.each([
    ["demo", demo],
    ["production", production],
  ])("has no open reference in any stack of %s", (_, environment) => {
    const deployment = deploymentOf(environment, certificatePem);
    for (const [name, stack] of Object.entries(everything(deployment))) {
      expect({ name, open: textsIn(stack).filter((text) => text.includes("${")) }).toEqual({
        name,
        open: [],
      });
    }
    // The test resolved this many texts.
    expect(textsIn(everything(deployment)).length).toBeGreaterThan(1500);
  });

  it("has every stack, each after the stacks that it needs", () => {
    expect(deploymentOf(demo).stacks.map(({ name }) => name)).toEqual([
      "network",
      "vm-reader-role",
      "vault-server",
      "mysql",
      "agent-vm",
      "web-app",
      "vault-config",
    ]);
  });

  it("is the same in every run", () => {
    const run = () =>
      inFolderOf(demo, (folder) => everything(EvaluatedSystem.load(folder, azurerm(certificatePem))));
    expect(run()).toEqual(run());
  });

  it.each([
    ["azurerm_resource_group", "rg-demo-vault", group],
    [
      "azurerm_virtual_network",
      "vnet-demo-vault",
      `${group}/providers/Microsoft.Network/virtualNetworks/vnet-demo-vault`,
    ],
    [
      "azurerm_subnet",
      "snet-demo-mysql",
      `${group}/providers/Microsoft.Network/virtualNetworks/vnet-demo-vault/subnets/snet-demo-mysql`,
    ],
    [
      "azurerm_public_ip",
      "pip-demo-vault",
      `${group}/providers/Microsoft.Network/publicIPAddresses/pip-demo-vault`,
    ],
    [
      "azurerm_network_interface",
      "nic-demo-agent-1",
      `${group}/providers/Microsoft.Network/networkInterfaces/nic-demo-agent-1`,
    ],
    [
      "azurerm_private_dns_zone",
      "demo.internal",
      `${group}/providers/Microsoft.Network/privateDnsZones/demo.internal`,
    ],
    [
      "azurerm_user_assigned_identity",
      "id-demo-vault",
      `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-demo-vault`,
    ],
    [
      "azurerm_linux_virtual_machine",
      "vm-demo-vault-1",
      `${group}/providers/Microsoft.Compute/virtualMachines/vm-demo-vault-1`,
    ],
    [
      "azurerm_managed_disk",
      "disk-demo-vault-1-data",
      `${group}/providers/Microsoft.Compute/disks/disk-demo-vault-1-data`,
    ],
    ["azurerm_service_plan", "asp-demo-vault", `${group}/providers/Microsoft.Web/serverFarms/asp-demo-vault`],
    [
      "azurerm_application_insights",
      "appi-demo-vault",
      `${group}/providers/Microsoft.Insights/components/appi-demo-vault`,
    ],
    [
      "azurerm_log_analytics_workspace",
      "log-demo-vault",
      `${group}/providers/Microsoft.OperationalInsights/workspaces/log-demo-vault`,
    ],
  ])("gives %s %s Azure's id", (type, name, id) => {
    const found = deploymentOf(demo)
      .resources(type)
      .find((resource) => resource.argument("name") === name);
    expect(found?.attribute(["id"])).toBe(id);
  });

  it("gives resources with a random suffix and their contents their ids", () => {
    const deployment = deploymentOf(demo);
    const [keyVault, recovery] = deployment.resources("azurerm_key_vault");
    const name = keyVault?.argument("name");
    expect(name).toMatch(/^kv-demo-[a-z0-9]{6}$/);
    expect(keyVault?.attribute(["vault_uri"])).toBe(`https://${name}.vault.azure.net/`);
    expect(recovery?.attribute(["id"])).toMatch(
      new RegExp(
        `^${subscription}/resourceGroups/rg-demo-vault-recovery/providers/Microsoft.KeyVault/vaults/kv-demo-rec-`,
      ),
    );
    const keys = deployment
      .resources("azurerm_key_vault_key")
      .map((key) => key.attribute(["resource_versionless_id"]));
    expect(keys).toEqual(
      ["vm-admin-ssh", "vault-unseal"].map(
        (key) => `${group}/providers/Microsoft.KeyVault/vaults/${name}/keys/${key}`,
      ),
    );
    const [secret] = deployment.resources("azurerm_key_vault_secret");
    expect(secret?.attribute(["resource_versionless_id"])).toBe(
      `${group}/providers/Microsoft.KeyVault/vaults/${name}/secrets/mysql-administrator`,
    );
    const [role] = deployment.resources("azurerm_role_definition");
    expect(role?.attribute(["role_definition_resource_id"])).toMatch(
      new RegExp(
        `^${subscription}/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-4000-8000-[0-9a-f]{12}$`,
      ),
    );
  });

  it("gives each identity its own ids", () => {
    const deployment = deploymentOf(production);
    const ids = [
      ...deployment
        .resources("azurerm_user_assigned_identity")
        .flatMap((identity) => [identity.attribute(["client_id"]), identity.attribute(["principal_id"])]),
      ...["azurerm_linux_virtual_machine", "azurerm_linux_web_app"].flatMap((type) =>
        deployment
          .resources(type)
          .filter((machine) => JSON.stringify(machine.argument("identity")).includes("SystemAssigned"))
          .map((machine) => machine.attribute(["identity", 0, "principal_id"])),
      ),
    ];
    expect(ids).toHaveLength(3 * 2 + 5 + 3);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("passes a value from stack to stack", () => {
    const deployment = deploymentOf(production);
    expect(deployment.stack("vault-config").everything["provider"]).toMatchObject({
      vault: [{ address: deployment.stack("vault-server").output("vault_https_addr") }],
    });
    expect(deployment.stack("vault-config").value("${vault_mount.transit_mount_42804FD6.path}/keys")).toBe(
      "transit/keys",
    );
  });

  it("gives MySQL an address of its subnet", () => {
    expect(deploymentOf(demo).stack("mysql").output("mysql_host")).toBe("10.20.2.4");
  });

  it("gives the admin key in OpenSSH's format", () => {
    const [key] = deploymentOf(demo).resources("azurerm_key_vault_key");
    const [type, data = ""] = String(key?.attribute(["public_key_openssh"])).split(" ");
    const bytes = Buffer.from(data, "base64");
    expect(type).toBe("ssh-rsa");
    expect(bytes.subarray(0, 18).toString("latin1")).toBe("\0\0\0\x07ssh-rsa\0\0\0\x03\x01\0\x01");
    expect(bytes.readUInt32BE(18)).toBe(1 + 4096 / 8);
    expect(bytes).toHaveLength(22 + 1 + 4096 / 8);
  });

  it("passes the certificate to the web app, line for line", () => {
    const [app] = deploymentOf(demo, certificatePem).resources("azurerm_linux_web_app");
    expect(app?.argument("app_settings")).toMatchObject({ VAULT_CACERT_BYTES: pem });
  });

  it("asks for a certificate by Key Vault and name until it exists", () => {
    const asked: string[] = [];
    let made: string | undefined;
    const deployment = deploymentOf(demo, (keyVault, name) => {
      asked.push(`${keyVault} ${name}`);
      return made;
    });
    const [app] = deployment.resources("azurerm_linux_web_app");
    const [keyVault] = deployment.resources("azurerm_key_vault");
    expect(() => app?.argument("app_settings")).toThrow(
      /^Key Vault kv-demo-\w+ has not created the certificate vault-tls yet/,
    );
    made = pem;
    expect(app?.argument("app_settings")).toMatchObject({ VAULT_CACERT_BYTES: pem });
    expect(asked).toEqual(Array(2).fill(`${keyVault?.argument("name")} vault-tls`));
  });

  it("replaces ephemeral values with their source", () => {
    const deployment = deploymentOf(demo);
    const [keyVault] = deployment.resources("azurerm_key_vault");
    const [secret] = deployment.resources("azurerm_key_vault_secret");
    const [server] = deployment.resources("azurerm_mysql_flexible_server");
    expect(secret?.argument("value_wo")).toEqual({
      ephemeral: {
        type: "random_password",
        length: 48,
        special: false,
        min_lower: 1,
        min_upper: 1,
        min_numeric: 1,
      },
    });
    expect(server?.argument("administrator_password_wo")).toEqual({
      ephemeral: {
        type: "azurerm_key_vault_secret",
        keyVault: keyVault?.argument("name"),
        name: "mysql-administrator",
      },
    });
  });
});

describe("A deployment refuses to guess", () => {
  const thing = { azurerm_thing: { x: { name: "x", list: ["a"] } } };

  it.each([
    [
      "an attribute of an unknown type",
      "${azurerm_thing.x.id}",
      "network/azurerm_thing.x has no known attribute id",
    ],
    [
      "an unknown attribute",
      "${azurerm_thing.x.list[1]}",
      "network/azurerm_thing.x has no known attribute list[1]",
    ],
    ["a part of a text", "${azurerm_thing.x.name.first}", "has no known attribute name.first"],
    [
      "a missing resource",
      "${azurerm_thing.y.name}",
      "Stack network has no azurerm_thing.y.name, or sandbox/azurerm does not know its type",
    ],
    ["a whole resource", "${azurerm_thing.x}", "Stack network has no azurerm_thing.x, or"],
    [
      "an unknown data source",
      "${data.azurerm_thing.y.id}",
      "Stack network has no data.azurerm_thing.y.id, or",
    ],
    [
      "an unknown attribute of a data source",
      "${data.azurerm_subscription.s.state}",
      "data.azurerm_subscription.s.state",
    ],
    [
      "a data source of another subscription",
      "${data.azurerm_subscription.other.id}",
      "cannot look up another",
    ],
    [
      "an unknown ephemeral value",
      "${ephemeral.azurerm_thing.y.value}",
      "Stack network has no ephemeral.azurerm_thing.y.value, or",
    ],
    ["an unknown local", "${local.y}", "Stack network has no local y"],
    ["a variable", "${var.y}", "Stack network has no var.y, or"],
    ["a missing output", "${data.terraform_remote_state.self.outputs.y}", "Stack network has no output y"],
    [
      "a state that no stack keeps",
      "${data.terraform_remote_state.lost.outputs.y}",
      'keeps its state in {"path":"lost.tfstate"}',
    ],
    [
      "a value defined by itself",
      "${local.circle}",
      "Circular definition: local circle of network depends on itself",
    ],
  ])("%s", (_, template, reason) => {
    const deployment = deploymentWith({
      network: {
        resource: thing,
        locals: { circle: "${local.circle}" },
        data: {
          azurerm_subscription: { s: {}, other: { subscription_id: "x" } },
          azurerm_thing: { y: {} },
          terraform_remote_state: {
            self: { backend: "local", config: { path: "network.tfstate" } },
            lost: { backend: "local", config: { path: "lost.tfstate" } },
          },
        },
        ephemeral: { azurerm_thing: { y: {} } },
      },
    });
    expect(() => deployment.stack("network").value(template)).toThrow(reason);
  });

  it.each(["count", "for_each", "provider", "dynamic"])("a resource with %s", (name) => {
    const resource = { azurerm_thing: { x: { [name]: 2 } } };
    expect(() => deploymentWith({ network: { resource } })).toThrow(`network/azurerm_thing.x has ${name}`);
  });

  it("a random text with other settings", () => {
    const resource = { random_string: { x: { length: 6, special: true, upper: false } } };
    const deployment = deploymentWith({ network: { resource } });
    expect(() => deployment.stack("network").value("${random_string.x.result}")).toThrow(
      "network/random_string.x does not have the expected form: special:",
    );
  });

  it("a fixed private address, and a subnet that is full", () => {
    const networkInterface = (allocation: string) => ({
      ip_configuration: [{ subnet_id: "${azurerm_subnet.s.id}", private_ip_address_allocation: allocation }],
    });
    const subnet = {
      s: {
        name: "s",
        virtual_network_name: "v",
        resource_group_name: "r",
        address_prefixes: ["10.0.0.0/29"],
      },
    };
    const withInterfaces = (...allocations: string[]) =>
      deploymentWith({
        network: {
          resource: {
            azurerm_subnet: subnet,
            azurerm_network_interface: Object.fromEntries(
              allocations.map((allocation, index) => [`n${index}`, networkInterface(allocation)]),
            ),
          },
        },
      });
    const read = (deployment: EvaluatedSystem) =>
      deployment.resources("azurerm_network_interface").map((one) => one.attribute(["private_ip_address"]));
    expect(read(withInterfaces(...Array(3).fill("Dynamic")))).toEqual(["10.0.0.4", "10.0.0.5", "10.0.0.6"]);
    expect(() => read(withInterfaces(...Array(4).fill("Dynamic")))).toThrow(
      "The subnet s (10.0.0.0/29) has no free address",
    );
    expect(() => read(withInterfaces("Static"))).toThrow("private_ip_address_allocation");
  });

  it("a missing stack", () => {
    expect(() => deploymentWith({ network: {} }).stack("vault")).toThrow(
      "Stack vault does not exist. The synthesized stacks are: network.",
    );
  });

  it("a folder without synthesized stacks", () => {
    expect(() => EvaluatedSystem.load("/nowhere", azurerm())).toThrow(
      "/nowhere/manifest.json is not a stack of this project",
    );
  });

  it("a kind of block that the stacks do not have", () => {
    inFolderOf(demo, (folder) => {
      writeFileSync(
        join(folder, "stacks/mysql/cdk.tf.json"),
        JSON.stringify({ terraform: { backend: { local: {} } }, module: { m: {} } }),
      );
      expect(() => EvaluatedSystem.load(folder, azurerm())).toThrow(
        /mysql\/cdk\.tf\.json is not a stack of this project[\s\S]*"module"/,
      );
    });
  });
});
