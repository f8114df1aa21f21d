import { rulesOfGroup } from "../security-rules";
import { asObject, type Block, type SynthesizedStack } from "../synthesis";
import { environments, everyStack, systems } from "./environments";

const networks: [string, SynthesizedStack][] = [...systems].map(([environment, stacks]) => [
  environment,
  stacks.get("network") as SynthesizedStack,
]);

/** Returns true for Azure's names of any address, and for networks of nearly the same size. */
function isAnySource(address: string): boolean {
  const prefix = /\/(\d+)$/.exec(address)?.[1];
  return (
    /^(?:\*|any|internet|virtualnetwork|azurecloud)$/i.test(address) ||
    address.startsWith("0.0.0.0") ||
    address === "::/0" ||
    (prefix !== undefined && Number(prefix) < 8)
  );
}

function valuesOf({ attributes }: Block, name: string): string[] {
  return [attributes[name] ?? [], attributes[`${name.replace(/x$/, "xe")}s`] ?? []].flat().map(String);
}

function allowing(stack: SynthesizedStack): Block[] {
  const rules = stack
    .resources("azurerm_network_security_rule")
    .filter((rule) => rule.get("access") === "Allow");
  // Every check would pass if there were no rules.
  if (rules.length < 10)
    throw new Error(`${stack.name} has only ${rules.length} rules that allow something.`);
  return rules;
}

describe("network rules", () => {
  it.each(networks)("%s: none admits any source", (_environment, stack) => {
    for (const rule of allowing(stack)) {
      const sources = valuesOf(rule, "source_address_prefix");
      expect(sources).not.toEqual([]);
      expect({ rule: rule.get("name"), open: sources.filter(isAnySource) }).toEqual({
        rule: rule.get("name"),
        open: [],
      });
    }
  });

  it.each(networks)("%s: none admits a range of ports or all ports", (_environment, stack) => {
    for (const rule of allowing(stack)) {
      const ports = valuesOf(rule, "destination_port_range");
      expect(ports).not.toEqual([]);
      for (const port of ports) expect(port).toMatch(/^(?:22|80|443|3306|8200|8201)$/);
      expect(rule.get("protocol")).toBe("Tcp");
    }
  });

  it.each(networks)("%s: the target of inbound rules is always a subnet", (_environment, stack) => {
    for (const rule of allowing(stack).filter((one) => one.get("direction") === "Inbound")) {
      for (const target of valuesOf(rule, "destination_address_prefix"))
        expect(target).toMatch(/^\d+(\.\d+){3}\/\d+$/);
    }
  });

  it.each(networks)(
    "%s: only Vault's and the agents' subnets reach the internet, on 80 and 443",
    (_, stack) => {
      const out = allowing(stack).filter((rule) =>
        valuesOf(rule, "destination_address_prefix").some(isAnySource),
      );
      expect(out.map((rule) => rule.path).sort()).toEqual([
        "network/network/agents/security/packages-and-azure",
        "network/network/vault/security/packages-and-azure",
      ]);
      for (const rule of out) expect(valuesOf(rule, "destination_port_range")).toEqual(["80", "443"]);
    },
  );

  it.each(networks)("%s: port 22 is open only if the environment names ranges", (environment, stack) => {
    const open = allowing(stack).filter((rule) => valuesOf(rule, "destination_port_range").includes("22"));
    const paths = environment === "everything" ? ["agents", "vault"] : [];
    expect(open.map(({ path }) => path).sort()).toEqual(
      paths.map((subnet) => `network/network/${subnet}/security/ssh`),
    );
    for (const rule of open) expect(valuesOf(rule, "source_address_prefix")).toEqual(["198.51.100.8/29"]);
  });

  it.each(networks)(
    "%s: every subnet has a security group that refuses all other inbound traffic",
    (_, stack) => {
      const groups = stack.resources("azurerm_network_security_group");
      const subnets = stack.resources("azurerm_subnet");
      const associations = stack.resources("azurerm_subnet_network_security_group_association");
      expect(associations.map((one) => one.get("subnet_id")).sort()).toEqual(
        subnets.map((one) => one.ref("id")).sort(),
      );
      for (const group of groups) {
        const refusals = rulesOfGroup(stack, group).filter(
          (rule) => rule.get("access") === "Deny" && rule.get("direction") === "Inbound",
        );
        expect(refusals.map(({ attributes }) => attributes)).toEqual([
          expect.objectContaining({
            priority: 4096,
            source_address_prefix: "*",
            destination_port_range: "*",
          }),
        ]);
      }
    },
  );

  it.each(networks)("%s: no two rules of a group share a priority", (_environment, stack) => {
    const keys = stack
      .resources("azurerm_network_security_rule")
      .map((rule) =>
        ["network_security_group_name", "direction", "priority"].map((name) => rule.get(name)).join(),
      );
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each(everyStack)(
    "%s, %s: Key Vaults and web apps admit only named ranges and subnets",
    (_env, _name, stack) => {
      for (const keyVault of stack.resources("azurerm_key_vault")) {
        const rules = asObject(keyVault.get("network_acls"));
        expect(rules).toMatchObject({ default_action: "Deny", bypass: "None" });
        expect((rules["ip_rules"] as string[]).filter(isAnySource)).toEqual([]);
      }
      for (const app of stack.resources("azurerm_linux_web_app")) {
        const site = asObject(app.get("site_config"));
        expect(site).toMatchObject({
          ip_restriction_default_action: "Deny",
          scm_ip_restriction_default_action: "Deny",
        });
        const ranges = ["ip_restriction", "scm_ip_restriction"].flatMap(
          (name) => site[name] as { ip_address?: string; virtual_network_subnet_id?: string }[],
        );
        expect(
          ranges.filter(
            ({ ip_address, virtual_network_subnet_id }) =>
              virtual_network_subnet_id === undefined && isAnySource(ip_address ?? "*"),
          ),
        ).toEqual([]);
      }
    },
  );

  it.each(everyStack)(
    "%s, %s: Key Vaults, storage accounts and web apps admit the deployers' subnets",
    (environment, _name, stack) => {
      const subnets = environments.get(environment)?.network.deployerSubnets.map(({ id }) => id) ?? [];
      const admitted = [
        ...stack.resources("azurerm_key_vault").map((one) => asObject(one.get("network_acls"))),
        ...stack
          .resources("azurerm_storage_account")
          // Nobody but Vault reaches its snapshots.
          .filter(({ path }) => path !== "vault-server/snapshots/account")
          .map((one) => asObject(one.get("network_rules"))),
      ].map((rules) => rules["virtual_network_subnet_ids"]);
      const scm = stack.resources("azurerm_linux_web_app").map((app) => {
        const restrictions = asObject(app.get("site_config"))["scm_ip_restriction"];
        return (restrictions as Record<string, unknown>[]).map((one) => one["virtual_network_subnet_id"]);
      });
      for (const ids of [...admitted, ...scm]) expect(ids).toEqual(expect.arrayContaining(subnets));
    },
  );

  it.each(everyStack)(
    "%s, %s: only Vault, if requested, and the NAT gateway have public addresses",
    (environment, name, stack) => {
      const expected: Record<string, string[]> = {
        network: ["network/outbound/address"],
        "vault-server": environments.get(environment)?.vault.publicAddress
          ? ["vault-server/public-address/address"]
          : [],
      };
      expect(stack.resources("azurerm_public_ip").map(({ path }) => path)).toEqual(expected[name] ?? []);
    },
  );

  it("recognizes all names of any source", () => {
    expect(
      ["*", "Any", "Internet", "0.0.0.0/0", "0.0.0.0", "128.0.0.0/1", "::/0", "VirtualNetwork"].filter(
        isAnySource,
      ),
    ).toHaveLength(8);
    expect(["10.0.0.0/8", "203.0.113.0/24", "AzureMonitor"].filter(isAnySource)).toEqual([]);
  });
});
