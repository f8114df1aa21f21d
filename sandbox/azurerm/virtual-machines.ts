import { gunzipSync } from "node:zlib";
import { z } from "zod";
import type { Deployment, Resource } from "../../lib/synthesized/deployment";
import { privateAddress, subnetOf } from "./private-addresses";

/** A VM as it starts. */
export interface BootingMachine {
  /** In Azure: `vm-demo-vault-1`. */
  name: string;
  /** The stack that it is part of: `vault-server`. */
  stack: string;
  subnet: { name: string; cidr: string };
  privateAddress: string;
  /** User data as IMDS hands it to cloud-init, decoded and decompressed: `#cloud-config` and YAML. */
  cloudConfig: string;
}

/** Every VM of the deployment, in the order of deployment. */
export function virtualMachines(deployment: Deployment): BootingMachine[] {
  return deployment.resources("azurerm_linux_virtual_machine").map((machine) => {
    const { name, user_data } = machine.read(z.object({ name: z.string(), user_data: z.base64() }));
    const networkInterface = networkInterfaceOf(machine);
    const subnet = subnetOf(networkInterface).read(
      z.object({ name: z.string(), address_prefixes: z.tuple([z.string()]) }),
    );
    return {
      name,
      stack: machine.stack.name,
      subnet: { name: subnet.name, cidr: subnet.address_prefixes[0] },
      privateAddress: privateAddress(networkInterface),
      cloudConfig: gunzipSync(Buffer.from(user_data, "base64")).toString("utf8"),
    };
  });
}

/** The only network interface of a VM. */
export function networkInterfaceOf(machine: Resource): Resource {
  const { network_interface_ids } = machine.read(z.object({ network_interface_ids: z.tuple([z.string()]) }));
  return machine.stack.deployment.resourceWithId("azurerm_network_interface", network_interface_ids[0]);
}
