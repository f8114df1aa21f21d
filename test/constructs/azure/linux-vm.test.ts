import { LinuxVm, type LinuxVmProps } from "../../../constructs/azure/linux-vm";
import { synthesizeConstructs } from "../../synthesis";

const props: LinuxVmProps = {
  environment: "demo",
  name: "agent-1",
  resourceGroup: "rg",
  location: "westeurope",
  subnetId: "/subnet",
  size: "Standard_D2s_v3",
  ubuntu: "24.04",
  osDiskGb: 64,
  encryptionAtHost: false,
  sshPublicKey: "ssh-rsa AAAA",
  sshAdministrators: [],
  cloudConfig: () => "#cloud-config\n{}\n",
};

function stackOf(changes: Partial<LinuxVmProps> = {}) {
  return synthesizeConstructs((scope) => new LinuxVm(scope, "vm", { ...props, ...changes }));
}

function machineOf(changes: Partial<LinuxVmProps> = {}) {
  return stackOf(changes).only("azurerm_linux_virtual_machine");
}

describe("LinuxVm", () => {
  it("accepts no password, only a key whose private half nobody has", () => {
    const machine = machineOf();
    expect(machine.attributes).toMatchObject({
      disable_password_authentication: true,
      admin_ssh_key: [{ username: "azureuser", public_key: "ssh-rsa AAAA" }],
    });
    expect(machine.attributes).not.toHaveProperty("admin_password");
  });

  it("uses trusted launch: secure boot and a virtual TPM", () => {
    expect(machineOf().attributes).toMatchObject({ secure_boot_enabled: true, vtpm_enabled: true });
  });

  it.each([true, false])("uses the environment's setting for encryption at host: %s", (encryptionAtHost) => {
    expect(machineOf({ encryptionAtHost }).get("encryption_at_host_enabled")).toBe(encryptionAtHost);
  });

  it.each(["Standard_D2s_v6", "Standard_E4-2ads_v7"])("has NVMe disks as a %s", (size) => {
    expect(machineOf({ size }).get("disk_controller_type")).toBe("NVMe");
  });

  it.each(["Standard_D2s_v5", "Standard_B2ms"])("lets Azure choose SCSI disks for a %s", (size) => {
    expect(machineOf({ size }).attributes).not.toHaveProperty("disk_controller_type");
  });

  it("is replaced when its new size has another kind of disk", () => {
    const trigger = (size: string) => stackOf({ size }).only("terraform_data").get("triggers_replace");
    expect(trigger("Standard_D2s_v3")).toEqual(trigger("Standard_D4s_v5"));
    expect(trigger("Standard_D2s_v5")).not.toEqual(trigger("Standard_D2s_v6"));
    const { id } = stackOf().only("terraform_data");
    expect(machineOf().get("lifecycle")).toMatchObject({ replace_triggered_by: [`terraform_data.${id}`] });
  });

  it("is Ubuntu's LTS, and a newer image does not replace it", () => {
    expect(machineOf().attributes).toMatchObject({
      source_image_reference: { publisher: "Canonical", offer: "ubuntu-24_04-lts", sku: "server" },
      lifecycle: { ignore_changes: ["source_image_reference"] },
    });
  });

  it("uses the environment's Ubuntu", () => {
    expect(machineOf({ ubuntu: "26.04" }).get("source_image_reference")).toEqual({
      publisher: "Canonical",
      offer: "ubuntu-26_04-lts",
      sku: "server",
      version: "latest",
    });
  });

  it("stores its boot diagnostics with Azure, so it needs no storage account and no account key", () => {
    expect(machineOf().get("boot_diagnostics")).toEqual({});
  });

  it("has its own identity when it gets none", () => {
    expect(machineOf().get("identity")).toEqual({ type: "SystemAssigned" });
  });

  it("has its own identity besides the identities that it gets", () => {
    expect(machineOf({ userAssignedIdentities: ["/vault"] }).get("identity")).toEqual({
      type: "SystemAssigned, UserAssigned",
      identity_ids: ["/vault"],
    });
  });

  it("has no extension for log-ins if nobody may log in", () => {
    expect(stackOf().resources("azurerm_virtual_machine_extension")).toEqual([]);
  });

  it("gets user data, which can change in place, and no custom data, which would replace it", () => {
    const machine = machineOf();
    expect(machine.get("user_data")).toMatch(/^\$\{base64gzip\(local\.[\w-]+\)\}$/);
    expect(machine.attributes).not.toHaveProperty("custom_data");
  });

  it("has a public address only if it gets one", () => {
    const [configuration] = stackOf().only("azurerm_network_interface").get("ip_configuration") as object[];
    expect(configuration).toEqual({
      name: "primary",
      private_ip_address_allocation: "Dynamic",
      subnet_id: "/subnet",
    });
    const open = stackOf({ publicIpAddressId: "/address" }).only("azurerm_network_interface");
    expect(open.get("ip_configuration")).toMatchObject([{ public_ip_address_id: "/address" }]);
  });

  it("has a name with its environment and role", () => {
    expect(machineOf().get("name")).toBe("vm-demo-agent-1");
  });

  it("has a disk with the environment's size and zone", () => {
    expect(machineOf({ osDiskGb: 128, zone: "2" }).attributes).toMatchObject({
      zone: "2",
      os_disk: { disk_size_gb: 128, storage_account_type: "Premium_LRS" },
    });
  });
});
