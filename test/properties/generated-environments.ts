import * as fc from "fast-check";
import type { EnvironmentFile } from "../environments/files";

/** Settings, each of which may be missing. */
function settings(fields: Record<string, fc.Arbitrary<unknown>>) {
  return fc.record(fields, { requiredKeys: [] });
}

const guid = fc.uuid({ version: 4 });
const zone = fc.constantFrom("1", "2", "3");
const vmSize = fc.constantFrom(
  "Standard_D2s_v3",
  "Standard_D2s_v6",
  "Standard_D4s_v5",
  "Standard_B2ms",
  "Standard_E4ds_v5",
);
const resourceGroup = fc.constantFrom("rg-state", "RG_(state).1");
const transitKeys = ["customer-key", "k", `k${"-long".repeat(12)}`];
const databaseRoles = {
  short: { privileges: ["SELECT"], defaultTtl: "3m", maxTtl: "6m" },
  [`r${"-long".repeat(6)}`]: { privileges: ["SELECT", "CREATE", "DROP"], defaultTtl: "1d", maxTtl: "30d" },
};
const databaseRole = fc.constantFrom(...Object.keys(databaseRoles));
const transit = transitKeys.flatMap((key) =>
  ["encrypt", "rewrap", "keys"].map((verb) => `transit/${verb}/${key}`),
);
const agentPaths = fc.subarray(["database/creds/short", ...transit]);
const transitPaths = fc.subarray(transit);
const paths = fc.subarray([
  ...Object.keys(databaseRoles).map((role) => `database/creds/${role}`),
  ...transit,
]);

/** Unique principals. The first letter of their ids distinguishes them from other lists. */
function principals(firstLetter: string, minLength: number, ...types: string[]) {
  const principal = fc.record({
    name: fc.constantFrom("Ada", "Über-Team & Söhne", '"quoted" \\ name'),
    objectId: guid.map((id) => `${firstLetter}${id.slice(1)}`),
    type: fc.constantFrom(...types),
  });
  return fc.uniqueArray(principal, { minLength, maxLength: 3, selector: ({ objectId }) => objectId });
}

/** Unique public networks. Their names and second octet distinguish them from other lists. */
function ranges(list: string, octet: number, minLength: number) {
  return fc.integer({ min: minLength, max: 4 }).map((count) =>
    Array.from({ length: count }, (_, index) => ({
      name: `${list}-${index}`,
      cidr: index === 0 ? `52.${octet}.0.0/${16 + count}` : `52.${octet}.255.${index}/32`,
    })),
  );
}

const network = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 28 }), fc.boolean(), fc.boolean())
  .chain(([octet, length, ssh, endpoints]) =>
    fc
      .record({
        addressSpace: fc.constant(`10.${octet}.0.0/16`),
        subnets: fc.constant({
          vault: `10.${octet}.0.0/${length}`,
          mysql: `10.${octet}.1.0/29`,
          webApp: `10.${octet}.2.0/${length - 1}`,
          agents: `10.${octet}.128.0/17`,
          ...(endpoints && { privateEndpoints: `10.${octet}.4.0/${length}` }),
        }),
        deployerRanges: ranges("deployers", 1, 1),
        sshRanges: ssh ? ranges("ssh", 2, 1) : fc.constant([]),
        sshAdministrators: principals("a", ssh ? 1 : 0, "User", "Group", "ServicePrincipal"),
      })
      .chain((required) =>
        settings({
          clientRanges: ranges("clients", 3, 0),
          privateDnsZone: fc.constantFrom("v.x", `${"long-label.".repeat(5)}at`),
        }).map((others) => ({ ...required, ...others })),
      ),
  );

const vault = settings({
  version: fc.constantFrom("1.21.4", "2.0.0", "2.2.2"),
  vmSize,
  zone,
  osDiskGb: fc.integer({ min: 30, max: 4095 }),
  dataDiskGb: fc.integer({ min: 4, max: 32_767 }),
  encryptionAtHost: fc.boolean(),
  edition: fc.constantFrom("community", "enterprise"),
  publicAddress: fc.boolean(),
  tls: fc.oneof(
    settings({
      validityInMonths: fc.integer({ min: 7, max: 24 }),
      renewDaysBeforeExpiry: fc.integer({ min: 7, max: 180 }),
    }).map((tls) => ({ source: "generated", ...tls })),
    fc.constant({ source: "existing", keyVault: "kv-1", resourceGroup: "rg-(1)", certificate: "Vault-1" }),
  ),
  keyVaultSku: fc.constantFrom("standard", "premium"),
  automaticRebootTime: fc.constantFrom("00:00", "23:59"),
  deployerTokenTtl: fc.constantFrom("90s", "768h"),
  firstBoot: fc.constantFrom("initialize", "adopt"),
});

const mysqlServer = settings({
  version: fc.constantFrom("8.0.21", "8.4"),
  storageGb: fc.integer({ min: 20, max: 16_384 }),
  backupRetentionDays: fc.integer({ min: 1, max: 35 }),
  geoRedundantBackup: fc.boolean(),
  databaseName: fc.constantFrom("d", `d${"_1".repeat(31)}`),
  administratorLogin: fc.constantFrom("a", `a${"_1".repeat(15)}`),
  passwordVersion: fc.integer({ min: 1, max: 1_000_000 }),
  slowQuerySeconds: fc.integer({ min: 0, max: 3600 }),
});

/** A standby needs another SKU than the burstable default. */
const mysqlSize = fc.oneof(
  fc.constant({}),
  fc.record({
    sku: fc.constantFrom("GP_Standard_D2ds_v4", "MO_Standard_E2ds_v4"),
    highAvailability: fc.boolean(),
  }),
);

const mysql = fc.tuple(mysqlServer, mysqlSize).map(([server, size]) => ({ ...server, ...size }));

const plan = fc.oneof(
  fc.record({ sku: fc.constantFrom("B1", "B3"), workers: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    sku: fc.constantFrom("P0v3", "P1v4"),
    workers: fc.integer({ min: 2, max: 6 }),
    zoneRedundant: fc.boolean(),
  }),
  fc.record({
    sku: fc.constantFrom("S1", "P1v3"),
    workers: fc.integer({ min: 2, max: 4 }),
    maxWorkers: fc.integer({ min: 5, max: 9 }),
  }),
);

const webApp = fc.oneof(
  // Credentials must not outlive the token.
  settings({ paths, databaseRole, tokenTtl: fc.constantFrom("30d", "768h") }),
  settings({
    paths: transitPaths,
    tokenTtl: fc.constantFrom("1m", "768h"),
    tokenNumUses: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ paths, requireLogin: fc.constant(true), login: fc.record({ clientId: guid }) }),
);

const agentVms = fc
  .record({ databaseRole: fc.constant("short"), paths: agentPaths, count: fc.integer({ min: 1, max: 3 }) })
  .chain((required) =>
    settings({ vmSize, zone, encryptionAtHost: fc.boolean(), tokenTtl: fc.constantFrom("1m", "1h") }).map(
      (others) => ({
        ...required,
        ...others,
      }),
    ),
  );

/** Web apps and VMs with unique names, including names of the system's own parts. */
const workloads = fc
  .uniqueArray(
    fc.oneof(
      fc.stringMatching(/^[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,6}){0,2}$/),
      fc.constantFrom("plan", "package", "monitoring", "network", "name", "x-1", "x", "constructor"),
    ),
    { maxLength: 6 },
  )
  .map((names) => names.filter((name) => name !== "vault" && name.length <= 24))
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.oneof(
          webApp.map((workload) => ({ webApp: { ...workload, name } })),
          agentVms.map((workload) => ({ agentVm: { ...workload, name } })),
        ),
      ),
    ),
  )
  .map((all) => ({
    webApps: all.flatMap((one) => ("webApp" in one ? [one.webApp] : [])),
    agentVms: all.flatMap((one) => ("agentVm" in one ? [one.agentVm] : [])),
  }));

const state = fc.oneof(
  fc.constant({ backend: "local" }),
  fc.record({
    backend: fc.constant("azurerm"),
    resourceGroup,
    storageAccount: fc.constant("st0"),
    container: fc.constant("vault-state"),
  }),
);

/** Valid environment files: each field with its shortest and longest value or missing, in combinations. */
export const environmentFiles: fc.Arbitrary<EnvironmentFile> = fc
  .record({
    name: fc.constantFrom("ab", "longestenv"),
    location: fc.constantFrom("westeurope", "eastus2"),
    deployers: principals("d", 1, "User", "ServicePrincipal"),
    network,
    vault,
    mysql,
    databaseRoles: fc.constant(databaseRoles),
    transitKeys: fc.constant(transitKeys),
    workloads,
    state,
    webAppPlan: plan,
  })
  .chain(({ workloads, ...required }) =>
    settings({
      tags: fc.dictionary(
        fc.stringMatching(/^[A-Z][A-Za-z0-9_.-]{0,20}$/),
        fc.string({ maxLength: 40 }).filter((text) => !/[$%]\{/.test(text)),
      ),
      deployerLogin: fc.record({ clientId: guid, appRole: fc.constantFrom("D", `V.-_${"a".repeat(116)}`) }),
      recoveryKeyReaders: principals("c", 0, "User", "Group", "ServicePrincipal"),
      additionalSubscriptions: fc.uniqueArray(guid, { maxLength: 2 }),
      logRetentionDays: fc.integer({ min: 30, max: 730 }),
      protectData: fc.boolean(),
    }).map((others) => ({ ...required, ...workloads, ...others })),
  );
