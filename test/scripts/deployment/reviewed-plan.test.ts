import "./in-this-process";
import { planDigest } from "../../../scripts/plan-summary/plan-digest";
import { itTakesLong } from "../../long-tests";
import { stackNames } from "../../stack-names";
import { DeploymentScene } from "./deployment-scene";

jest.setTimeout(60_000);
const scene = DeploymentScene.use();

const plan = {
  format_version: "1.2",
  resource_changes: [
    {
      address: "azurerm_subnet.vault",
      mode: "managed" as const,
      change: { actions: ["update"], before: { a: 1 }, after: { a: 2 } },
    },
  ],
};
const digest = planDigest(plan);
const another = planDigest({ format_version: "1.2" });
const terraformCalls = (verb: string) =>
  scene.imitations.calls.filter(({ program, args }) => program === "terraform" && args.includes(verb));
const reviewed = (digests: Record<string, string>, ...stacks: string[]) =>
  scene.run("deploy", [
    ...["demo", "--reviewed", JSON.stringify(digests)],
    ...stacks.flatMap((stack) => ["--stack", stack]),
  ]);

beforeEach(() => scene.imitations.answer("terraform/plan", plan));

describe("scripts/deploy --reviewed", () => {
  it("applies exactly the plan that it compared", async () => {
    const { code, stderr } = await reviewed({ network: digest }, "network");
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("stack network") });
    const [planned] = terraformCalls("plan");
    const [applied] = terraformCalls("apply");
    const file = planned?.args[planned.args.indexOf("-out") + 1];
    expect(applied?.args.at(-1)).toBe(file);
    expect(terraformCalls("show").map(({ args }) => args.at(-1))).toEqual([file]);
  });

  it("stops at the first plan that is not the reviewed one, before it changes anything", async () => {
    scene.imitations.deployed("vm-reader-role");
    const { code, stderr } = await reviewed(
      { network: digest, "vault-server": another, mysql: digest },
      ...["network", "vault-server", "mysql"],
    );
    expect(code).toBe(1);
    expect(stderr).toContain("The plan of vault-server differs from the reviewed plan");
    expect(stderr).toContain("Run the workflow again. It plans the rest.");
    expect(stackNames.filter((stack) => scene.imitations.isDeployed(stack))).toEqual([
      "vm-reader-role",
      "network",
    ]);
    expect(terraformCalls("apply")).toHaveLength(1);
  });

  it("applies no stack without a reviewed plan", async () => {
    const { code, stderr } = await reviewed({}, "network");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("Nobody reviewed a plan of network"),
    });
    expect(terraformCalls("plan")).toEqual([]);
  });

  it("deletes no data, even if the plan was reviewed", async () => {
    const [change] = plan.resource_changes;
    const losing = {
      ...plan,
      resource_changes: [
        {
          ...change,
          address: "azurerm_mysql_flexible_server.server",
          change: { actions: ["delete", "create"], before: {}, after: {} },
        },
      ],
    } as typeof plan;
    scene.imitations.answer("terraform/plan", losing);
    const { code, stderr } = await reviewed({ network: planDigest(losing) }, "network");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("data would be lost") });
    expect(terraformCalls("apply")).toEqual([]);
  });

  itTakesLong("refuses digests that are not JSON", async () => {
    const { code, stderr } = await scene.run("deploy", ["demo", "--reviewed", "abc"]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("a digest by stack") });
  });

  itTakesLong("applies a reviewed plan of vault-config with the deployer's login", async () => {
    scene.imitations.deployed(...stackNames);
    expect(await reviewed({ "vault-config": digest }, "vault-config")).toMatchObject({ code: 0 });
    expect(terraformCalls("apply")[0]?.variables).toEqual(
      expect.arrayContaining(["TERRAFORM_VAULT_AUTH_JWT", "VAULT_CACERT"]),
    );
  });
});

it("scripts/deploy --plan --review prints each plan's summary and digest, and applies nothing", async () => {
  scene.imitations.deployed(...stackNames);
  const { code, stdout } = await scene.run("deploy", [
    ...["demo", "--plan", "--review", "--json"],
    ...["--stack", "network", "--stack", "vault-config"],
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).stacks).toEqual(
    ["network", "vault-config"].map((stack) => ({
      stack,
      digest,
      summary: expect.stringContaining(`### ${stack}: 1 changed`),
    })),
  );
  expect(terraformCalls("apply")).toEqual([]);
});
