import {
  PrivateEndpoint,
  type PrivateEndpointProps,
} from "../../../../constructs/azure/network/private-endpoint";
import { synthesizeConstructs } from "../../../synthesis";

const props: PrivateEndpointProps = {
  of: "kv-demo-abc123",
  resourceGroup: "rg",
  location: "westeurope",
  resourceId: "/vaults/kv-demo-abc123",
  subresource: "vault",
  network: {
    subnetId: "/subnets/private-endpoints",
    zoneIds: { vault: "/zones/vault", blob: "/zones/blob" },
  },
};

describe("PrivateEndpoint", () => {
  it.each(["vault", "blob"] as const)(
    "gives the part %s of the service an address, and its name this address",
    (subresource) => {
      const stack = synthesizeConstructs(
        (scope) => new PrivateEndpoint(scope, "endpoint", { ...props, subresource }),
      );
      expect(stack.only("azurerm_private_endpoint").attributes).toEqual({
        name: "pep-kv-demo-abc123",
        resource_group_name: "rg",
        location: "westeurope",
        subnet_id: "/subnets/private-endpoints",
        private_service_connection: {
          name: "pep-kv-demo-abc123",
          private_connection_resource_id: "/vaults/kv-demo-abc123",
          subresource_names: [subresource],
          // Azure approves the connection at once, because the deployer may change the service.
          is_manual_connection: false,
        },
        private_dns_zone_group: { name: "default", private_dns_zone_ids: [`/zones/${subresource}`] },
      });
    },
  );
});
