import { readCloudConfig, textOf } from "../../cloud-init/cloud-config";
import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import { changed, type SynthesizedStack, synthesizeSystem } from "../synthesis";

function systemOf(vault: Partial<Environment["vault"]>): ReadonlyMap<string, SynthesizedStack> {
  return synthesizeSystem(
    changed(loadEnvironment("demo"), (environment) => {
      Object.assign(environment.vault, { publicAddress: false, ...vault });
    }),
  );
}

const serverOf = (vault: Partial<Environment["vault"]>): SynthesizedStack =>
  systemOf(vault).get("vault-server") as SynthesizedStack;

/** Returns the content of a file from each node's user data. */
function fileOfNodes(stack: SynthesizedStack, path: string): string[] {
  return Object.values(stack.locals).map((cloudConfig) => {
    const file = readCloudConfig(String(cloudConfig)).write_files.find((one) => one.path === path);
    return file ? textOf(file) : "";
  });
}

/** Returns a variable's value on each node. */
const told = (stack: SynthesizedStack, name: string): (string | undefined)[] =>
  fileOfNodes(stack, "/etc/vault.d/vault.env").map(
    (text) => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1],
  );

describe("A cluster in the stack vault-server", () => {
  const stack = serverOf({ nodes: 3 });

  it("distributes its nodes and their disks over the zones in turn", () => {
    for (const type of ["azurerm_linux_virtual_machine", "azurerm_managed_disk"])
      expect(stack.resources(type).map((block) => block.get("zone"))).toEqual(["1", "2", "3"]);
    const five = serverOf({ nodes: 5, zones: ["2", "3"] });
    expect(five.resources("azurerm_linux_virtual_machine").map((block) => block.get("zone"))).toEqual([
      "2",
      "3",
      "2",
      "3",
      "2",
    ]);
  });

  it("has one node that creates the cluster, and others that join it", () => {
    expect(told(stack, "FIRST_BOOT")).toEqual(["initialize", "join", "join"]);
    expect(told(serverOf({ nodes: 3, firstBoot: "adopt" }), "FIRST_BOOT")).toEqual(["adopt", "join", "join"]);
  });

  it("tells each node its own name and the names of exactly the other nodes", () => {
    const hosts = [1, 2, 3].map((number) => `vault-${number}.demo.internal`);
    expect(told(stack, "VAULT_RAFT_NODE_ID")).toEqual(["vault-1", "vault-2", "vault-3"]);
    expect(told(stack, "VAULT_CLUSTER_ADDR")).toEqual(hosts.map((host) => `https://${host}:8201`));
    const joined = fileOfNodes(stack, "/etc/vault.d/raft.hcl").map((text) =>
      [...text.matchAll(/leader_api_addr\s+= "([^"]+)"/g)].map(([, address]) => address),
    );
    expect(joined).toEqual(
      hosts.map((own) => hosts.filter((host) => host !== own).map((host) => `https://${host}:8200`)),
    );
  });

  it("lets a node join only a peer with this cluster's certificate", () => {
    for (const text of fileOfNodes(stack, "/etc/vault.d/raft.hcl")) {
      expect(text.match(/leader_ca_cert_file\s+= "\/run\/vault-tls\/current\/tls\.crt"/g)).toHaveLength(2);
      expect(text.match(/leader_tls_servername = "vault\.demo\.internal"/g)).toHaveLength(2);
    }
  });

  it("names the cluster and each node in the certificate", () => {
    const policy = JSON.stringify(stack.only("azurerm_key_vault_certificate").get("certificate_policy"));
    expect(policy).toContain(
      '"dns_names":["vault.demo.internal","vault-1.demo.internal","vault-2.demo.internal","vault-3.demo.internal"]',
    );
  });

  it("has one name for its load balancer, which sends clients to the active node", () => {
    const balancer = stack.only("azurerm_lb");
    const names = new Map(
      stack
        .resources("azurerm_private_dns_a_record")
        .map((record) => [record.get("name"), record.get("records")]),
    );
    expect(names.get("vault")).toEqual([balancer.ref("private_ip_address")]);
    expect([...names.keys()].sort()).toEqual(["vault", "vault-1", "vault-2", "vault-3"]);
    expect(stack.only("azurerm_lb_probe").attributes).toMatchObject({
      protocol: "Https",
      port: 8200,
      // Standbys answer 429, or 200 with ?standbyok=true.
      request_path: "/v1/sys/health",
      interval_in_seconds: 5,
      number_of_probes: 1,
      probe_threshold: 1,
    });
    expect(stack.only("azurerm_lb_rule").attributes).toMatchObject({
      protocol: "Tcp",
      frontend_port: 8200,
      backend_port: 8200,
      probe_id: stack.only("azurerm_lb_probe").ref("id"),
      disable_outbound_snat: true,
      tcp_reset_enabled: true,
    });
    expect(balancer.attributes).toMatchObject({
      sku: "Standard",
      frontend_ip_configuration: [{ private_ip_address_allocation: "Dynamic", zones: ["1", "2", "3"] }],
    });
    expect(JSON.stringify(balancer.attributes)).not.toContain("public_ip");
    const cards = stack.resources("azurerm_network_interface").map((card) => card.ref("id"));
    expect(
      stack
        .resources("azurerm_network_interface_backend_address_pool_association")
        .map((association) => association.get("network_interface_id")),
    ).toEqual(cards);
  });

  it("has no public address", () => {
    expect(stack.resources("azurerm_public_ip")).toEqual([]);
  });

  it("never restarts two nodes at the same time for a security update", () => {
    const times = fileOfNodes(
      serverOf({ nodes: 3, automaticRebootTime: "23:30" }),
      "/etc/apt/apt.conf.d/52vault-vm",
    );
    expect(times.map((text) => /Automatic-Reboot-Time "([^"]+)"/.exec(text)?.[1])).toEqual([
      "23:30",
      "00:00",
      "00:30",
    ]);
  });

  it("has none of these parts as a single node", () => {
    const single = serverOf({ nodes: 1 });
    for (const type of ["azurerm_lb", "azurerm_lb_probe", "azurerm_lb_rule"])
      expect(single.resources(type)).toEqual([]);
    expect(told(single, "VAULT_PEERS")).toEqual([undefined]);
    expect(fileOfNodes(single, "/usr/local/sbin/vault-turn")).toEqual([""]);
    expect(systemOf({ nodes: 1 }).get("vault-config")?.resources("vault_raft_autopilot")).toEqual([]);
  });

  it("tells autopilot the number of nodes", () => {
    const autopilot = systemOf({ nodes: 5 }).get("vault-config")?.only("vault_raft_autopilot");
    expect(autopilot?.get("min_quorum")).toBe(5);
  });

  it("lets Azure's probe reach Vault only in a cluster", () => {
    const probes = (nodes: 1 | 3) =>
      systemOf({ nodes })
        .get("network")
        ?.resources("azurerm_network_security_rule")
        .filter((rule) => rule.get("source_address_prefix") === "AzureLoadBalancer")
        .map((rule) => rule.get("name"));
    expect(probes(3)).toEqual(["mysql-from-probe", "vault-from-probe"]);
    expect(probes(1)).toEqual(["mysql-from-probe"]);
  });
});
