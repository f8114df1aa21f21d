import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Progress } from "../../lib/processes/progress";
import { messageOf, UserError } from "../../lib/processes/user-error";
import type { Rehearsal } from "./rehearsal";
import { stackOptions } from "./stack-options";

/** A mistake that a person could make in the project, and the rehearsal's expected report. */
export interface PlantedFault {
  readonly what: string;
  /** A file of the project, a text in it, and the wrong text that replaces it. */
  readonly edit?: readonly [file: string, text: string, wrong: string];
  /** Stacks that this needs. They are deployed without the mistake. */
  readonly deployed?: readonly string[];
  /** Runs with the mistake in place and throws what the rehearsal finds. */
  readonly work: (rehearsal: Rehearsal) => Promise<void>;
  readonly caught: RegExp;
  /** Removes from Azure what the mistake created. */
  readonly after?: (rehearsal: Rehearsal) => Promise<unknown>;
}

const firstStacks = stackOptions("vm-reader-role", "network");
const deployNetwork = (rehearsal: Rehearsal) => rehearsal.deploy(...stackOptions("network"));
/** Does not wait for Vault, which boots meanwhile. */
const deployServer = (rehearsal: Rehearsal) => rehearsal.deploy(...stackOptions("network", "vault-server"));

/** The faults run one after the other in one Azure, each corrected before the next. Faults that leave nothing behind come first. */
export const plantedFaults: readonly PlantedFault[] = [
  {
    what: "a deployer without the right to assign roles",
    work: (rehearsal) => {
      const { azure, person, subscriptionId } = rehearsal;
      const scope = `/subscriptions/${subscriptionId}`;
      azure.accessControl.remove({ roleName: "Owner" });
      azure.accessControl.add({ principalId: person, roleName: "Contributor", scope });
      return deployNetwork(rehearsal);
    },
    caught: /needs rights that the login does not hold \(Microsoft\.Authorization\/role/,
    after: async ({ azure, person, subscriptionId }) => {
      azure.accessControl.remove({ roleName: "Contributor" });
      azure.accessControl.add({
        principalId: person,
        roleName: "Owner",
        scope: `/subscriptions/${subscriptionId}`,
      });
    },
  },
  {
    what: "two custom roles with one name",
    edit: [
      "constructs/azure/recovery-key-writer-role.ts",
      "`Vault Recovery Key Writer (${environment})`",
      "`Virtual Machine Reader (${environment})`",
    ],
    work: (rehearsal) => rehearsal.deploy(...stackOptions("vm-reader-role")),
    caught: /RoleDefinitionWithSameNameExists/,
    // Azure created the first role, and it blocks the second.
    after: (rehearsal) => rehearsal.destroy(...stackOptions("vm-reader-role")),
  },
  {
    what: "a dependency that Terraform cannot see",
    edit: [
      "stacks/network.ts",
      'this.vaultDnsZone = new PrivateDnsZone(this, "vault-dns", {\n      name: this.vaultDnsZoneName,\n      resourceGroup,',
      'this.vaultDnsZone = new PrivateDnsZone(this, "vault-dns", {\n      name: this.vaultDnsZoneName,\n      resourceGroup: resourceName("rg", name, "vault"),',
    ],
    work: async (rehearsal) => {
      // Azure is slow with the resource group, so that a resource that does not wait for it comes too early.
      const slow = rehearsal.azure.faults.add({
        when: ({ method, path }) => method === "PUT" && /\/resourceGroups\/[^/]+$/i.test(path),
        answer: { delayMs: 5_000 },
      });
      await deployNetwork(rehearsal).finally(() => slow.remove());
    },
    caught: /ResourceGroupNotFound|Resource group '[^']+' could not be found/,
  },
  {
    what: "subnets with the same addresses",
    edit: [
      "constructs/azure/network/secured-subnet.ts",
      "addressPrefixes: [cidr]",
      'addressPrefixes: ["10.20.1.0/24"]',
    ],
    work: deployNetwork,
    caught: /NetcfgSubnetRangesOverlap/,
  },
  {
    what: "a role whose name is misspelled",
    edit: [
      "constructs/azure/deployer-data-access.ts",
      '"Key Vault Secrets Officer"',
      '"Key Vault Secret Officer"',
    ],
    work: deployNetwork,
    caught: /could not find role `Key Vault Secret Officer`/,
  },
  {
    what: "a resource that the stand-in does not know",
    edit: [
      "constructs/azure/network/private-dns-zone.ts",
      "    this.id = zone.id;",
      '    new (require("@cdktf/provider-azurerm/lib/route-table").RouteTable)(this, "routes", { name: `rt-${id}`, resourceGroupName: resourceGroup, location: "westeurope" });\n    this.id = zone.id;',
    ],
    work: deployNetwork,
    caught: /NotImitated: The sandbox does not support resources of type Microsoft\.Network\/routeTables/,
    after: async (rehearsal) => rehearsal.forgetUnknownRequests(),
  },
  {
    what: "tags that change in each run, so that no plan is empty",
    deployed: firstStacks,
    edit: [
      "constructs/terraform/tags.ts",
      "node.tags = { ...this.tags,",
      "node.tags = { run: String(Date.now()), ...this.tags,",
    ],
    work: (rehearsal) => rehearsal.expectPlan({}, ...stackOptions("network")),
    caught:
      /The plan differs from the expected plan.*network: azurerm_resource_group\.resource-group is changed/,
  },
  {
    what: "rights on a wrong scope",
    edit: [
      "stacks/network.ts",
      `    new DeployerDataAccess(this, "deployer-data-access", {
      deployers,
      signedInObjectId: deployer.objectId,
      resourceGroupId: this.resourceGroup.id,
    });
    const network = new SystemNetwork(this, "network", { environment, resourceGroup });
`,
      `    const network = new SystemNetwork(this, "network", { environment, resourceGroup });
    new DeployerDataAccess(this, "deployer-data-access", {
      deployers,
      signedInObjectId: deployer.objectId,
      resourceGroupId: network.id,
    });
`,
    ],
    work: deployServer,
    caught: /Key Vault refuses the login/,
  },
  {
    what: "an argument that forces the replacement of a resource with data",
    deployed: stackOptions("network", "vault-server"),
    edit: [
      "constructs/azure/vault-node.ts",
      'name: resourceName("disk", environment, name, "data"),',
      'name: resourceName("disk", environment, name, "store"),',
    ],
    work: deployServer,
    caught:
      /The plan of vault-server replaces azurerm_managed_disk\.\S+ because of name, which deletes the data on the disk/,
  },
  {
    what: "a lock that nobody removes",
    work: async (rehearsal) => {
      await rehearsal.az(
        ...["lock", "create", "--name", "keep", "--lock-type", "CanNotDelete"],
        ...["--resource-group", `rg-${rehearsal.environmentName}-vault`],
      );
      await rehearsal.destroy();
    },
    caught: /A lock in Azure forbids the deletion/,
    after: (rehearsal) =>
      rehearsal.az(
        ...["lock", "delete", "--name", "keep", "--resource-group", `rg-${rehearsal.environmentName}-vault`],
      ),
  },
  {
    what: "a resource that a destruction leaves behind",
    work: async (rehearsal) => {
      await rehearsal.az("group", "create", "--name", "rg-forgotten", "--location", "westeurope");
      await rehearsal.destroy();
    },
    caught: /left behind:.*rg-forgotten/,
  },
];

/** @throws UserError with a line for each mistake that the rehearsal misses or reports in other words */
export async function findPlantedFaults(rehearsal: Rehearsal, progress: Progress): Promise<void> {
  const problems: string[] = [];
  for (const fault of plantedFaults) {
    const { what, deployed, after } = fault;
    if (deployed) {
      const names = deployed.filter((word) => !word.startsWith("--")).join(" and ");
      await progress.longStep(`before the next fault: ${names}, without a fault`, () =>
        rehearsal.deploy(...deployed),
      );
    }
    const undo = plant(fault, rehearsal.project);
    try {
      await progress.longStep(`planted: ${what}`, () => expectCaught(fault, rehearsal));
    } catch (error) {
      problems.push(messageOf(error));
    } finally {
      undo();
    }
    await after?.(rehearsal);
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  progress.line(`The rehearsal caught all ${plantedFaults.length} planted faults.`);
}

async function expectCaught({ what, work, caught }: PlantedFault, rehearsal: Rehearsal): Promise<void> {
  try {
    await work(rehearsal);
  } catch (error) {
    if (caught.test(messageOf(error).replaceAll(/\s+/g, " "))) return;
    throw new UserError(`The report of "${what}" used other words: ${messageOf(error)}`);
  }
  throw new UserError(`"${what}" went unnoticed.`);
}

/**
 * Makes the mistake in a copy of the project.
 * @returns a function that corrects it
 * @throws UserError if the text to replace is missing
 */
function plant({ what, edit }: Pick<PlantedFault, "what" | "edit">, project: string): () => void {
  if (!edit) return () => {};
  const [file, text, wrong] = edit;
  const path = join(project, file);
  const content = readFileSync(path, "utf8");
  if (!content.includes(text)) {
    throw new UserError(
      `Cannot plant the fault "${what}": ${file} does not contain ${text}. Plant it elsewhere.`,
    );
  }
  writeFileSync(path, content.replace(text, wrong));
  return () => writeFileSync(path, content);
}
