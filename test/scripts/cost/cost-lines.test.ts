import { readFileSync } from "node:fs";
import { join } from "node:path";
import { costLines, total } from "../../../scripts/cost/cost-lines";
import { costTable } from "../../../scripts/cost/cost-table";
import { prices } from "../../../scripts/cost/prices";
import { environments, systems } from "../../properties/environments";

type Stacks = Parameters<typeof costLines>[0];

const stacksOf = (environment: string) =>
  // The reader returns an empty block for a stack without resources.
  [...(systems.get(environment)?.values() ?? [])].map(({ json }) => ({
    json: { ...json, resource: json["resource"] ?? {} },
  })) as unknown as Stacks;
const stackWith = (resource: object) => [{ json: { resource } }] as unknown as Stacks;
const line = (resource: object, item: string) =>
  costLines(stackWith(resource)).find((one) => one.item === item);

describe("npm run cost", () => {
  it.each([...environments.keys()])("%s: knows for every resource type whether Azure bills it", (name) => {
    expect(costLines(stacksOf(name)).filter(({ item }) => item.includes("not in the table"))).toEqual([]);
  });

  it("says that an unknown type is not in the table", () => {
    expect(costLines(stackWith({ azurerm_kubernetes_cluster: { one: {} } }))).toEqual([
      { item: "azurerm_kubernetes_cluster: not in the table", count: 1 },
    ]);
  });

  it("says that the price of a SKU is not known, and adds nothing for it", () => {
    const machines = { azurerm_service_plan: { one: { sku_name: "P5mv4", worker_count: 2 } } };
    const lines = costLines(stackWith(machines));
    expect(lines).toEqual([{ item: "Microsoft.Web/serverFarms P5mv4", count: 2 }]);
    expect(costTable(lines)).toContain(
      "| `Microsoft.Web/serverFarms P5mv4` | 2 | not known | not known | no public price was found |",
    );
    expect(total(lines)).toBe(0);
  });

  it("counts a month's hours, workers, standbys, and disks by the size that Azure bills", () => {
    const plan = { azurerm_service_plan: { one: { sku_name: "P1v3", worker_count: 3 } } };
    expect(line(plan, "Microsoft.Web/serverFarms P1v3")?.monthly).toBeCloseTo(3 * 730 * 0.155);
    const server = { sku_name: "GP_Standard_D4ds_v4", storage: { size_gb: 100 } };
    const alone = { azurerm_mysql_flexible_server: { one: server } };
    const two = { azurerm_mysql_flexible_server: { one: { ...server, high_availability: {} } } };
    expect(line(alone, "Microsoft.DBforMySQL/flexibleServers storage")?.count).toBe(100);
    expect(line(two, "Microsoft.DBforMySQL/flexibleServers storage")?.count).toBe(200);
    expect(line(two, "Microsoft.DBforMySQL/flexibleServers GP_Standard_D4ds_v4")?.count).toBe(2);
    const disk = (disk_size_gb: number) =>
      costLines(
        stackWith({ azurerm_managed_disk: { one: { storage_account_type: "Premium_LRS", disk_size_gb } } }),
      )[0]?.item;
    expect([32, 33, 64, 65].map(disk)).toEqual(
      ["P4", "P6", "P6", "P10"].map((tier) => `Microsoft.Compute/disks Premium_LRS ${tier}`),
    );
  });

  it("adds up two resources of a kind, and no costs by use", () => {
    const lines = costLines(
      stackWith({
        azurerm_linux_virtual_machine: {
          one: {
            size: "Standard_D2s_v5",
            os_disk: { storage_account_type: "Premium_LRS", disk_size_gb: 64 },
          },
          two: {
            size: "Standard_D2s_v5",
            os_disk: { storage_account_type: "Premium_LRS", disk_size_gb: 64 },
          },
        },
        azurerm_key_vault: { one: {} },
      }),
    );
    expect(total(lines)).toBeCloseTo(2 * (730 * 0.096 + 10.21));
    expect(
      lines.find(({ item }) => item === "Microsoft.KeyVault/vaults operations")?.monthly,
    ).toBeUndefined();
  });

  it("has a date, a region and a source for each price", () => {
    for (const [item, { dollars, date, region, source }] of Object.entries(prices))
      expect([item, dollars > 0, /^\d{4}-\d\d-\d\d$/.test(date), region !== "", source !== ""]).toEqual([
        item,
        true,
        true,
        true,
        true,
      ]);
  });
});

describe("docs/cost.md", () => {
  const page = readFileSync(join(__dirname, "../../../docs/cost.md"), "utf8");

  it.each(["demo", "production"])("has the table of %s as npm run cost prints it", (name) => {
    expect(page).toContain(`## ${name}\n\n${costTable(costLines(stacksOf(name)))}\n`);
  });

  it("says what private endpoints add", () => {
    const items = ["Microsoft.Network/privateEndpoints", "Microsoft.Network/privateDnsZones"];
    const monthly = (name: string) =>
      total(costLines(stacksOf(name)).filter(({ item }) => items.includes(item)));
    expect(page).toContain(`add $${(monthly("private") - monthly("production")).toFixed(2)} a month`);
  });
});
