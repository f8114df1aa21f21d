import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import type { Deployment } from "../../lib/synthesized/deployment";
import type { LoadBalancerProps } from "../azure/server/load-balancer";
import { privateAddress } from "./private-addresses";

const ofBalancer = z.object({ loadbalancer_id: z.string() });

/** Each load balancer of the deployment, with its one rule and its one probe. */
export function loadBalancers(deployment: Deployment): LoadBalancerProps[] {
  return deployment.resources("azurerm_lb").map((balancer) => {
    const { id } = balancer.read(z.object({ id: z.string() }));
    const only = (type: string) => {
      const [one, ...more] = deployment
        .resources(type)
        .filter((resource) => resource.read(ofBalancer).loadbalancer_id === id);
      if (!one || more.length > 0) throw new UserError(`${balancer.title} needs exactly one ${type}.`);
      return one;
    };
    const pool = only("azurerm_lb_backend_address_pool").read(z.object({ id: z.string() }));
    const rule = only("azurerm_lb_rule").read(
      z.object({ frontend_port: z.number(), backend_port: z.number(), protocol: z.literal("Tcp") }),
    );
    const probe = only("azurerm_lb_probe").read(
      z.object({ protocol: z.literal("Https"), request_path: z.string(), interval_in_seconds: z.number() }),
    );
    if (rule.frontend_port !== rule.backend_port)
      throw new UserError(`${balancer.title} leads to another port, which the sandbox does not imitate.`);
    const backends = deployment
      .resources("azurerm_network_interface_backend_address_pool_association")
      .map((association) =>
        association.read(z.object({ network_interface_id: z.string(), backend_address_pool_id: z.string() })),
      )
      .filter(({ backend_address_pool_id }) => backend_address_pool_id === pool.id)
      .map(({ network_interface_id }) =>
        privateAddress(deployment.resourceWithId("azurerm_network_interface", network_interface_id)),
      );
    return {
      address: privateAddress(balancer),
      port: rule.frontend_port,
      backends,
      probePath: probe.request_path,
      probeIntervalMs: probe.interval_in_seconds * 1000,
    };
  });
}
