import { isPublic } from "../../environments/addresses";
import { loadEnvironment } from "../../environments/load";
import { type Environment, environmentSchema } from "../../environments/schema";
import { changed, type SynthesizedStack, sharedSystem } from "../synthesis";

const person = (digit: number) => `${String(digit).repeat(8)}-0000-4000-8000-000000000000`;

/** An environment with every option that adds a resource, a right or a flow, and with the longest names. */
function everything(): Environment {
  const environment = changed(loadEnvironment("production"), (copy) => {
    copy.name = "longestenv";
    copy.additionalSubscriptions = [person(9)];
    copy.deployers.push({ name: "Signed in", objectId: "signed-in-user", type: "User" });
    copy.recoveryKeyReaders.push({ name: "Second officer", objectId: person(4), type: "User" });
    copy.network.subnets.privateEndpoints = "10.40.5.0/24";
    copy.network.sshRanges = [{ name: "bastion", cidr: "198.51.100.8/29" }];
    copy.network.sshAdministrators = [{ name: "Operators", objectId: person(5), type: "Group" }];
    copy.network.deployerSubnets = [
      {
        name: "Runners",
        id: `/subscriptions/${person(9)}/resourceGroups/rg-runners/providers/Microsoft.Network/virtualNetworks/vnet-runners/subnets/snet-runners`,
      },
    ];
    copy.evidenceWorkspace = `/subscriptions/${person(9)}/resourceGroups/rg-security/providers/Microsoft.OperationalInsights/workspaces/log-security`;
    copy.tagsFromPolicy = ["Cost Center"];
    copy.vault.publicAddress = true;
    copy.vault.edition = "enterprise";
    copy.vault.tls = {
      source: "existing",
      keyVault: "kv-certificates",
      resourceGroup: "rg-certificates",
      certificate: "vault-example-com",
    };
    copy.databaseRoles["read-only"] = { privileges: ["SELECT"], defaultTtl: "1h", maxTtl: "2h" };
    const [webApp] = copy.webApps;
    const [agentVm] = copy.agentVms;
    if (!webApp || !agentVm) throw new Error("production.json contains no web app or no VM to copy");
    copy.webApps.push(
      { ...webApp, name: "w".repeat(24), paths: ["transform/encode/customer", "transform/decode/customer"] },
      { name: "counted", paths: [], tokenTtl: "1h", tokenNumUses: 10, requireLogin: false },
    );
    copy.agentVms.push({ ...agentVm, name: "v".repeat(24), count: 3, paths: [], zone: "3" });
  });
  return environmentSchema.parse(environment);
}

/** An environment with only the required fields: no workloads, and every default. */
function smallest(): Environment {
  const { name, location, deployers, network } = loadEnvironment("demo");
  const { deployerRanges } = network;
  return environmentSchema.parse({ name, location, deployers, network: { deployerRanges } });
}

/** An environment whose Key Vaults and stores have no public address: all deployers are in private networks. */
function onlyPrivate(): Environment {
  const environment = changed(loadEnvironment("production"), (copy) => {
    copy.network.subnets.privateEndpoints = "10.40.5.0/28";
    copy.network.deployerRanges = copy.network.deployerRanges.filter(({ cidr }) => !isPublic(cidr));
    copy.network.clientRanges = copy.network.clientRanges.filter(({ cidr }) => !isPublic(cidr));
    copy.webApps = [];
  });
  return environmentSchema.parse(environment);
}

/** The environments for the property tests. */
export const environments: ReadonlyMap<string, Environment> = new Map([
  ["demo", loadEnvironment("demo")],
  ["production", loadEnvironment("production")],
  ["everything", everything()],
  ["smallest", smallest()],
  ["private", onlyPrivate()],
]);

/** The system of each environment, synthesized once. */
export const systems: ReadonlyMap<string, ReadonlyMap<string, SynthesizedStack>> = new Map(
  [...environments].map(([name, environment]) => [name, sharedSystem(environment)]),
);

/** Environment, stack's name and stack, for `it.each`. */
export const everyStack: readonly (readonly [string, string, SynthesizedStack])[] = [...systems].flatMap(
  ([environment, stacks]) => [...stacks].map(([name, stack]) => [environment, name, stack] as const),
);
