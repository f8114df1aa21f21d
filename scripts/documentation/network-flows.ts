import { resourcesOf, type SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { markdownTable } from "../markdown-table";
import type { Examples } from "./stack-tables";

/** A connection that the security groups allow. */
interface Flow {
  readonly from: string;
  readonly to: string;
  readonly ports: string;
}

/** The project's subnets and their content. */
const subnets: Readonly<Record<string, string>> = {
  vault: "Vault",
  mysql: "MySQL",
  "web-app": "web apps",
  agents: "agent VMs",
};

/** Returns a diagram of the allowed connections, and the same as a table with the environments that have them. */
export function networkSection(examples: Examples): string {
  const flows = new Map<string, { flow: Flow; environments: string[] }>();
  for (const [environment, system] of examples)
    for (const flow of flowsOf(system)) {
      const key = Object.values(flow).join("|");
      const known = flows.get(key) ?? { flow, environments: [] };
      if (!known.environments.includes(environment)) known.environments.push(environment);
      flows.set(key, known);
    }
  const sorted = [...flows].sort(([one], [other]) => one.localeCompare(other)).map(([, it]) => it);
  const rows = sorted.map(({ flow, environments }) => [
    flow.from,
    flow.to,
    flow.ports,
    environments.join(", "),
  ]);
  return [
    "## Who may connect to whom",
    "The security groups of the stack `network` allow only these connections to and from the subnets, all over TCP. They do not restrict MySQL's " +
      "own outbound connections, because Azure's service needs them.",
    diagram(sorted.map(({ flow }) => flow)),
    markdownTable(["From", "To", "Ports", "Environments"], rows),
  ].join("\n\n");
}

function flowsOf(system: readonly SynthesizedStack[]): Flow[] {
  const network = system.find(({ name }) => name === "network");
  if (!network) return [];
  const names = new Map(
    resourcesOf(network, "azurerm_subnet").flatMap(({ name, address_prefixes }) => {
      const [, subnet] =
        Object.entries(subnets).find(([ending]) => String(name).endsWith(`-${ending}`)) ?? [];
      return subnet ? [[String([address_prefixes].flat()[0]), subnet]] : [];
    }),
  );
  return resourcesOf(network, "azurerm_network_security_rule")
    .filter(({ access }) => access === "Allow")
    .map((rule) => ({
      from: place(rule["source_address_prefix"], String(rule["name"]), names),
      to: place(rule["destination_address_prefix"], String(rule["name"]), names),
      ports: [rule["destination_port_ranges"]].flat().join(", "),
    }));
}

const serviceTags: Readonly<Record<string, string>> = {
  AzureLoadBalancer: "Azure's probes",
  AzureActiveDirectory: "Entra ID",
  AzureKeyVault: "Key Vault",
  AzureMonitor: "Azure Monitor",
};

/** A subnet or a service. Rules for several ranges are named after the people in them: vault-from-deployers. */
function place(prefix: unknown, rule: string, names: ReadonlyMap<string, string>): string {
  if (typeof prefix === "string") return names.get(prefix) ?? serviceTags[prefix] ?? prefix;
  return `the ranges of ${rule.split("-from-").at(-1)}`;
}

/** Returns the diagram in Mermaid's syntax. It leaves out connections within one part, which are in the table. */
function diagram(flows: readonly Flow[]): string {
  const places = [...new Set(flows.flatMap(({ from, to }) => [from, to]))];
  const id = (name: string) => `p${places.indexOf(name)}`;
  const inside = (name: string) => Object.values(subnets).includes(name);
  return [
    "```mermaid",
    "flowchart LR",
    ...places.filter((name) => !inside(name)).map((name) => `  ${id(name)}(["${name}"])`),
    '  subgraph network["virtual network"]',
    ...places.filter(inside).map((name) => `    ${id(name)}["${name}"]`),
    "  end",
    ...flows
      .filter(({ from, to }) => from !== to)
      .map(({ from, to, ports }) => `  ${id(from)} -- "${ports}" --> ${id(to)}`),
    "```",
  ].join("\n");
}
