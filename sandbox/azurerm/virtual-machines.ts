import { gunzipSync } from "node:zlib";
import { z } from "zod";
import type { EvaluatedSystem, Resource } from "../../lib/synthesized/evaluated-system";
import { privateAddress, subnetOf } from "./private-addresses";

/** A VM at its start. */
export interface BootingMachine {
  /** The name in Azure: `vm-demo-vault-1`. */
  name: string;
  /** The VM's stack: `vault-server`. */
  stack: string;
  subnet: { name: string; cidr: string };
  privateAddress: string;
  /** The user data that IMDS returns to cloud-init, decoded and decompressed: `#cloud-config` and YAML. */
  cloudConfig: string;
}

/** Returns every VM, in deployment order. */
export function virtualMachines(deployment: EvaluatedSystem): BootingMachine[] {
  return deployment.resources("azurerm_linux_virtual_machine").map((machine) => {
    const { name, user_data } = machine.read({ name: z.string(), user_data: z.base64() });
    const networkInterface = networkInterfaceOf(machine);
    const subnet = subnetOf(networkInterface).read({
      name: z.string(),
      address_prefixes: z.tuple([z.string()]),
    });
    return {
      name,
      stack: machine.stack.name,
      subnet: { name: subnet.name, cidr: subnet.address_prefixes[0] },
      privateAddress: privateAddress(networkInterface),
      cloudConfig: gunzipSync(Buffer.from(user_data, "base64")).toString("utf8"),
    };
  });
}

/** Returns a VM's only network interface. */
export function networkInterfaceOf(machine: Resource): Resource {
  const { network_interface_ids } = machine.read({ network_interface_ids: z.tuple([z.string()]) });
  return machine.stack.deployment.resourceWithId("azurerm_network_interface", network_interface_ids[0]);
}
