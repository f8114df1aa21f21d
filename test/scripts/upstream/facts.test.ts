import { execFile } from "node:child_process";
import { accessSync } from "node:fs";
import { join } from "node:path";
import { environmentNames, loadEnvironment } from "../../../environments/load";
import type { Fact, Result } from "../../../scripts/upstream/fact";
import { facts } from "../../../scripts/upstream/facts";
import { exitCodeOf, jsonReport, markdownReport, textReport } from "../../../scripts/upstream/report";
import { type Row, watch } from "../../../scripts/upstream/watch";
import { itTakesLong } from "../../long-tests";
import { type PinnedFact, pinnedFacts } from "./pinned-facts";
import { type Otherwise, RecordedSources } from "./recorded-sources";

const project = join(__dirname, "../../..");
const table = facts();

/** True if a row covers the fact, with its value or with `covers`. */
function hasRow({ value }: PinnedFact): boolean {
  return table.some(
    (fact) =>
      fact.value === value ||
      fact.value === `v${value}` ||
      fact.name === `npm ${value}` ||
      fact.name.endsWith(` ${value}`) ||
      fact.value.split(":").includes(value) ||
      fact.covers?.some((covered) => covered === value),
  );
}

describe("the table of outside facts", () => {
  const pinned = pinnedFacts(project);

  it("has a row for each fact that the project's files pin", () => {
    expect(new Set(pinned.map(({ kind }) => kind)).size).toBeGreaterThan(12);
    expect(pinned.filter((one) => !hasRow(one))).toEqual([]);
  });

  it("has a row for each version and size of the environments", () => {
    for (const environment of environmentNames().map((name) => loadEnvironment(name))) {
      const { vault, mysql, agentVms, webAppPlan } = environment;
      const values = [vault.version, vault.vmSize, mysql.version, mysql.sku, webAppPlan.sku];
      for (const value of [...values, ...agentVms.map(({ vmSize }) => vmSize)]) {
        expect([value, hasRow({ kind: "", value, file: environment.name })]).toEqual([value, true]);
      }
    }
  });

  it.each([
    ["an action", ".github/workflows/main.yml", `      - uses: someone/action@${"a".repeat(40)} # v1.0.0`],
    [
      "a provider",
      "constructs/terraform/provider-requirements.ts",
      'const more = { source: "hashicorp/azapi", version: "~> 5.6" };',
    ],
    ["a package", "package.json", '    "left-pad": "1.3.0",'],
    [
      "a repository",
      "cloud-init/common/vault-release.ts",
      'export const more = "deb https://packages.example.com stable main";',
    ],
    ["a signing key", "cloud-init/common/vault-release.ts", `export const key = "${"AB12".repeat(10)}";`],
    ["a checksum", "cloud-init/common/vault-release.ts", `export const sum = "${"ab12".repeat(16)}";`],
    ["a version on the VMs", "cloud-init/agent-vm/user-data.ts", 'const version = "9.8.7";'],
    [
      "a version of an API",
      "cloud-init/common/files/usr/local/lib/vault-vm/managed-identity.sh",
      "curl $url?api-version=2031-01-01",
    ],
    ["an image", "constructs/azure/linux-vm.ts", 'const other = { offer: "ubuntu-28_04-lts" };'],
  ])("has no row for %s that someone adds without one", (_, file, line) => {
    const missing = pinnedFacts(project, { file, line }).filter((one) => !hasRow(one));
    expect(missing.map((one) => one.file)).toEqual([file]);
  });

  it("names each fact once, with a source and existing files", () => {
    expect(table.map(({ name }) => name).filter((name, index, all) => all.indexOf(name) !== index)).toEqual(
      [],
    );
    for (const { value, source, usedIn } of table) {
      expect(value).not.toBe("");
      expect(new URL(source).protocol).toBe("https:");
      expect(usedIn).not.toEqual([]);
      for (const file of usedIn) accessSync(join(project, file));
    }
  });
});

describe("the watch over the whole table", () => {
  const sources = RecordedSources.use();

  it.each<[Otherwise, number]>([
    ["absent", 10_000],
    ["broken", 10_000],
    ["web page", 10_000],
    ["cut off", 10_000],
    ["empty", 10_000],
    ["other JSON", 10_000],
    ["silent", 300],
  ])("calls every fact unknown, and none good, if all sources are %s", async (otherwise, deadlineMs) => {
    sources.otherwise = otherwise;
    const rows = await watch(table, sources.upstream({ deadlineMs }), new Date());
    expect(
      rows.filter(({ result }) => result !== "unknown").map(({ fact, sentence }) => [fact.name, sentence]),
    ).toEqual([]);
    expect(
      rows
        .map(({ sentence }) => sentence)
        .filter((sentence) => !sentence.includes("source") && !sentence.includes("Read it")),
    ).toEqual([]);
    expect(exitCodeOf(rows)).toBe(3);
  });
});

const row = (result: Result, name: string, sentence = "A sentence."): Row => ({
  fact: { name, value: ">= 1 | 2", usedIn: ["a.ts"], source: "https://example.com/a" } as unknown as Fact,
  result,
  sentence,
});

describe("the report", () => {
  const rows = [row("good", "first"), row("unknown", "second"), row("act", "third")];

  it("shows urgent facts first, and uses colours only on a terminal", () => {
    const text = textReport(rows, { colour: false });
    expect(text.split("\n")[0]).toMatch(/^act +third/);
    expect(text).toContain("3 facts: 1 to act on, 1 unknown, 1 good.");
    expect(text).not.toContain("\x1b");
    expect(textReport(rows, { colour: true })).toContain("\x1b[31mact");
  });

  it("gives programs everything", () => {
    const { facts } = JSON.parse(jsonReport(rows));
    expect(facts).toHaveLength(3);
    expect(facts[0]).toEqual({
      name: "third",
      value: ">= 1 | 2",
      usedIn: ["a.ts"],
      source: "https://example.com/a",
      result: "act",
      sentence: "A sentence.",
    });
  });

  it("shows an issue's readers the open facts, in a table that a | does not break", () => {
    const text = markdownReport(rows);
    expect(text).not.toContain("first");
    expect(text).toContain(
      "| **act** | [third](https://example.com/a) | `>= 1 \\| 2` | A sentence. | `a.ts` |",
    );
  });

  it.each([
    [["good"], 0],
    [["good", "act", "unknown"], 2],
    [["good", "unknown"], 3],
  ] as const)("of %j ends with %s", (results, code) => {
    expect(exitCodeOf(results.map((result) => row(result, result)))).toBe(code);
  });
});

describe("npm run upstream", () => {
  /** Runs behind a proxy that rejects every connection, so that no test sends a request to a real source. */
  const run = (...args: string[]) =>
    new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
      const { NO_PROXY, no_proxy, ...env } = process.env;
      const proxy = "http://127.0.0.1:9";
      const child = execFile(
        process.execPath,
        ["--require", "tsx/cjs", "scripts/upstream.ts", ...args],
        { cwd: project, env: { ...env, HTTPS_PROXY: proxy, https_proxy: proxy }, maxBuffer: 1 << 24 },
        (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
      );
    });

  it("calls all facts unknown without a network, exits with 3, and uses no colours without a terminal", async () => {
    const { code, stdout, stderr } = await run();
    expect(stdout).toContain(`${table.length} facts: 0 to act on, ${table.length} unknown, 0 good.`);
    expect(stdout).not.toContain("\x1b");
    expect({ code, stderr }).toEqual({ code: 3, stderr: "" });
  });

  itTakesLong("gives programs the same facts", async () => {
    const { code, stdout, stderr } = await run("--json");
    const { facts } = JSON.parse(stdout) as { facts: { result: string; sentence: string }[] };
    expect(facts).toHaveLength(table.length);
    expect(new Set(facts.map(({ result }) => result))).toEqual(new Set(["unknown"]));
    expect({ code, stderr }).toEqual({ code: 3, stderr: "" });
  });

  itTakesLong("rejects an unknown option", async () => {
    const { code, stderr } = await run("--jsn");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("See --help") });
  });
});
