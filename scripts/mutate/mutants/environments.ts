import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Mutant, mutantsOf } from "../mutant";

const project = join(__dirname, "../../..");
const tests = ["environments/bad-input", "environments/boundaries"];

/** Mistakes in the rules for environment files. */
export const environmentMutants = [
  ...mutantsOf("environments/rules/special-networks.ts", tests, [
    ["168.63.129.16 is an ordinary address", '  "168.63.129.16/32",\n', ""],
    ["multicast is an ordinary network", '  "224.0.0.0/4",\n', ""],
    ["link-local is an ordinary network", '  "169.254.0.0/16",\n', ""],
    ["loopback is an ordinary network", '  "127.0.0.0/8",\n', ""],
    ["the broadcast address is an ordinary address", '  "255.255.255.255/32",\n', ""],
    ["0.0.0.0/8 is an ordinary network", '  "0.0.0.0/8",\n', ""],
  ]),
  ...mutantsOf("environments/rules/network-access.ts", tests, [
    ["ranges up to /7 count as named", "prefixLength(cidr) < 8", "prefixLength(cidr) < 7"],
    ["only 0.0.0.0/0 counts as any source", "prefixLength(cidr) < 8", "prefixLength(cidr) < 1"],
    ["a /8 counts as any source", "prefixLength(cidr) < 8", "prefixLength(cidr) <= 8"],
    ["port 22 is open for nobody", "    ...somebodyMayUseSsh(read),\n", ""],
    ["deployers' ranges may all be private", "    ...deployersReachWhatTheyDeploy(read),\n", ""],
    [
      "deployers of web apps may all be private",
      "if (webApps.length === 0) return [];",
      "if (webApps.length >= 0) return [];",
    ],
    ["one network in two rules", "    ...sourcesDiffer(read),\n", ""],
  ]),
  ...mutantsOf("environments/rules/network.ts", tests, [
    [
      "a private zone hides names of Azure",
      "    ...Object.values(azureClouds).flatMap(({ domains }) => domains),\n",
      "",
    ],
    ...["microsoft.com", "hashicorp.com", "ubuntu.com"].map(
      (domain) => [`a private zone hides ${domain}`, `    "${domain}",\n`, ""] as const,
    ),
    ["a zone of the name itself hides it", "`.${zone}`.endsWith", "`${zone}`.endsWith"],
    ["subnets may overlap", "overlap(one.cidr, cidr)", "one.cidr === cidr"],
    ["the web apps' subnet may be a /29", 'name === "webApp" || name ===', "name ==="],
    ["the private endpoints' subnet may be a /29", ' || name === "privateEndpoints" ? 28', " ? 28"],
    ["MySQL's subnet may be a /30", '"privateEndpoints" ? 28 : 29', '"privateEndpoints" ? 28 : 30'],
    ["subnets are anywhere", "!contains(space, cidr)", "false"],
  ]),
  ...mutantsOf("environments/addresses.ts", tests, [
    ["Azure keeps four addresses of a subnet", "- 5", "- 4"],
    ["private ranges count as public", 'range === "unicast"', 'range === "private" || range === "unicast"'],
  ]),
  ...mutantsOf(
    "environments/addresses.ts",
    ["environments/addresses"],
    [
      [
        "both halves of a network begin with it",
        "halfWith(IPv4.broadcastAddressFromCIDR(cidr))",
        "halfWith(IPv4.networkAddressFromCIDR(cidr))",
      ],
    ],
  ),
  ...mutantsOf("environments/rules/vault-certificate.ts", tests, [
    [
      "a certificate is renewed on its first day",
      "renewDaysBeforeExpiry < given.validityInMonths * 28",
      "renewDaysBeforeExpiry <= given.validityInMonths * 28",
    ],
  ]),
  ...mutantsOf("environments/rules/vault.ts", tests, [
    ["a certificate is renewed before it is made", "    ...certificateOutlivesItsRenewal(read),\n", ""],
    ["a single recovery share is enough", "threshold === 1 && shares > 1", "threshold === 1 && shares > 2"],
    ["more shares are needed than there are", "threshold > shares", "threshold > shares + 1"],
    ["a threshold of all shares is refused", "threshold > shares", "threshold >= shares"],
    ["another checksum than the known one", "    ...checksumIsTheKnownOne(read),\n", ""],
  ]),
  ...mutantsOf("environments/rules.ts", tests, [
    ["a standby of a burstable server", "    mysqlRules,\n", ""],
    ["one subscription twice", "    subscriptionRules,\n", ""],
    ["one transit key twice", "    transitKeyRules,\n", ""],
  ]),
  ...mutantsOf("environments/rules/web-app-plan.ts", tests, [
    ["four workers on Basic", '? 3 : sku?.startsWith("S")', '? 4 : sku?.startsWith("S")'],
    ["eleven workers on Standard", "? 10 : 30", "? 11 : 30"],
    ["one worker in two zones", "workers > 1", "workers > 0"],
    ["autoscale on Basic", '?.startsWith("B")) {', '?.startsWith("X")) {'],
    ["autoscale to the number that is there", "workers < most", "workers <= most"],
  ]),
  ...mutantsOf("environments/rules/azure-cloud.ts", tests, [
    ["a region is in another cloud", "cloudWith(region) === name) return []", "true) return []"],
    ["MySQL's standby is in a region without zones", "offer[needs] || ", "true || "],
  ]),
  ...mutantsOf("environments/rules/people.ts", tests, [
    ["a deployer reads the recovery keys", "...recoveryKeyReadersAreNotDeployers(read), ", ""],
    [
      "object ids differ in upper case",
      'read(schema, ...list, index, "objectId")?.toLowerCase()',
      'read(schema, ...list, index, "objectId")',
    ],
  ]),
  ...mutantsOf("environments/rules/tags.ts", tests, [
    ["14 tags", "const most = 15 - ownTags.length;", "const most = 16 - ownTags.length;"],
  ]),
  ...mutantsOf("environments/rules/lifetime.ts", tests, [
    ["tokens live longer than Vault grants", 'const systemMaxTtl = "768h";', 'const systemMaxTtl = "769h";'],
    ["an equal TTL is too long", "seconds(value) > seconds(limit)", "seconds(value) >= seconds(limit)"],
  ]),
  ...mutantsOf("environments/rules/database-roles.ts", tests, [
    [
      "a database role grants to others",
      '["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES"],',
      '["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES", "GRANT OPTION"],',
    ],
    [
      "any text is a privilege",
      '["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES"],',
      '["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES", "SUPER"],',
    ],
  ]),
  ...mutantsOf("environments/rules/web-apps.ts", tests, [
    ["counted tokens hold leases", "    ...countedTokensHoldNoLease(read),\n", ""],
    ["a login is half described", "    ...loginsAreComplete(read),\n", ""],
  ]),
  ...mutantsOf("environments/rules/across-subjects.ts", tests, [
    ["signed-in-user deploys beside others", "ids.length > 1", "ids.length > 2"],
    ["signed-in-user shares a state", "if (shared) {", "if (false) {"],
    ["clients' ranges may all be private", "    ...clientsReachWebApps(read),\n", ""],
    ["a lease outlives its token", "    ...leasesEndBeforeTheirTokens(read),\n", ""],
    ["a workload takes the name of Vault's VM", '[["vault", "Vault\'s own VM"]]', "[]"],
  ]),
  ...mutantsOf(
    "environments/policy-paths.ts",
    ["environments/policy-paths"],
    [
      [
        "a workload exports keys",
        '["encrypt", "decrypt", "rewrap", "hmac", "verify"]',
        '["encrypt", "decrypt", "rewrap", "hmac", "verify", "export"]',
      ],
      [
        "a workload changes keys",
        'paths.set(`transit/keys/${key}`, "read")',
        'paths.set(`transit/keys/${key}`, "update")',
      ],
    ],
  ),
  ...readdirSync(join(project, "environments/rules")).flatMap((file) =>
    looserBounds(`environments/rules/${file}`),
  ),
];

/** Loosens every `.min(` and `.max(` with a number by one. */
function looserBounds(file: string): Mutant[] {
  const text = readFileSync(join(project, file), "utf8");
  return [...text.matchAll(/\.(min|max)\((\s*)([\d_]+),/g)].flatMap(
    ({ 0: bound, 1: way, 2: space, 3: number = "", index }) => {
      const looser = Number(number.replaceAll("_", "")) + (way === "max" ? 1 : -1);
      if (looser < 0) return [];
      // Long enough to occur only once in the file.
      const before = text.slice(Math.max(0, index - 400), index);
      return [
        {
          what: `${looser} is not too ${way === "max" ? "much" : "little"} (line ${text.slice(0, index).split("\n").length})`,
          file,
          find: `${before}${bound}`,
          put: `${before}.${way}(${space}${looser},`,
          tests,
        },
      ];
    },
  );
}
