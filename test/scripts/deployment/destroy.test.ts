import "./in-this-process";
import { stripVTControlCharacters } from "node:util";
import { waitFor } from "../../../lib/processes/wait-for";
import { itTakesLong, longTests } from "../../long-tests";
import { stackNames } from "../../stack-names";
import { DeploymentScene, stateOf, subscriptionId } from "./deployment-scene";

// The tests take seconds on an idle machine. The deadline is for a busy one.
jest.setTimeout(120_000);
const scene = DeploymentScene.use();
const confirmed = ["demo", "--confirm", "demo"];

describe("scripts/destroy", () => {
  beforeEach(() => scene.imitations.deployed(...stackNames));

  it("destroys everything in the reverse order, the database credentials first", async () => {
    const { code, stderr } = await scene.start("destroy", confirmed).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("failed after") });
    expect(scene.imitations.changes).toEqual([...stackNames].reverse().map((stack) => `destroy ${stack}`));
    // No new lease may appear in between, because workloads request credentials when they lose theirs.
    const [noMore, revoked] = [
      "DELETE /v1/database/roles/short",
      "PUT /v1/sys/leases/revoke-prefix/database/creds",
    ].map((request) => scene.vault.requests.indexOf(request));
    expect(noMore).toBeGreaterThanOrEqual(0);
    expect(revoked).toBeGreaterThan(noMore as number);
    expect(scene.imitations.note("vault-login")).toBe("destroy token\ndestroy certificate\n");
    expect(stderr).toContain("Azure keeps the deleted Key Vaults for 90 days");
    expect(stderr).not.toContain("passwordVersion");
    const again = await scene.run("destroy", confirmed);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("Nothing of demo is deployed.") });
  });

  itTakesLong("says how to deploy vault-config again on the remaining MySQL", async () => {
    const { stderr } = await scene.run("destroy", ["--stack", "vault-config", "--confirm", "demo"]);
    expect(stripVTControlCharacters(stderr)).toMatch(
      /Before you deploy vault-config again: Set mysql\.passwordVersion in environments\/demo\.json to 2, and run `scripts\/deploy demo`/,
    );
  });

  it("destroys nothing while Vault cannot remove its users from MySQL, and says what to start", async () => {
    scene.vault.leaseProblem = "failed to revoke entry: dial tcp 10.0.2.4:3306: connect: connection refused";
    const { code, stderr } = await scene.run("destroy", confirmed);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /connection refused\..* Check that MySQL runs .* run the same command again/,
      ),
    });
    expect(scene.imitations.changes).toEqual([]);
  });

  type Refusal = [what: string, args: string[], sentence: RegExp];
  const refusals: Refusal[] = [
    ["without the environment's name", [], /data would be lost\. Add --confirm demo/],
    [
      "of a stack on which others depend",
      ["--stack", "network", "--confirm", "demo"],
      /depend on stacks that you want to destroy\. Add --stack vault-server/,
    ],
  ];
  const wrongNames: Refusal[] = [
    ["with another name", ["--confirm", "production"], /"production" is not the environment's name, demo/],
    ["of an unknown stack", ["--stack", "everything"], /The environment has no stack "everything"/],
  ];
  it.each([...refusals, ...(longTests ? wrongNames : [])])(
    "changes nothing %s",
    async (_, args, sentence) => {
      const { code, stderr } = await scene.run("destroy", ["demo", ...args]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(sentence) });
      expect(scene.imitations.changes).toEqual([]);
    },
  );

  const answers: [typed: string, status: number, said: string][] = [
    ["demo\n", 0, "stack mysql destroyed … done"],
    ["\n", 1, '"" is not the environment\'s name, demo'],
  ];
  const moreAnswers: typeof answers = [
    ["\x03", 130, "Interrupted. Run the same command again to continue."],
    ["production\n", 1, '"production" is not the environment\'s name, demo'],
  ];
  it.each([...answers, ...(longTests ? moreAnswers : [])])(
    "asks in a terminal for the name, and reads the answer %j",
    async (typed, status, said) => {
      const args = [
        "demo",
        "--stack",
        "mysql",
        "--stack",
        "web-app",
        "--stack",
        "agent-vm",
        "--stack",
        "vault-config",
      ];
      const run = await scene.runInTerminal("destroy", args, "Type demo to continue: ", typed);
      const { code, stdout } = { ...run, stdout: stripVTControlCharacters(run.stdout) };
      expect(stdout).toContain("This permanently destroys: the transit keys");
      expect({ code, stdout }).toEqual({ code: status, stdout: expect.stringContaining(said) });
      expect(scene.imitations.isDeployed("mysql")).toBe(status !== 0);
      expect(scene.imitations.changes).toHaveLength(status === 0 ? 4 : 0);
    },
  );

  it("changes nothing if the system is in another subscription than az", async () => {
    const id = "/subscriptions/88888888-8888-4888-8888-888888888888/resourceGroups/rg-demo-vault";
    const group = {
      mode: "managed",
      type: "azurerm_resource_group",
      instances: [{ attributes: { id: `${id}/` } }],
    };
    scene.imitations.answer("state/network", stateOf("network", {}, [group]));
    const { code, stderr } = await scene.run("destroy", confirmed);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /is in the subscription 88888888.*az account set --subscription 88888888/,
      ),
    });
    expect(scene.imitations.changes).toEqual([]);
  });

  it("deletes Azure's resources beside Application Insights, and names what somebody else put there", async () => {
    const group = `/subscriptions/${subscriptionId}/resourceGroups/rg-demo-vault/providers`;
    const own = [
      {
        type: "microsoft.insights/actiongroups",
        name: "Application Insights Smart Detection",
        id: `${group}/microsoft.insights/actiongroups/Application Insights Smart Detection`,
      },
      {
        type: "microsoft.alertsmanagement/smartDetectorAlertRules",
        name: "Failure Anomalies - appi-demo-vault",
        id: `${group}/microsoft.alertsmanagement/smartDetectorAlertRules/Failure Anomalies - appi-demo-vault`,
      },
    ];
    const network = { type: "Microsoft.Network/virtualNetworks", name: "vnet", id: `${group}/a/vnet` };
    const theirs = { type: "microsoft.insights/actiongroups", name: "On call", id: `${group}/b/On call` };
    scene.imitations.answer("az/resource-list", [...own, network, theirs]);
    scene.imitations.answer(
      "state/network",
      stateOf("network", { resource_group: "rg-demo-vault" }, [
        { mode: "managed", type: "azurerm_virtual_network", instances: [{ attributes: { id: network.id } }] },
      ]),
    );
    const { stderr } = await scene.run("destroy", confirmed);
    const deletions = scene.imitations.calls.filter(
      ({ args }) => args.slice(0, 2).join(" ") === "resource delete",
    );
    expect(deletions.map(({ args }) => args.slice(3, 5))).toEqual([own.map(({ id }) => id)]);
    expect(stderr).toContain(`Warning: The resource group holds resources that no stack created`);
    expect(stderr).toContain(`${theirs.id}. Delete them if nobody needs them`);
    expect(stderr).not.toContain(network.id);
  });

  describe("while App Service still holds its subnet", () => {
    const id = `/subscriptions/${subscriptionId}/resourceGroups/rg-demo-vault/providers/Microsoft.Network/virtualNetworks/v`;
    const answer = (...serviceAssociationLinks: object[]): void =>
      scene.imitations.answer("az/virtual-network", {
        properties: {
          subnets: [
            { name: "snet-demo-web-app", properties: { serviceAssociationLinks } },
            { name: "snet-demo-vault", properties: {} },
          ],
        },
      });
    const looks = (): number =>
      scene.imitations.calls.filter(({ args }) => args.some((arg) => arg.startsWith(id))).length;

    beforeEach(() => {
      const network = {
        mode: "managed",
        type: "azurerm_virtual_network",
        instances: [{ attributes: { id } }],
      };
      scene.imitations.answer("state/network", stateOf("network", { resource_group: "rg" }, [network]));
      answer({ name: "AppServiceLink" });
    });

    it("waits until App Service releases it, then deletes the network", async () => {
      const ended = scene.run("destroy", confirmed);
      await waitFor("a second look at the subnets", () => looks() > 1, { deadlineMs: 60_000 });
      expect(scene.imitations.isDeployed("network")).toBe(true);
      answer();
      expect(await ended).toMatchObject({
        code: 0,
        stderr: expect.not.stringContaining("Azure still holds"),
      });
    });

    itTakesLong("gives up at the deadline, and Terraform's refusal has the same cure", async () => {
      scene.imitations.fail(
        "terraform/destroy-network",
        "Error: deleting Subnet: InUseSubnetCannotBeDeleted: Subnet snet-demo-web-app is in use by /subscriptions/1/serviceAssociationLinks/AppServiceLink and cannot be deleted.",
      );
      const { code, stderr } = await scene.run("destroy", [...confirmed, "--wait", "1"]);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /Warning: Azure still holds snet-demo-web-app, although .* Run the same command again/,
      );
      expect(stderr.match(/Azure still holds snet-demo-web-app/g)?.length).toBeGreaterThan(1);
    });
  });

  it("explains protectData", async () => {
    const network = { deployerRanges: [{ name: "home", cidr: "20.30.40.0/24" }] };
    scene.project.environment("demo", { network, protectData: true });
    const { code, stderr } = await scene.run("destroy", confirmed);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /protectData .* protects vault-config, mysql, vault-server\. .* set it to false, run `scripts\/deploy demo`/,
    );
  });

  itTakesLong("asks for no name if no data is lost", async () => {
    const { code } = await scene.run("destroy", [
      "--stack",
      "vault-config",
      "--stack",
      "agent-vm",
      "--confirm",
      "demo",
    ]);
    expect(code).toBe(0);
    expect(await scene.run("destroy", ["--stack", "web-app"])).toMatchObject({ code: 0 });
  });

  it("continues after Vault was unreachable, and says what to do if it stays unreachable", async () => {
    scene.vault.login = [{ status: 503, errors: ["Vault is sealed"] }, { status: 200 }];
    const ofVault = ["--stack", "vault-config", "--confirm", "demo"];
    const { code, stderr } = await scene.run("destroy", ofVault);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /Vault is sealed.*If this Vault will never answer again, forget its configuration/,
    );
    expect(scene.imitations.changes).toEqual([]);
    expect(await scene.run("destroy", ofVault)).toMatchObject({ code: 0 });
    expect(scene.imitations.changes).toEqual(["destroy vault-config"]);
  });

  // They differ only in how much there is left to do.
  const interrupted = longTests ? stackNames : ["mysql"];
  it.each(interrupted)(
    "interrupted at %s lets Terraform finish, and continues in the next run",
    async (stack) => {
      const { imitations } = scene;
      imitations.hang("destroy", stack);
      const run = scene.start("destroy", confirmed);
      await waitFor("Terraform to begin", () => imitations.note("hanging") !== "", { deadlineMs: 20_000 });
      run.child.kill("SIGINT");
      expect(await run.ended).toMatchObject({ code: 130 });
      expect(imitations.note("terraform-finished")).toBe(`destroy ${stack} 1\n`);
      imitations.hang("destroy", stack, false);
      expect(await scene.run("destroy", confirmed)).toMatchObject({ code: 0 });
      expect(stackNames.filter((name) => imitations.isDeployed(name))).toEqual([]);
    },
  );
});
