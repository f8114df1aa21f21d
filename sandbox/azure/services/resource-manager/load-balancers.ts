import { type Fields, fields, list, propertiesOf, text, valueAt } from "../../model/fields";
import { sameId } from "../../model/resource-id";
import type { ResourceStore } from "../../model/resource-store";
import type { ArmResource } from "../../model/world";
import type { LoadBalancerProps } from "../../server/load-balancer";
import { guidFor } from "./managed-identities";
import { freeAddress, interfaceAddress } from "./network";
import type { ResourceTypes, Writing } from "./resource-type";

export const loadBalancerTypes: ResourceTypes = {
  "microsoft.network/loadbalancers": {
    parts: { backendAddressPools: "backendAddressPools" },
    defaults: () => ({
      properties: {
        probes: [],
        loadBalancingRules: [],
        inboundNatRules: [],
        inboundNatPools: [],
        outboundRules: [],
      },
    }),
    computed: (writing) => ({ properties: { resourceGuid: guidFor(writing.id), ...partsOf(writing) } }),
  },
  "microsoft.network/loadbalancers/backendaddresspools": {},
};

/** Adds the ids that Azure gives to a balancer's addresses, probes and rules, and the addresses. */
function partsOf({ id, sent, existing, store }: Writing): Fields {
  const before = list(propertiesOf(existing)["frontendIPConfigurations"]);
  const withId = (collection: string) =>
    list(propertiesOf(sent)[collection]).map((part) => ({
      ...part,
      id: `${id}/${collection}/${part["name"]}`,
      properties: { ...fields(part["properties"]), provisioningState: "Succeeded" } as Fields,
    }));
  return {
    frontendIPConfigurations: withId("frontendIPConfigurations").map((part) => {
      const old = before.find((one) => sameId(String(one["id"]), part.id));
      const subnet = String(valueAt(part, "properties.subnet.id"));
      const address = text(valueAt(old, "properties.privateIPAddress")) ?? freeAddress(store, subnet);
      return { ...part, properties: { ...part.properties, privateIPAddress: address } };
    }),
    probes: withId("probes"),
    loadBalancingRules: withId("loadBalancingRules"),
  };
}

/** Returns a balancer's settings, or undefined if the address, probe, rule or machines are missing. */
export function balancing(balancer: ArmResource, store: ResourceStore): LoadBalancerProps | undefined {
  const first = (collection: string) => fields(list(propertiesOf(balancer)[collection])[0]?.["properties"]);
  const address = text(first("frontendIPConfigurations")["privateIPAddress"]);
  const { requestPath, intervalInSeconds } = first("probes");
  const { frontendPort } = first("loadBalancingRules");
  const backends = store.ofType("Microsoft.Network/networkInterfaces").flatMap((card) => {
    const own = interfaceAddress(card);
    return own && isBehind(card, balancer.id) ? [own] : [];
  });
  if (!address || !requestPath || !frontendPort || backends.length === 0) return undefined;
  return {
    address,
    port: Number(frontendPort),
    backends,
    probePath: String(requestPath),
    probeIntervalMs: Number(intervalInSeconds) * 1000,
  };
}

function isBehind(card: ArmResource, balancerId: string): boolean {
  return list(propertiesOf(card)["ipConfigurations"])
    .flatMap(({ properties }) => list(fields(properties)["loadBalancerBackendAddressPools"]))
    .some(({ id }) => sameId(String(id).split(/\/backendAddressPools\//i)[0] ?? "", balancerId));
}
