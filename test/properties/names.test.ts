import { environments, everyStack, systems } from "./environments";
import { explained } from "./references";

/**
 * Azure's rules for names: longest length and allowed form.
 * Source: Microsoft, "Naming rules and restrictions for Azure resources".
 */
const rules: Readonly<Record<string, readonly [number, RegExp]>> = {
  azurerm_application_insights: [260, /^[\w.()-]+$/],
  azurerm_application_insights_workbook: [36, /^[0-9a-f-]+$/],
  azurerm_key_vault: [24, /^[a-z](?:[a-z0-9]|-(?!-))+[a-z0-9]$/],
  azurerm_key_vault_certificate: [127, /^[A-Za-z0-9-]+$/],
  azurerm_key_vault_key: [127, /^[A-Za-z0-9-]+$/],
  azurerm_key_vault_secret: [127, /^[A-Za-z0-9-]+$/],
  azurerm_lb: [80, /^[a-z0-9][\w.-]*\w$/],
  azurerm_lb_backend_address_pool: [80, /^[a-z0-9][\w.-]*\w$/],
  azurerm_lb_probe: [80, /^[a-z0-9][\w.-]*\w$/],
  azurerm_lb_rule: [80, /^[a-z0-9][\w.-]*\w$/],
  azurerm_linux_virtual_machine: [64, /^[a-z0-9][a-z0-9-]*[a-z0-9]$/],
  azurerm_linux_web_app: [60, /^[a-z0-9][a-z0-9-]*[a-z0-9]$/],
  azurerm_log_analytics_workspace: [63, /^[a-z0-9][a-z0-9-]{2,}[a-z0-9]$/],
  azurerm_managed_disk: [80, /^[a-z0-9][\w.-]*\w$/],
  azurerm_management_lock: [90, /^[\w.()-]+$/],
  azurerm_monitor_action_group: [260, /^[\w-]+$/],
  azurerm_monitor_autoscale_setting: [260, /^[\w.-]+$/],
  azurerm_monitor_data_collection_endpoint: [44, /^[A-Za-z][A-Za-z0-9-]+[A-Za-z0-9]$/],
  azurerm_monitor_data_collection_rule: [64, /^[A-Za-z0-9][\w.-]+$/],
  azurerm_monitor_data_collection_rule_association: [64, /^[A-Za-z0-9][\w.-]+$/],
  azurerm_monitor_diagnostic_setting: [260, /^[\w.-]+$/],
  azurerm_monitor_metric_alert: [260, /^[\w.-]+$/],
  azurerm_monitor_scheduled_query_rules_alert_v2: [260, /^[\w.-]+$/],
  azurerm_mysql_flexible_database: [63, /^[a-z][\w-]*$/],
  azurerm_mysql_flexible_server: [63, /^[a-z0-9][a-z0-9-]+[a-z0-9]$/],
  azurerm_nat_gateway: [80, /^[a-z0-9][\w.-]*\w$/],
  azurerm_network_interface: [80, /^[a-z0-9][\w.-]*\w$/],
  azurerm_network_security_group: [80, /^[a-z0-9][\w.-]*\w$/],
  azurerm_network_security_rule: [80, /^[a-z0-9][\w.-]*\w$/],
  azurerm_private_dns_a_record: [63, /^[a-z0-9-]+$/],
  azurerm_private_dns_zone: [63, /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/],
  azurerm_private_dns_zone_virtual_network_link: [80, /^[a-z0-9][\w.-]*\w$/],
  azurerm_private_endpoint: [64, /^[a-z0-9][\w.-]*\w$/],
  azurerm_public_ip: [80, /^[a-z0-9][\w.-]*\w$/],
  azurerm_resource_group: [90, /^[\w.()-]*[\w()-]$/],
  azurerm_service_plan: [60, /^[A-Za-z0-9-]+$/],
  azurerm_storage_account: [24, /^[a-z0-9]{3,}$/],
  azurerm_storage_container: [63, /^[a-z0-9](?:[a-z0-9]|-(?!-)){2,}$/],
  azurerm_subnet: [80, /^[a-z0-9][\w.-]*\w$/],
  azurerm_user_assigned_identity: [128, /^[a-z0-9][\w-]+$/],
  azurerm_virtual_machine_extension: [80, /^\w+$/],
  azurerm_virtual_network: [64, /^[a-z0-9][\w.-]*\w$/],
  azurerm_role_definition: [128, /^[\w ()]+$/],
};

/** Kinds whose name is the name of a setting. */
const given = ["azurerm_mysql_flexible_server_configuration"];

describe("names", () => {
  it("are tested at their longest: 10 characters of environment, 24 of workload", () => {
    const environment = environments.get("everything");
    expect(environment?.name).toHaveLength(10);
    expect(environment?.webApps.map(({ name }) => name.length)).toContain(24);
    expect(environment?.agentVms.map(({ name }) => name.length)).toContain(24);
  });

  it.each(everyStack)("%s, %s: each meets Azure's rules", (environment, _name, stack) => {
    const stacks = systems.get(environment) ?? new Map();
    const named = stack
      .resources()
      .filter(
        ({ type, attributes }) =>
          type.startsWith("azurerm_") && "name" in attributes && !given.includes(type),
      );
    for (const { type, path, attributes } of named) {
      const name = explained(stacks, stack, attributes["name"]).replaceAll(
        /\{random_string [^{}]*\}/g,
        "a1b2c3",
      );
      const [longest, form] = rules[type] ?? [0, /^no rule: add one$/];
      expect({ path, name, form: form.test(name), fits: name.length <= longest }).toEqual({
        path,
        name,
        form: true,
        fits: true,
      });
    }
  });

  it.each([...systems])(
    "%s: no two resources of a kind have the same name in a resource group",
    (_environment, stacks) => {
      const siblings = [
        "azurerm_linux_virtual_machine",
        "azurerm_linux_web_app",
        "azurerm_network_interface",
      ];
      const names = [...stacks.values()].flatMap((stack) =>
        siblings.flatMap((type) =>
          stack.resources(type).map(({ attributes }) => `${type} ${attributes["name"]}`),
        ),
      );
      expect(new Set(names).size).toBe(names.length);
    },
  );

  it.each([...systems])("%s: the DNS label and the certificate's subject fit", (_environment, stacks) => {
    const server = stacks.get("vault-server");
    for (const address of server?.resources("azurerm_public_ip") ?? []) {
      const label = String(address.get("domain_name_label")).replaceAll(/\$\{[^{}]*\}/g, "a1b2c3");
      expect(label).toMatch(/^[a-z][a-z0-9-]{1,61}[a-z0-9]$/);
    }
    // RFC 5280: a common name has at most 64 characters.
    for (const certificate of server?.resources("azurerm_key_vault_certificate") ?? []) {
      const subject = /"subject":"CN=([^"]+)"/.exec(JSON.stringify(certificate.attributes))?.[1];
      expect(subject?.length).toBeLessThanOrEqual(64);
    }
  });
});
