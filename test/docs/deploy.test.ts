import { longTests } from "../long-tests";
import { DeploymentScene } from "../scripts/deployment/deployment-scene";
import { stackNames } from "../stack-names";
import { pageCommands } from "./page-commands";

jest.setTimeout(120_000);
const scene = DeploymentScene.use();
const commands = pageCommands("deploy.md");
const withoutMark = commands.filter(({ mark }) => mark === "").map(({ text }) => text.split(/ {2,}#/)[0]);
const ofPipeline = withoutMark.filter((text) => /^scripts\/create-/.test(text ?? ""));

/** The commands of a section that the page marks as tested. */
const section = (heading: string) =>
  commands.filter(({ section, mark }) => section === heading && mark !== "").map(({ text }) => text);

describe("docs/deploy.md, its commands unchanged:", () => {
  beforeEach(() => {
    scene.project.environment("production", {
      network: { deployerRanges: [{ name: "home", cidr: "20.30.40.0/24" }] },
    });
    for (const file of ["az/login", "az/account-set"]) scene.imitations.answer(file, "");
  });

  type Section = [heading: string, runs: string[], deployed: string[]];
  const sections: Section[] = [
    ["Before the first time", [], []],
    ["Deploy", stackNames.map((stack) => `apply ${stack}`), []],
    ["Use Vault", ["deploy vault-config"], stackNames],
    ["When Vault is lost", [...stackNames].reverse().map((stack) => `destroy ${stack}`), stackNames],
    ["By hand", [`deploy ${stackNames.slice(0, -1).join(" ")}`, "deploy vault-config", "destroy *"], []],
  ];
  const ofProduction: Section = [
    "Into a pipeline",
    ["vm-reader-role", ...stackNames].map((stack) => `apply ${stack}`),
    [],
  ];
  it.each([...sections, ...(longTests ? [ofProduction] : [])])("%s", async (heading, runs, deployed) => {
    scene.imitations.deployed(...deployed);
    const texts = section(heading);
    expect(texts.length).toBeGreaterThan(0);
    const { code, stderr } = await scene.shell(texts.join("\n"));
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("rror") });
    const { changes, cdktfRuns } = scene.imitations;
    expect([...changes, ...cdktfRuns]).toEqual(runs);
  });

  const ways = section("Delete everything");
  it.each(longTests ? ways : ways.slice(0, 1))("Delete everything: %s", async (text) => {
    scene.imitations.deployed(...stackNames);
    const { code, stdout } = await (text.includes("--confirm")
      ? scene.shell(text)
      : scene.runInTerminal("destroy", ["demo"], "Type demo to continue: ", "demo\n"));
    expect({ code, stdout }).toMatchObject({ code: 0 });
    const last = text.includes("--stack") ? "destroy web-app" : "destroy vm-reader-role";
    expect(scene.imitations.changes.at(-1)).toBe(last);
  });

  it("gives a reason for every command without a mark", () => {
    const pipeline = pageCommands("pipeline.md").map(({ text }) => text);
    expect(ofPipeline.filter((text) => !pipeline.includes(text ?? ""))).toEqual([]);
    expect(withoutMark.filter((text) => !ofPipeline.includes(text))).toEqual([
      // .ci/run runs it.
      "npm ci",
      // They send requests to HashiCorp's server.
      "list=https://releases.hashicorp.com/vault/2.2.2/vault_2.2.2_SHA256SUMS",
      'curl --fail --remote-name-all "$list" "$list.sig"',
      "gpg --import cloud-init/common/files/usr/local/share/keyrings/hashicorp.asc",
      "gpg --verify vault_2.2.2_SHA256SUMS.sig vault_2.2.2_SHA256SUMS",
      "grep linux_amd64.zip vault_2.2.2_SHA256SUMS",
      // They create an app registration in a tenant.
      expect.stringContaining("APP=$(az ad app create --display-name vault-deployers"),
      'az ad app update --id "$APP" --identifier-uris "api://$APP"',
      'az ad sp create --id "$APP"',
      // They ask a person for recovery keys. access/recovery-keys.ts does the same with the API.
      expect.stringContaining("vault write -field=token auth/recovery/login role=recovery-key-reader jwt=-"),
      "vault operator generate-root -init",
      "vault operator generate-root",
      'export VAULT_TOKEN=$(vault operator generate-root -decode=- -otp="$otp")',
      expect.stringContaining("export VAULT_ADDR=https://127.0.0.1:8200"),
    ]);
  });

  it("marks as run on the real Vault what deployment-in-sandbox.test.ts runs", () => {
    const marked = commands.filter(({ mark }) => mark === "✔✔").map(({ section }) => section);
    expect([...new Set(marked)]).toEqual(["Use Vault", "By hand"]);
  });
});
