import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environmentDocumentation } from "../../environments/documentation/environments-page";
import { environmentJsonSchema } from "../../environments/documentation/json-schema";
import { printJson } from "../../environments/documentation/print-json";
import { environmentNames, loadEnvironment } from "../../environments/load";
import { valueAt } from "../../environments/read";
import { environmentSchema } from "../../environments/schema";
import { longTests } from "../long-tests";
import { type EnvironmentFile, sentencesFor, setAt } from "./files";
import { fieldsOf } from "./schema-fields";

const project = join(__dirname, "../..");
const read = (file: string) => readFileSync(join(project, file), "utf8");

describe("The files that are generated from the schema", () => {
  it("include an up-to-date environments/schema.json (else: npm run generate)", () => {
    expect(read("environments/schema.json")).toBe(printJson(environmentJsonSchema()));
  });

  it("include an up-to-date docs/environments.md (else: npm run generate)", () => {
    expect(read("docs/environments.md")).toBe(environmentDocumentation());
  });

  it("link in docs/environments.md only to existing sections", () => {
    const text = environmentDocumentation();
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^a-z0-9_ -]/g, "")
        .replaceAll(" ", "-"),
    );
    const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, target]) => target);
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((target) => !headings.includes(target ?? ""))).toEqual([]);
    expect(new Set(headings).size).toBe(headings.length);
  });
});

describe("The shipped environments", () => {
  it("are demo and production", () => {
    expect(environmentNames()).toEqual(["demo", "production"]);
  });

  it.each(environmentNames())("%s is usable, and names its schema for editors", (name) => {
    expect(loadEnvironment(name).name).toBe(name);
    expect(JSON.parse(read(`environments/${name}.json`)).$schema).toBe("./schema.json");
  });

  it.each(environmentNames())(
    "%s has no range open to any source and no address or id of a real company",
    (name) => {
      const { deployers, recoveryKeyReaders, network } = loadEnvironment(name);
      const ids = [...deployers, ...recoveryKeyReaders, ...network.sshAdministrators].map(
        ({ objectId }) => objectId,
      );
      expect(
        ids.filter((id) => !/^(?:signed-in-user|(\d)\1{7}-\1{4}-4\1{3}-8\1{3}-\1{12})$/.test(id)),
      ).toEqual([]);
      const ranges = [...network.deployerRanges, ...network.clientRanges, ...network.sshRanges];
      expect(
        ranges.filter(({ cidr }) => !/^(?:10\.|203\.0\.113\.|198\.51\.100\.|192\.0\.2\.)/.test(cidr)),
      ).toEqual([]);
      expect(network.allowAnySource).toBe(false);
    },
  );
});

describe("Every field that an editor offers", () => {
  const fields = fieldsOf(environmentJsonSchema()).filter(({ isEntry }) => !isEntry);

  it("has a description that ends in a period, and a title", () => {
    expect(fields.length).toBeGreaterThan(70);
    const poor = fields.filter(({ schema: { description, title } }) => !description?.endsWith(".") || !title);
    expect(poor.map(({ path }) => path.join("."))).toEqual([]);
  });

  it("has the documented default, which applies if the field is missing", () => {
    const parsed = environmentSchema.parse(leastFile());
    // The minimal file contains an entry for each list. The default of a list is empty.
    const withDefault = fields.filter(
      ({ path, schema }) => schema.default !== undefined && valueAt(leastFile(), path) === undefined,
    );
    expect(withDefault.length).toBeGreaterThan(40);
    for (const { path, schema } of withDefault) {
      // An object's own default leaves the fields to their defaults.
      const isObject = schema.properties || schema.oneOf;
      const documented = isObject ? expect.objectContaining(schema.default as object) : schema.default;
      expect({ path, value: valueAt(parsed, path) }).toEqual({ path, value: documented });
    }
  });

  const wrong: [string, unknown][] = [
    ["an empty string", ""],
    ["a large number", 1e9],
    ["null", null],
    ["an object", { a: { b: 1 } }],
  ];
  const moreWrong: typeof wrong = [
    ["600 letters", "x".repeat(600)],
    ["a fraction", -0.5],
    ["a list", [""]],
  ];
  it.each([...wrong, ...(longTests ? moreWrong : [])])(
    "is refused in this project's own words with %s: a problem and a cure",
    (_kind, value) => {
      for (const { path } of fields) {
        const sentences = sentencesFor(setAt(leastFile(), path, value), "test");
        expect(sentences.filter((sentence) => !/^\S+: .+[;(] ?.+\.$/.test(sentence))).toEqual([]);
        expect(
          sentences.filter((sentence) => /Invalid|Too (?:big|small)|[Ee]xpected/.test(sentence)),
        ).toEqual([]);
      }
    },
  );
});

/** A file with an entry in every list and no optional field. */
function leastFile(): EnvironmentFile {
  const person = (digit: number) => ({
    name: "Jo",
    objectId: "44444444-4444-4444-8444-444444444444".replaceAll("4", String(digit)),
  });
  return {
    name: "test",
    location: "westeurope",
    deployers: [person(4)],
    recoveryKeyReaders: [person(5)],
    network: {
      deployerRanges: [{ name: "office", cidr: "203.0.113.0/24" }],
      clientRanges: [{ name: "home", cidr: "198.51.100.0/24" }],
      sshRanges: [{ name: "ssh", cidr: "203.0.113.0/24" }],
      sshAdministrators: [person(6)],
    },
    webApps: [{ name: "webapp" }],
    agentVms: [{ name: "agent", databaseRole: "short" }],
  };
}
