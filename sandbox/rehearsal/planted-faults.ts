import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/processes/user-error";
import type { Rehearsal } from "./rehearsal";

/** A mistake that somebody could make in the project, and the words in which a rehearsal reports it. */
export interface PlantedFault {
  readonly what: string;
  /** A file of the project, a text in it, and what takes its place. */
  readonly edit?: readonly [file: string, text: string, wrong: string];
  /** What is done once the mistake is made; throws what the rehearsal finds. */
  readonly work: (rehearsal: Rehearsal) => Promise<void>;
  readonly caught: RegExp;
}

const firstStacks = ["--stack", "vm-reader-role", "--stack", "network"];
const deploy = (rehearsal: Rehearsal) => rehearsal.deploy(...firstStacks);

/** They show in the first two stacks, so that each takes about a minute. */
export const plantedFaults: readonly PlantedFault[] = [
  {
    what: "subnets with the same addresses",
    edit: [
      "constructs/azure/secured-subnet.ts",
      "addressPrefixes: [cidr]",
      'addressPrefixes: ["10.20.1.0/24"]',
    ],
    work: deploy,
    caught: /NetcfgSubnetRangesOverlap/,
  },
  {
    what: "a subnet outside its network",
    edit: [
      "constructs/azure/secured-subnet.ts",
      "addressPrefixes: [cidr]",
      'addressPrefixes: ["10.99.1.0/24"]',
    ],
    work: deploy,
    caught: /NetcfgInvalidSubnet/,
  },
  {
    what: "a role whose name is misspelled",
    edit: [
      "constructs/azure/deployer-data-access.ts",
      '"Key Vault Secrets Officer"',
      '"Key Vault Secret Officer"',
    ],
    work: deploy,
    caught: /could not find role `Key Vault Secret Officer`/,
  },
  {
    what: "two custom roles with one name",
    edit: [
      "constructs/azure/recovery-key-writer-role.ts",
      "`Vault Recovery Key Writer (${environment})`",
      "`Virtual Machine Reader (${environment})`",
    ],
    work: deploy,
    caught: /RoleDefinitionWithSameNameExists/,
  },
  {
    what: "a DNS zone in a resource group that is not there",
    edit: [
      "constructs/azure/private-dns-zone.ts",
      "{ name, resourceGroupName: resourceGroup }",
      '{ name, resourceGroupName: "rg-of-nobody" }',
    ],
    work: deploy,
    caught: /ResourceGroupNotFound|'rg-of-nobody' could not be found/,
  },
  {
    what: "tags that change with each run, so that no plan is empty",
    edit: [
      "constructs/terraform/tags.ts",
      "node.tags = { ...this.tags,",
      "node.tags = { run: String(Date.now()), ...this.tags,",
    ],
    work: async (rehearsal) => {
      await deploy(rehearsal);
      await rehearsal.expectPlan({}, ...firstStacks);
    },
    caught: /The plan is not the expected one[\s\S]* is changed, not unchanged/,
  },
  {
    what: "a resource that the stand-in does not know",
    edit: [
      "constructs/azure/private-dns-zone.ts",
      "    this.id = zone.id;",
      '    zone.addOverride("//", {});\n    require("@cdktf/provider-azurerm/lib/route-table");\n    new (require("@cdktf/provider-azurerm/lib/route-table").RouteTable)(this, "routes", { name: `rt-${id}`, resourceGroupName: resourceGroup, location: "westeurope" });\n    this.id = zone.id;',
    ],
    work: deploy,
    caught: /NotImitated: The sandbox does not imitate resources of type Microsoft\.Network\/routeTables/,
  },
  {
    what: "a deployer without the right to assign roles",
    work: (rehearsal) => {
      rehearsal.azure.accessControl.remove({ roleName: "Owner" });
      rehearsal.azure.accessControl.add({
        principalId: rehearsal.person,
        roleName: "Contributor",
        scope: `/subscriptions/${rehearsal.subscriptionId}`,
      });
      return deploy(rehearsal);
    },
    caught: /needs rights that the login does not hold \(Microsoft\.Authorization\/role/,
  },
  {
    what: "a resource that a destruction leaves behind",
    work: async (rehearsal) => {
      await deploy(rehearsal);
      await rehearsal.az("group", "create", "--name", "rg-forgotten", "--location", "westeurope");
      await rehearsal.destroy(...firstStacks);
    },
    caught: /left behind:[\s\S]*rg-forgotten/,
  },
  {
    what: "a lock that nobody takes away",
    work: async (rehearsal) => {
      await deploy(rehearsal);
      await rehearsal.az(
        ...["lock", "create", "--name", "keep", "--lock-type", "CanNotDelete"],
        ...["--resource-group", `rg-${rehearsal.environmentName}-vault`],
      );
      await rehearsal.destroy(...firstStacks);
    },
    caught: /A lock in Azure forbids the deletion/,
  },
];

/** Makes the mistake in a copy of the project. @throws UserError when the text it replaces is no longer there */
export function plant({ what, edit }: PlantedFault, project: string): void {
  if (!edit) return;
  const [file, text, wrong] = edit;
  const path = join(project, file);
  const content = readFileSync(path, "utf8");
  if (!content.includes(text)) {
    throw new UserError(`The fault "${what}" cannot be planted: ${file} has no ${text}; plant it elsewhere.`);
  }
  writeFileSync(path, content.replace(text, wrong));
}
