import * as fc from "fast-check";
import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import { withFile } from "../environments/files";
import { longTests } from "../long-tests";
import { type Block, changed, type SynthesizedStack, synthesizeSystem } from "../synthesis";
import { environmentFiles } from "./generated-environments";

/** `RUNS=1000 SEED=1 npx jest test/properties/list-changes` tests more changes. */
const runs = Number(process.env["RUNS"] ?? (longTests ? 20 : 2));
const seed = Number(process.env["SEED"] ?? 20_261_125);

/** A list of the environment file. */
interface List {
  readonly name: string;
  of(environment: Environment): unknown[];
  /** An entry that no generated list contains. */
  readonly another: unknown;
}

const person = (name: string, letter: string) => ({
  name,
  objectId: `${letter.repeat(8)}-1111-4111-8111-${letter.repeat(12)}`,
  type: "User",
});
const another = { paths: [], databaseRole: "short" };

const lists: readonly List[] = [
  { name: "deployers", of: (it) => it.deployers, another: person("New", "e") },
  { name: "recoveryKeyReaders", of: (it) => it.recoveryKeyReaders, another: person("New", "f") },
  { name: "sshAdministrators", of: (it) => it.network.sshAdministrators, another: person("New", "b") },
  ...(["deployerRanges", "clientRanges", "sshRanges"] as const).map((name, index) => ({
    name,
    of: (it: Environment) => it.network[name],
    another: { name: `another-${index}`, cidr: `52.9.${index}.0/24` },
  })),
  {
    name: "webApps",
    of: (it) => it.webApps,
    another: { ...another, name: "another-app", requireLogin: false, tokenTtl: "1h" },
  },
  {
    name: "agentVms",
    of: (it) => it.agentVms,
    another: {
      ...another,
      name: "another-vm",
      count: 2,
      vmSize: "Standard_D2s_v3",
      osDiskGb: 64,
      encryptionAtHost: false,
      tokenTtl: "1h",
      tokenMaxTtl: "1h",
    },
  },
  { name: "transitKeys", of: (it) => it.transitKeys, another: "another-key" },
  {
    name: "additionalSubscriptions",
    of: (it) => it.additionalSubscriptions,
    another: "11111111-1111-4111-8111-111111111111",
  },
];

/**
 * The attributes of existing resources that a list may change. azurerm 4.81 and vault 5.6 update each of them in
 * place. All other attributes must stay, so no change forces a replacement. Source: the resources' schemas
 * (`ForceNew`).
 */
const changeInPlace: Readonly<Record<string, readonly string[]>> = {
  azurerm_key_vault: ["network_acls"],
  azurerm_linux_virtual_machine: ["allow_extension_operations", "identity"],
  azurerm_linux_web_app: ["site_config"],
  azurerm_network_security_rule: ["source_address_prefixes"],
  azurerm_role_definition: ["assignable_scopes"],
  azurerm_storage_account: ["network_rules"],
  vault_azure_auth_backend_role: ["bound_service_principal_ids"],
};

/** All stacks' resources by Terraform's addresses. */
type Resources = ReadonlyMap<string, Block>;

/** Returns the resources of all stacks by Terraform's addresses. */
function resources(stacks: ReadonlyMap<string, SynthesizedStack>): Resources {
  return new Map(
    [...stacks].flatMap(([name, stack]) =>
      stack.resources().map((block) => [`${name}/${block.type}.${block.id}`, block] as const),
    ),
  );
}

/** Returns the numbers that each rule may have during an update, for the rules before and after. */
function prioritiesDuringUpdate(...systems: Resources[]): Map<string, Set<unknown>> {
  const numbers = new Map<string, Set<unknown>>();
  for (const system of systems) {
    for (const [address, rule] of system) {
      if (rule.type !== "azurerm_network_security_rule") continue;
      const place = [rule.get("network_security_group_name"), rule.get("direction"), rule.get("priority")];
      const slot = place.join();
      numbers.set(slot, (numbers.get(slot) ?? new Set()).add(address));
    }
  }
  return numbers;
}

const synthesized = (environment: Environment): Resources => resources(synthesizeSystem(environment));

/** Describes every harmful effect of a change. */
function harm(old: Resources, now: Resources): string[] {
  const changes = [...old].flatMap(([address, block]) => {
    const later = now.get(address);
    if (!later) return [];
    return [...new Set([...Object.keys(block.attributes), ...Object.keys(later.attributes)])]
      .filter((name) => JSON.stringify(block.get(name)) !== JSON.stringify(later.get(name)))
      .filter((name) => !changeInPlace[block.type]?.includes(name))
      .map((name) => `${address}: ${name} changes`);
  });
  const shared = [...prioritiesDuringUpdate(old, now)]
    .filter(([, addresses]) => addresses.size > 1)
    .map(([slot, addresses]) => `${slot}: ${[...addresses].join(" and ")} meet`);
  return [...changes, ...shared];
}

/** Returns addresses that appear or disappear. */
function comings(old: Resources, now: Resources): string[] {
  return [...old.keys()]
    .filter((address) => !now.has(address))
    .concat([...now.keys()].filter((address) => !old.has(address)));
}

const environments = environmentFiles.map((file) =>
  withFile(file, file.name, (folder) => loadEnvironment(file.name, folder)),
);

/** Lists that change together. A synth takes most of the time, so only the long form changes each list alone. */
const changes: readonly { name: string; chosen: readonly List[] }[] = longTests
  ? lists.map((list) => ({ name: list.name, chosen: [list] }))
  : [{ name: "every list", chosen: lists }];

describe.each(changes)("$name", ({ chosen }) => {
  it("does not change the remaining resources when an entry is added or removed at any place", () => {
    void fc.assert(
      fc.property(environments, fc.nat(), (environment, place) => {
        const larger = changed(environment, (copy) => {
          for (const { of, another } of chosen) {
            const list = of(copy);
            list.splice(place % (list.length + 1), 0, another);
          }
        });
        const [few, more] = [synthesized(environment), synthesized(larger)];
        expect(harm(few, more)).toEqual([]);
        expect(harm(more, few)).toEqual([]);
      }),
      { numRuns: runs, seed },
    );
  });

  it("changes nothing when entries change places", () => {
    void fc.assert(
      fc.property(environments, (environment) => {
        const longer = changed(environment, (copy) => {
          for (const { of, another } of chosen) of(copy).push(another);
        });
        const reordered = changed(longer, (copy) => {
          for (const { of } of chosen) of(copy).reverse();
        });
        const [before, after] = [synthesized(longer), synthesized(reordered)];
        expect(harm(before, after)).toEqual([]);
        expect(comings(before, after)).toEqual([]);
      }),
      { numRuns: runs, seed },
    );
  });
});

it("one more or one fewer agent VM does not change the others", () => {
  void fc.assert(
    fc.property(environments, (environment) => {
      const larger = changed(environment, (copy) => {
        for (const group of copy.agentVms) group.count++;
      });
      const [few, more] = [synthesized(environment), synthesized(larger)];
      expect(harm(few, more)).toEqual([]);
      expect(harm(more, few)).toEqual([]);
    }),
    { numRuns: runs, seed },
  );
});
