import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkTool } from "../../../scripts/check-tools/check-tool";
import { judge, type Located, type Scanned } from "../../../scripts/checkov/judge";
import { sarif } from "../../../scripts/checkov/sarif";
import { itTakesLong, longTests } from "../../long-tests";

const reason = "Nobody can reach it.";
const skip = (id: string) => ({
  checkov: { [id]: reason },
  metadata: { path: "network/a/b" },
});
const stacks = (skips: object): Scanned =>
  new Map([["network", { resource: { azurerm_x: { a_b: { "//": skips } } } }]]);
const finding = { check: "CKV_AZURE_1", name: "Ensure it", stack: "network", resource: "a_b" };
const located: Located = { ...finding, path: "network/a/b" };

describe("judge", () => {
  it("fails a finding without a skip beside the resource", () => {
    expect(judge(stacks({ metadata: { path: "network/a/b" } }), [finding])).toEqual({
      failed: [located],
      explained: [],
      stale: [],
    });
  });

  it("accepts the reason beside the resource", () => {
    expect(judge(stacks(skip("CKV_AZURE_1")), [finding])).toEqual({
      failed: [],
      explained: [{ ...located, reason }],
      stale: [],
    });
  });

  it("accepts no reason of another stack's resource with the same id", () => {
    const { failed } = judge(stacks(skip("CKV_AZURE_1")), [{ ...finding, stack: "mysql" }]);
    expect(failed).toHaveLength(1);
  });

  it("fails a skip that no longer matches a finding", () => {
    const { stale } = judge(stacks(skip("CKV_AZURE_2")), []);
    expect(stale).toEqual([{ check: "CKV_AZURE_2", stack: "network", path: "network/a/b", reason }]);
  });
});

it("gives code scanning the stack's file, and a finding in two environments once", () => {
  const { runs } = sarif([located, located]) as {
    runs: { results: { ruleId: string; locations: unknown[] }[] }[];
  };
  expect(runs[0]?.results).toMatchObject([
    {
      ruleId: "CKV_AZURE_1",
      locations: [{ physicalLocation: { artifactLocation: { uri: "stacks/network.ts" } } }],
    },
  ]);
});

describe("scripts/scan", () => {
  it("says what to do if checkov is missing", () => {
    const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, XDG_CACHE_HOME: "/nowhere" };
    const { status, stderr } = spawnSync(join(__dirname, "../../../scripts/scan"), { encoding: "utf8", env });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: "checkov is not installed. Run scripts/install-check-tools.\n",
    });
  });

  const checkov = checkTool("checkov");
  const name = "finds nothing in any environment without a reason beside the resource";
  const test = () => {
    const folder = mkdtempSync(join(tmpdir(), "scan-test-"));
    try {
      const file = join(folder, "checkov.sarif");
      const { status, stdout, stderr } = spawnSync(
        join(__dirname, "../../../scripts/scan"),
        ["--json", "--sarif", file],
        { encoding: "utf8" },
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining("Scanning") });
      const judgements = JSON.parse(stdout) as {
        environment: string;
        failed: [];
        explained: { reason: string }[];
        stale: [];
      }[];
      expect(judgements.map(({ environment, failed, stale }) => ({ environment, failed, stale }))).toEqual(
        ["demo", "production"].map((environment) => ({ environment, failed: [], stale: [] })),
      );
      for (const { explained } of judgements) {
        expect(explained.length).toBeGreaterThan(10);
        for (const { reason } of explained) expect(reason).toMatch(/^[A-Z].{30,}\.$/);
      }
      expect(JSON.parse(readFileSync(file, "utf8")).runs[0].results).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  // The pipeline runs the same scan for each pull request.
  if (checkov || !longTests) itTakesLong(name, test, 300_000);
  else if (process.env["CI"]) {
    it(name, () => {
      throw new Error(
        "checkov is not installed, and CI requires this test. Run scripts/install-check-tools.",
      );
    });
  } else it.skip(`${name} (skipped: checkov is not installed. Run scripts/install-check-tools)`, test);
});
