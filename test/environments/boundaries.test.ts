import schema from "../../environments/schema.json";
import { demo, type EnvironmentFile, sentencesFor, setAt } from "./files";

type Change = (file: EnvironmentFile) => void;

/** Returns the messages about one field of a changed file. */
function problemsOf(field: string, ...changes: readonly Change[]): string[] {
  const file = demo();
  for (const change of changes) change(file);
  return sentencesFor(file).filter((sentence) => sentence.startsWith(`${field}:`));
}

/** Sets the value at a path such as `vault.tls.source` or `agentVms[0].count`. */
function set(field: string, value: unknown): Change {
  const keys = field.split(/[.[\]]+/).filter((key) => key !== "");
  return (file) => setAt(file, keys, value);
}

const renewal = set("vault.tls", { source: "generated", validityInMonths: 24 });
const reader = set("recoveryKeyReaders", [{ objectId: "44444444-4444-4444-8444-44444444abcd" }]);
const administrator = set("network.sshAdministrators", [
  { objectId: "44444444-4444-4444-8444-44444444abcd" },
]);
const runners = set("network.deployerSubnets", [
  {
    id: `/subscriptions/${"4".repeat(36)}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/s`,
  },
]);
const noDatabase = (file: EnvironmentFile): void => {
  file.webApps[0] = { name: "webapp" };
};

/** The lowest and the highest value of every number, length and count with a bound. */
const bounds: readonly (readonly [
  field: string,
  lowest: number | undefined,
  highest: number | undefined,
  given?: Change,
])[] = [
  ["vault.osDiskGb", 30, 4095],
  ["vault.dataDiskGb", 4, 32_767],
  ["vault.tls.validityInMonths", 1, 24, set("vault.tls", { source: "generated", renewDaysBeforeExpiry: 7 })],
  ["vault.tls.renewDaysBeforeExpiry", 7, 180, renewal],
  ["vault.snapshots.retentionDays", 1, 365],
  ["vault.recoveryShares", 1, 255],
  ["vault.recoveryThreshold", 2, 255, set("vault.recoveryShares", 255)],
  ["mysql.storageGb", 20, 16_384],
  ["mysql.backupRetentionDays", 1, 35],
  ["mysql.passwordVersion", 1, 1_000_000],
  ["mysql.slowQuerySeconds", 0, 3600],
  ["webApps[0].tokenNumUses", 1, 1_000_000, noDatabase],
  ["webAppPlan.workers", 1, 30, set("webAppPlan", { sku: "P1v3" })],
  ["webAppPlan.maxWorkers", 2, 30, set("webAppPlan", { sku: "P1v3" })],
  ["agentVms[0].count", 1, 50],
  ["agentVms[0].osDiskGb", 30, 4095],
  ["logRetentionDays", 30, 730],
];

const text = (length: number) => "x".repeat(length);
const ranges = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `range-${index}`, cidr: `203.0.113.${index}/32` }));
const subnets = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: "runners",
    id: `/subscriptions/${"4".repeat(36)}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/s${index}`,
  }));
const somebody = set("network.sshAdministrators", [
  { name: "Jo", objectId: "44444444-4444-4444-8444-44444444abcd" },
]);
const workspace = set(
  "evidenceWorkspace",
  `/subscriptions/${"4".repeat(36)}/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/w`,
);
const receivers = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: `Receiver ${index}`,
    address: `r${index}@example.com`,
  }));
const actionGroups = (count: number) =>
  Array.from(
    { length: count },
    (_, index) =>
      `/subscriptions/${"4".repeat(36)}/resourceGroups/rg/providers/Microsoft.Insights/actionGroups/ag-${index}`,
  );
const names = (count: number) => Array.from({ length: count }, (_, index) => `name-${index}`);

/** Bounds of a text's length or a list's count. */
const sizes: readonly (readonly [
  field: string,
  lowest: number | undefined,
  highest: number | undefined,
  of: (size: number) => unknown,
  given?: Change,
])[] = [
  ["tags.owner", undefined, 256, text],
  ["tagsFromPolicy", undefined, 50, names],
  ["deployers", 1, undefined, (count) => demo().deployers.slice(0, count)],
  ["deployers[0].name", 1, 100, text],
  ["recoveryKeyReaders[0].name", 1, 100, text, reader],
  ["network.deployerRanges", 1, 100, ranges],
  ["network.deployerSubnets", undefined, 100, subnets],
  ["network.deployerSubnets[0].name", 1, 100, text, runners],
  [
    "network.clientRanges",
    undefined,
    100,
    ranges,
    set("network.deployerRanges", [{ name: "office", cidr: "198.51.100.0/24" }]),
  ],
  ["network.sshRanges", undefined, 100, ranges, somebody],
  ["network.sshAdministrators[0].name", 1, 100, text, administrator],
  [
    "databaseRoles.extra.privileges",
    1,
    undefined,
    (count) => names(count).map(() => "SELECT"),
    set("databaseRoles.extra", { defaultTtl: "1h", maxTtl: "1h" }),
  ],
  ["vault.zones", 1, undefined, (count) => ["1", "2", "3"].slice(0, count)],
  ["transitKeys", 1, undefined, (count) => ["customer-key"].slice(0, count)],
  ["alerts.emails", undefined, 50, receivers, workspace],
  ["alerts.actionGroups", undefined, 4, actionGroups, workspace],
];

const all = [
  ...bounds.map(([field, lowest, highest, given = () => {}]) => ({
    field,
    lowest,
    highest,
    of: (it: number): unknown => it,
    given,
  })),
  ...sizes.map(([field, lowest, highest, of, given = () => {}]) => ({ field, lowest, highest, of, given })),
];

describe("The bounds of an environment:", () => {
  it.each(all)("$field accepts exactly $lowest to $highest", ({ field, lowest, highest, of, given }) => {
    const accepted = [lowest, highest].filter((it) => it !== undefined);
    const refused = [
      lowest !== undefined && lowest > 0 ? lowest - 1 : undefined,
      highest !== undefined ? highest + 1 : undefined,
    ];
    for (const value of accepted)
      expect([value, problemsOf(field, given, set(field, of(value)))]).toEqual([value, []]);
    for (const value of refused.filter((it) => it !== undefined))
      expect([value, problemsOf(field, given, set(field, of(value)))]).toEqual([value, [expect.any(String)]]);
  });

  it("are all in this table", () => {
    const bounded = boundedFields(schema, "").map((field) =>
      field
        .replaceAll("[]", "[0]")
        .replace("tags.*", "tags.owner")
        .replace("databaseRoles.*", "databaseRoles.extra"),
    );
    expect([...new Set(bounded)].sort()).toEqual(all.map(({ field }) => field).sort());
  });
});

describe("Deployers with only private addresses", () => {
  const privately = set("network.deployerRanges", [{ name: "vpn", cidr: "192.168.0.0/24" }]);
  const endpoints = set("network.subnets.privateEndpoints", "10.20.5.0/28");
  const noWebApps = set("webApps", []);
  const sentences = (...changes: Change[]) => problemsOf("network.deployerRanges", ...changes);

  it("reach private endpoints, and so need no public address if there are no web apps", () => {
    expect(sentences(privately, noWebApps)).toHaveLength(1);
    expect(sentences(privately, endpoints)).toHaveLength(1);
    expect(sentences(privately, endpoints, noWebApps)).toEqual([]);
  });

  it("deploy web apps from a subnet with service endpoints", () => {
    const named = set("network.deployerSubnets", subnets(1));
    expect(sentences(privately, endpoints, named)).toEqual([]);
  });
});

/** Returns the fields of a JSON schema that have a written bound. */
function boundedFields(node: unknown, path: string): string[] {
  if (Array.isArray(node)) return node.flatMap((one) => boundedFields(one, path));
  if (typeof node !== "object" || node === null) return [];
  const entries = Object.entries(node);
  const isBounded = entries.some(([key]) => /^(minimum|maximum|(min|max)(Items|Length))$/.test(key));
  return [
    ...(isBounded ? [path] : []),
    ...entries.flatMap(([key, inner]) => {
      if (key === "properties")
        return Object.entries(inner as object).flatMap(([name, field]) =>
          boundedFields(field, path === "" ? name : `${path}.${name}`),
        );
      if (key === "items") return boundedFields(inner, `${path}[]`);
      if (key === "additionalProperties") return boundedFields(inner, `${path}.*`);
      return ["anyOf", "oneOf", "allOf"].includes(key) ? boundedFields(inner, path) : [];
    }),
  ];
}

describe("A range", () => {
  const clients = (cidr: string) =>
    problemsOf("network.clientRanges[0].cidr", set("network.clientRanges", [{ name: "them", cidr }]));

  it.each(["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/2", "64.0.0.0/6", "8.0.0.0/7"])(
    "of %s is any source",
    (cidr) => {
      expect(clients(cidr)).toEqual([expect.stringContaining("admits (nearly) any address")]);
    },
  );

  it("of a /8 is a named range", () => {
    expect(clients("9.0.0.0/8")).toEqual([]);
  });

  const special = [
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "168.63.129.16/32",
    "224.0.0.0/8",
    "239.255.255.255/32",
    "255.255.255.255/32",
  ];

  it.each(special)("of %s belongs to nobody, as a client or as the virtual network", (cidr) => {
    expect(clients(cidr)).toEqual([expect.stringContaining("is not an address of a client network")]);
    expect(problemsOf("network.addressSpace", set("network.addressSpace", cidr))).toEqual([
      expect.stringMatching(/overlaps .*, which Azure reserves/),
    ]);
  });

  it.each([
    "1.0.0.0/8",
    "126.0.0.0/8",
    "128.0.0.0/8",
    "169.253.0.0/16",
    "169.255.0.0/16",
    "168.63.129.15/32",
    "168.63.129.17/32",
    "223.0.0.0/8",
  ])("of %s, next to such a network, is a client's address", (cidr) => {
    expect(clients(cidr)).toEqual([]);
  });

  it("of a virtual network overlaps none of these", () => {
    expect(problemsOf("network.addressSpace", set("network.addressSpace", "168.63.0.0/16"))).toHaveLength(1);
    expect(problemsOf("network.addressSpace", set("network.addressSpace", "160.0.0.0/4"))).toHaveLength(1);
  });
});

describe("A private zone", () => {
  const problems = (zone: string) =>
    problemsOf("network.privateDnsZone", set("network.privateDnsZone", zone));
  const needed = [
    "azure.com",
    "azure.net",
    "windows.net",
    "microsoftonline.com",
    "microsoft.com",
    "hashicorp.com",
    "ubuntu.com",
  ];

  it.each(needed.flatMap((domain) => [domain, `releases.${domain}`]))(
    "%s would hide names that the VMs need",
    (zone) => {
      const [, domain] = /((?:\w+)\.(?:\w+))$/.exec(zone) ?? [];
      expect(problems(zone)).toEqual([expect.stringContaining(`would hide names of ${domain}`)]);
    },
  );

  it.each(needed.map((domain) => `my${domain}`))("%s hides nothing", (zone) => {
    expect(problems(zone)).toEqual([]);
  });

  it("has 57 characters at most", () => {
    const zone = (length: number) => `${"a".repeat(length - ".internal".length)}.internal`;
    expect([problems(zone(57)).length, problems(zone(58)).length]).toEqual([0, 1]);
  });
});

describe("A subnet", () => {
  it.each([
    ["vault", "10.20.1.0/29", "10.20.1.0/30"],
    ["mysql", "10.20.2.0/29", "10.20.2.0/30"],
    ["webApp", "10.20.3.0/28", "10.20.3.0/29"],
    ["agents", "10.20.4.0/29", "10.20.4.0/30"],
    ["privateEndpoints", "10.20.5.0/28", "10.20.5.0/29"],
  ])("of %s can be %s, but not %s", (name, smallest, smaller) => {
    const field = `network.subnets.${name}`;
    expect(problemsOf(field, set(field, smallest))).toEqual([]);
    expect(problemsOf(field, set(field, smaller))).toEqual([
      expect.stringContaining("is too small for Azure"),
    ]);
  });

  it("has addresses for each of its VMs and workers, without Azure's five", () => {
    const agents = (count: number) =>
      problemsOf(
        "network.subnets.agents",
        set("network.subnets.agents", "10.20.4.0/29"),
        set("agentVms[0].count", count),
      );
    expect([agents(3).length, agents(4).length]).toEqual([0, 1]);
    for (const field of ["workers", "maxWorkers"]) {
      const workers = (count: number) =>
        problemsOf(
          "network.subnets.webApp",
          set("network.subnets.webApp", "10.20.3.0/28"),
          set("webAppPlan", { sku: "P1v3", [field]: count }),
        );
      expect([workers(11).length, workers(12).length]).toEqual([0, 1]);
    }
  });

  it("ends where the next one begins", () => {
    const field = "network.subnets.agents";
    expect(problemsOf(field, set(field, "10.20.0.0/24"))).toEqual([]);
    expect(problemsOf(field, set(field, "10.20.3.128/25"))).toHaveLength(1);
    expect(problemsOf(field, set(field, "10.20.0.0/22"))).toHaveLength(3);
    expect(problemsOf(field, set(field, "10.20.255.0/24"))).toEqual([]);
    expect(problemsOf(field, set(field, "10.21.0.0/24"))).toHaveLength(1);
  });
});

describe("Bounds that two fields share:", () => {
  it("a certificate is renewed on its second day at the earliest", () => {
    const field = "vault.tls.renewDaysBeforeExpiry";
    const renewed = (days: number) =>
      problemsOf(
        field,
        set("vault.tls", { source: "generated", validityInMonths: 1, renewDaysBeforeExpiry: days }),
      );
    expect([renewed(27).length, renewed(28).length]).toEqual([0, 1]);
  });

  it.each([
    [1, 1, 0],
    [2, 1, 1],
    [3, 1, 1],
    [255, 1, 1],
    [2, 2, 0],
    [3, 3, 0],
    [3, 4, 1],
  ])("%i recovery shares with a threshold of %i: %i problems", (shares, threshold, count) => {
    expect(
      problemsOf(
        "vault.recoveryThreshold",
        set("vault.recoveryShares", shares),
        set("vault.recoveryThreshold", threshold),
      ),
    ).toHaveLength(count);
  });

  it.each<[string, Change, number, string]>([
    ["vault.recoveryThreshold", set("vault.recoveryShares", 255), 256, "is more than 255 shares"],
    ["vault.recoveryThreshold", set("vault.recoveryShares", 1), 0, "is less than one share"],
    ["webAppPlan.workers", set("webAppPlan", { sku: "P1v3" }), 31, "is more than 30 workers"],
  ])("%s: the message names its own bound before the other field's", (field, given, value, sentence) => {
    expect(problemsOf(field, given, set(field, value))).toEqual([expect.stringContaining(sentence)]);
  });

  it.each([
    ["B3", 3, 0],
    ["B3", 4, 1],
    ["S1", 10, 0],
    ["S1", 11, 1],
    ["P1v3", 30, 0],
  ])("a plan %s with %i workers: %i problems", (sku, workers, count) => {
    expect(problemsOf("webAppPlan.workers", set("webAppPlan", { sku, workers }))).toHaveLength(count);
  });

  it.each([
    ["P1v3", 2, 0],
    ["P1v3", 1, 1],
    ["S1", 2, 1],
  ])("zone redundancy of a plan %s with %i workers: %i problems", (sku, workers, count) => {
    expect(
      problemsOf("webAppPlan.zoneRedundant", set("webAppPlan", { sku, workers, zoneRedundant: true })),
    ).toHaveLength(count);
  });

  it.each<[string, Change, string, string]>([
    ["vault.deployerTokenTtl", () => {}, "768h", "769h"],
    ["webApps[0].tokenTtl", noDatabase, "768h", "46081m"],
    ["agentVms[0].tokenTtl", () => {}, "1h", "61m"],
    ["agentVms[0].tokenMaxTtl", () => {}, "60m", "3601s"],
    [
      "databaseRoles.extra.defaultTtl",
      set("databaseRoles.extra", { privileges: ["SELECT"], maxTtl: "2h" }),
      "2h",
      "121m",
    ],
    [
      "databaseRoles.extra.maxTtl",
      set("databaseRoles.extra", { privileges: ["SELECT"], defaultTtl: "1h" }),
      "768h",
      "33d",
    ],
  ])("%s", (field, given, longest, longer) => {
    expect(problemsOf(field, given, set(field, longest))).toEqual([]);
    expect(problemsOf(field, given, set(field, longer))).toEqual([expect.stringContaining("is more than")]);
  });

  it.each([
    ["5m", 0],
    ["7d", 0],
    ["168h", 0],
    ["4m", 1],
    ["169h", 1],
    ["8d", 1],
    ["300s", 1],
  ])("snapshots every %s: %i problems", (interval, count) => {
    expect(problemsOf("vault.snapshots.interval", set("vault.snapshots", { interval }))).toHaveLength(count);
  });

  it("a token lives as long as its credentials", () => {
    const role = (maxTtl: string) =>
      set("databaseRoles", {
        long: { privileges: ["SELECT"], defaultTtl: "1m", maxTtl },
        short: { privileges: ["SELECT"], defaultTtl: "1m", maxTtl: "1m" },
      });
    const app = set("webApps", [{ name: "webapp", databaseRole: "long", tokenTtl: "24h" }]);
    expect(problemsOf("webApps[0].tokenTtl", role("24h"), app)).toEqual([]);
    expect(problemsOf("webApps[0].tokenTtl", role("1441m"), app)).toHaveLength(1);
  });
});

describe("A database role", () => {
  const problems = (privilege: string) =>
    problemsOf(
      "databaseRoles.extra.privileges[0]",
      set("databaseRoles.extra", { privileges: [privilege], defaultTtl: "1h", maxTtl: "1h" }),
    );

  it.each(["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES"])(
    "may have %s",
    (privilege) => {
      expect(problems(privilege)).toEqual([]);
    },
  );

  it.each([
    ...[
      "ALL",
      "ALL PRIVILEGES",
      "GRANT OPTION",
      "SUPER",
      "FILE",
      "PROCESS",
      "RELOAD",
      "CREATE USER",
      "TRIGGER",
      "EVENT",
    ],
    ...["EXECUTE", "CREATE ROUTINE", "CREATE VIEW", "LOCK TABLES", "select", "SELECT, GRANT OPTION", ""],
  ])("cannot have %j", (privilege) => {
    expect(problems(privilege)).toHaveLength(1);
  });
});

it("A plan's largest number of workers has bounds of its own, besides those of its SKU", () => {
  const problems = (maxWorkers: number) =>
    problemsOf("webAppPlan.maxWorkers", set("webAppPlan", { sku: "P1v3", maxWorkers }));
  expect(problems(1).join()).toContain("is less than two workers");
  expect(problems(31).join()).toContain("is more than 30 workers");
});
