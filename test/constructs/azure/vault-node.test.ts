import { VaultNode, type VaultNodeProps } from "../../../constructs/azure/vault-node";
import { synthesizeConstructs } from "../../synthesis";

const props: VaultNodeProps = {
  environment: "demo",
  name: "vault-1",
  resourceGroup: "rg",
  location: "westeurope",
  subnetId: "/subnet",
  size: "Standard_D2s_v3",
  ubuntu: "24.04",
  zone: "1",
  osDiskGb: 64,
  encryptionAtHost: false,
  sshPublicKey: "ssh-rsa AAAA",
  sshAdministrators: [],
  cloudConfig: () => "#cloud-config\n{}\n",
  dataDiskGb: 32,
  userAssignedIdentities: ["/vault"],
  reads: { roleId: "/reader", resourceGroupId: "/rg" },
  protect: true,
};

function stackOf(changes: Partial<VaultNodeProps> = {}) {
  return synthesizeConstructs((scope) => new VaultNode(scope, "node", { ...props, ...changes }));
}

describe("VaultNode", () => {
  it("stores Vault's data on its own disk, which outlives the VM", () => {
    const stack = stackOf();
    const disk = stack.only("azurerm_managed_disk");
    expect(disk.attributes).toMatchObject({ disk_size_gb: 32, create_option: "Empty", zone: "1" });
    expect(stack.only("azurerm_virtual_machine_data_disk_attachment").attributes).toMatchObject({
      managed_disk_id: disk.ref("id"),
      virtual_machine_id: stack.only("azurerm_linux_virtual_machine").ref("id"),
    });
  });

  it("attaches the disk at lun 10, where the VM's units expect it, without a cache", () => {
    expect(stackOf().only("azurerm_virtual_machine_data_disk_attachment").attributes).toMatchObject({
      lun: 10,
      caching: "None",
    });
  });

  it("does not allow an export of its disk over the network", () => {
    expect(stackOf().only("azurerm_managed_disk").attributes).toMatchObject({
      network_access_policy: "DenyAll",
      public_network_access_enabled: false,
    });
  });

  it("refuses the deletion of the disk when protected, by a lock and in Terraform", () => {
    const stack = stackOf({ protect: true });
    const disk = stack.only("azurerm_managed_disk");
    expect(disk.get("lifecycle")).toEqual({ prevent_destroy: true });
    expect(stack.only("azurerm_management_lock").attributes).toMatchObject({
      scope: disk.ref("id"),
      lock_level: "CanNotDelete",
    });
  });

  it("allows the deletion of the disk when not protected", () => {
    const stack = stackOf({ protect: false });
    expect(stack.only("azurerm_managed_disk").attributes).not.toHaveProperty("lifecycle");
    expect(stack.resources("azurerm_management_lock")).toEqual([]);
  });

  it("has its own identity besides Vault's, and reads VMs with it, because IMDS gives it to Azure auth by default", () => {
    const stack = stackOf();
    const machine = stack.only("azurerm_linux_virtual_machine");
    expect(machine.get("identity")).toEqual({
      type: "SystemAssigned, UserAssigned",
      identity_ids: ["/vault"],
    });
    expect(stack.only("azurerm_role_assignment", "read-virtual-machines/assignment").attributes).toEqual({
      role_definition_id: "/reader",
      scope: "/rg",
      principal_id: machine.ref("identity[0].principal_id"),
      principal_type: "ServicePrincipal",
    });
  });
});
