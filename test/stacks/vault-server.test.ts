import { readCloudConfig, textOf } from "../../cloud-init/cloud-config";
import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import { changed, type SynthesizedStack, sharedSystem, synthesizeSystem } from "../synthesis";
import { readable } from "./readable";

describe("stack vault-server", () => {
  it.each(["demo", "production"])("of %s", (environment) => {
    const stack = sharedSystem(loadEnvironment(environment)).get("vault-server");
    expect(stack && readable(stack)).toMatchSnapshot();
  });

  function stackOf(change: (environment: Environment) => void): SynthesizedStack {
    const stacks = synthesizeSystem(changed(loadEnvironment("demo"), change));
    return stacks.get("vault-server") as SynthesizedStack;
  }

  /** Returns the VM's variables, by name. */
  function variables(stack: SynthesizedStack): Map<string, string> {
    const [cloudConfig] = Object.values(stack.locals);
    const files = readCloudConfig(String(cloudConfig)).write_files;
    const text = files.find(({ path }) => path === "/etc/vault.d/vault.env")?.content ?? "";
    return new Map(
      text.split("\n").map((line) => [line.split("=", 1)[0] ?? "", line.slice(line.indexOf("=") + 1)]),
    );
  }

  it("tells the VM the address of its unseal key and the identity to use", () => {
    const stack = stackOf(() => {});
    const told = variables(stack);
    expect(told.get("VAULT_AZUREKEYVAULT_VAULT_NAME")).toBe(
      stack.only("azurerm_key_vault", "/key-vault/vault").ref("name"),
    );
    expect(told.get("VAULT_AZUREKEYVAULT_KEY_NAME")).toBe(
      stack.only("azurerm_key_vault_key", "unseal-key/key").ref("name"),
    );
    expect(told.get("AZURE_CLIENT_ID")).toBe(stack.only("azurerm_user_assigned_identity").ref("client_id"));
  });

  const first = "/subscriptions/99999999-9999-4999-8999-999999999999/resourceGroups/rg-first-vault/providers";

  it("tells the VM another environment's unseal key if the environment names one, and keeps its own key for later", () => {
    const stack = stackOf(({ vault }) => {
      vault.unsealKey = `${first}/Microsoft.KeyVault/vaults/kv-first-abc123/keys/first-unseal`;
    });
    const told = variables(stack);
    expect([
      told.get("VAULT_AZUREKEYVAULT_VAULT_NAME"),
      told.get("VAULT_AZUREKEYVAULT_KEY_NAME"),
      told.has("UNSEAL_KEY_MODULUS"),
    ]).toEqual(["kv-first-abc123", "first-unseal", false]);
    expect(stack.only("azurerm_key_vault_key", "unseal-key/key").get("name")).toBe("vault-unseal");
  });

  it("lets Vault read another environment's snapshots only while a restore from there is asked for", () => {
    const from = `${first}/Microsoft.Storage/storageAccounts/stfirstsnapabc123`;
    const asked = stackOf((environment) => {
      const restore = { time: "20261126T030000Z", snapshot: "newest", kind: "restore", from } as const;
      Object.assign(environment, { restore });
    });
    expect(variables(asked).get("RESTORE_FROM")).toBe("stfirstsnapabc123");
    expect(asked.only("azurerm_role_assignment", "other-snapshots/reader").attributes).toMatchObject({
      scope: `${from}/blobServices/default/containers/snapshots`,
      role_definition_name: "Storage Blob Data Reader",
      principal_id: asked.only("azurerm_user_assigned_identity").ref("principal_id"),
    });
    const usual = stackOf(() => {});
    expect(variables(usual).has("RESTORE_FROM")).toBe(false);
    expect(JSON.stringify(usual.resources("azurerm_role_assignment"))).not.toContain("other-snapshots");
  });

  it.each([
    ["Standard_D2s_v5", undefined, "/dev/disk/azure/scsi1/lun10"],
    ["Standard_D2s_v6", "NVMe", "/dev/disk/azure/nvme/lun10"],
  ])("tells a VM of size %s the path of its data disk", (size, controller, path) => {
    const stack = stackOf(({ vault }) => {
      vault.vmSize = size;
    });
    expect(stack.only("azurerm_linux_virtual_machine").attributes["disk_controller_type"]).toBe(controller);
    const [cloudConfig] = Object.values(stack.locals);
    const mount = readCloudConfig(String(cloudConfig)).write_files.find((file) =>
      file.path.endsWith("/var-lib-vault.mount"),
    );
    expect(mount && textOf(mount)).toContain(`What=${path}\n`);
    expect(stack.only("azurerm_virtual_machine_data_disk_attachment").get("lun")).toBe(10);
  });

  it("tells the VM which deployers' tokens to accept if the environment names an app registration", () => {
    const told = variables(
      stackOf((environment) => {
        const clientId = "ABCDEF55-5555-4555-8555-555555555555";
        environment.deployerLogin = { clientId, appRole: "Vault.Deploy" };
      }),
    );
    expect([told.get("DEPLOYER_AUDIENCE"), told.get("DEPLOYER_APP_ROLE")]).toEqual([
      "api://abcdef55-5555-4555-8555-555555555555",
      "Vault.Deploy",
    ]);
  });

  it("keeps the recovery keys in a separate Key Vault and resource group", () => {
    const stack = stackOf(() => {});
    const group = stack.only("azurerm_resource_group", "recovery-resource-group");
    expect(stack.only("azurerm_key_vault", "recovery-key-vault/vault").get("resource_group_name")).toBe(
      group.ref("name"),
    );
    expect(stack.only("azurerm_key_vault", "/key-vault/vault").get("resource_group_name")).not.toBe(
      group.ref("name"),
    );
  });

  it("admits the deployers of the environment file, or the signed-in user", () => {
    expect(variables(stackOf(() => {})).get("DEPLOYER_OBJECT_IDS")).toBe(
      "${data.azurerm_client_config.deployer.object_id}",
    );
    const named = stackOf(({ deployers }) => {
      deployers.splice(0, 1, {
        name: "Pipeline",
        objectId: "11111111-1111-4111-8111-111111111111",
        type: "User",
      });
    });
    expect(variables(named).get("DEPLOYER_OBJECT_IDS")).toBe("11111111-1111-4111-8111-111111111111");
  });

  it("admits recovery key readers who log in with a token, which excludes groups", () => {
    const [jo, group] = ["22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"];
    const stack = stackOf(({ recoveryKeyReaders }) => {
      recoveryKeyReaders.push({ name: "Jo", objectId: jo, type: "User" });
      recoveryKeyReaders.push({ name: "Officers", objectId: group, type: "Group" });
    });
    expect(variables(stack).get("RECOVERY_KEY_READER_OBJECT_IDS")).toBe(jo);
  });

  it("has a public address and its name in the certificate only if requested", () => {
    const open = stackOf(({ vault }) => {
      vault.publicAddress = true;
    });
    const shut = stackOf(({ vault }) => {
      vault.publicAddress = false;
    });
    const names = (stack: SynthesizedStack) =>
      /"dns_names":(\[[^\]]*\])/.exec(
        JSON.stringify(stack.only("azurerm_key_vault_certificate").attributes),
      )?.[1];
    expect(open.resources("azurerm_public_ip")).toHaveLength(1);
    expect(names(open)).toContain("cloudapp.azure.com");
    expect(open.outputs.get("vault_https_addr")).toContain("cloudapp.azure.com:8200");
    expect(shut.resources("azurerm_public_ip")).toEqual([]);
    expect(names(shut)).toBe('["vault.demo.internal"]');
    expect(shut.outputs.get("vault_https_addr")).toBe("https://vault.demo.internal:8200");
  });

  it.each([
    ["enterprise", 1],
    ["community", 0],
  ] as const)("in the edition %s lets Vault read %i licences", (edition, count) => {
    const stack = stackOf(({ vault }) => {
      vault.edition = edition;
    });
    const licences = stack
      .resources("azurerm_role_assignment")
      .filter(({ path }) => path.includes("/license/"));
    expect(licences).toHaveLength(count);
    expect(variables(stack).has("LICENSE_SECRET_URL")).toBe(count === 1);
  });

  it.each([
    ["premium", "RSA-HSM"],
    ["standard", "RSA"],
  ] as const)("in a %s Key Vault has an unseal key of the type %s", (sku, type) => {
    const stack = stackOf(({ vault }) => {
      vault.keyVaultSku = sku;
    });
    expect(stack.only("azurerm_key_vault_key", "unseal-key/key").get("key_type")).toBe(type);
  });

  it.each([true, false])("protects the resources with data when protectData is %s", (protectData) => {
    const stack = stackOf((environment) => {
      environment.protectData = protectData;
    });
    const kept = stack.resources().filter(({ attributes }) => "lifecycle" in attributes);
    const paths = kept.filter((one) => JSON.stringify(one.get("lifecycle")).includes("prevent_destroy"));
    expect(paths.map(({ path }) => path).sort()).toEqual(
      protectData
        ? [
            "vault-server/key-vault/vault",
            "vault-server/node-1/data-disk",
            "vault-server/recovery-key-vault/vault",
            "vault-server/snapshots/account",
            "vault-server/unseal-key/key",
          ]
        : [],
    );
    expect(stack.resources("azurerm_management_lock")).toHaveLength(protectData ? 1 : 0);
  });
});
