import { environmentJsonSchema, type JsonSchema } from "../../environments/documentation/json-schema";
import { valueAt } from "../../environments/read";
import { demo, type EnvironmentFile, sentencesFor, setAt } from "./files";
import { type Field, fieldsOf } from "./schema-fields";

/** A file with an entry in every list, and no rule about other fields that a single mistake would break. */
function file(): EnvironmentFile {
  const id = (digit: string) => `${digit.repeat(8)}-${digit.repeat(4)}-4444-8444-${digit.repeat(12)}`;
  const inGroup = `/subscriptions/${id("5")}/resourceGroups/rg/providers`;
  const { location, name } = demo();
  return {
    name,
    location,
    tags: { extra: "x" },
    tagsFromPolicy: ["Owner"],
    deployers: [{ name: "Jo", objectId: id("5") }],
    deployerLogin: { clientId: id("6"), appRole: "Vault.Deploy" },
    recoveryKeyReaders: [{ name: "Al", objectId: id("7") }],
    additionalSubscriptions: [id("8")],
    network: {
      deployerRanges: [{ name: "vpn", cidr: "192.168.0.0/24" }],
      deployerSubnets: [
        { name: "runners", id: `${inGroup}/Microsoft.Network/virtualNetworks/vnet/subnets/snet` },
      ],
      clientRanges: [{ name: "home", cidr: "198.51.100.0/24" }],
      sshRanges: [{ name: "ssh", cidr: "203.0.113.0/24" }],
      sshAdministrators: [{ name: "Root", objectId: id("9") }],
    },
    state: { backend: "azurerm", resourceGroup: "rg", storageAccount: "ststate", container: "state" },
    vault: {
      ...{ version: "2.0.3", zones: ["1"], recoveryShares: 5, recoveryThreshold: 3 },
      tls: { source: "generated", validityInMonths: 12, renewDaysBeforeExpiry: 30 },
    },
    mysql: { sku: "GP_Standard_D2ds_v4", highAvailability: true },
    webAppPlan: { sku: "P1v3", workers: 2, maxWorkers: 3, zoneRedundant: true },
    transitKeys: ["archive-key", "customer-key"],
    databaseRoles: { extra: { privileges: ["SELECT"], defaultTtl: "1h", maxTtl: "1h" } },
    webApps: [
      {
        ...{ name: "webapp", databaseRole: "extra", paths: ["transit/keys/customer-key"] },
        ...{ requireLogin: true, login: { clientId: id("6") } },
      },
    ],
    agentVms: [{ name: "agent", databaseRole: "extra", paths: ["transit/keys/customer-key"] }],
    evidenceWorkspace: `${inGroup}/Microsoft.OperationalInsights/workspaces/log`,
    alerts: {
      emails: [{ name: "On call", address: "on-call@example.com" }],
      actionGroups: [`${inGroup}/Microsoft.Insights/actionGroups/ag`],
    },
  };
}

const isContainer = ({ type, oneOf }: JsonSchema): boolean =>
  type === "array" || type === "object" || oneOf !== undefined;
const fields = fieldsOf(environmentJsonSchema());
const named = (found: readonly Field[]) =>
  found.map(({ path }) => [path.join(".").replace(/\.(\d+)/g, "[$1]"), path] as const);

describe("A file without mistakes", () => {
  it("is accepted", () => {
    expect(sentencesFor(file())).toEqual([]);
  });
});

describe("A mistake causes a message about itself only:", () => {
  it.each(named(fields.filter(({ schema }) => isContainer(schema))))(
    "another kind instead of the list or object %s",
    (field, path) => {
      for (const [wrong, kind] of [
        ["text", "a string"],
        [3, "a whole number"],
        [null, "null"],
        [true, "true or false"],
      ] as const) {
        const [sentence, ...others] = sentencesFor(setAt(file(), path, wrong));
        expect([wrong, others]).toEqual([wrong, []]);
        expect(sentence).toMatch(/: is .* but should be (an object|a list); correct it/);
        expect(sentence).toContain(`${field}: is ${kind}`);
      }
    },
  );

  it.each(named(fields.filter(({ schema }) => !isContainer(schema))))(
    "an object, a list or null instead of %s",
    (field, path) => {
      for (const wrong of [{ a: { b: 1 } }, [[]], null]) {
        expect([wrong, sentencesFor(setAt(file(), path, wrong))]).toEqual([
          wrong,
          [expect.stringContaining(`${field}: `)],
        ]);
      }
    },
  );

  it.each(named(fields.filter(({ schema }) => schema.type === "array" && schema.items?.type === "string")))(
    "two numbers before the texts %s",
    (field, path) => {
      const texts = (valueAt(file(), path) ?? []) as string[];
      const sentences = sentencesFor(setAt(file(), path, [3, 3, ...texts]));
      expect(sentences.filter((sentence) => !sentence.startsWith(field))).toEqual([]);
      expect(sentences.filter((sentence) => /already|twice/.test(sentence))).toEqual([]);
      expect(sentences).toHaveLength(2);
    },
  );
});
