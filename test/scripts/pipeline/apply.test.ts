import "../deployment/in-this-process";
import { join } from "node:path";
import { planDigest } from "../../../scripts/plan-summary/plan-digest";
import { stackNames } from "../../stack-names";
import { DeploymentScene } from "../deployment/deployment-scene";

jest.setTimeout(120_000);
const scene = DeploymentScene.use();

const byPipeline = ["network", "vault-server", "mysql", "web-app", "agent-vm"];
/** The digest of the plan that the imitation of Terraform shows for each stack. */
const digest = planDigest({ format_version: "1.2", resource_changes: [] });
const reviewed = (...stacks: string[]) =>
  JSON.stringify(Object.fromEntries(stacks.map((name) => [name, digest])));

const variables = (digests: string) => ({
  REVIEWED_DIGESTS: digests,
  GITHUB_OUTPUT: join(scene.imitations.folder, "output"),
});
const apply = async (args: string[], digests: string, env: NodeJS.ProcessEnv = {}) => {
  const result = await scene.run("pipeline/apply", args, { ...variables(digests), ...env });
  return { ...result, output: scene.imitations.note("output") };
};

describe("scripts/pipeline/apply", () => {
  it("leaves vm-reader-role to a person, applies the rest as reviewed, in order, and plans vault-config", async () => {
    scene.imitations.deployed("vm-reader-role");
    const run = scene.start("pipeline/apply", ["demo"], variables(reviewed(...byPipeline)));
    const { code, stdout, stderr } = await run.ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(scene.imitations.changes).toEqual(byPipeline.map((stack) => `apply ${stack}`));
    expect(scene.imitations.runs.at(-1)).toBe("plan vault-config");
    expect(stdout).toMatch(/### vault-config: no change of a resource\n\n$/);
    expect(scene.imitations.note("output")).toBe(`digests=${JSON.stringify({ "vault-config": digest })}\n`);
  });

  it("applies the reviewed plan of vault-config by itself", async () => {
    scene.imitations.deployed(...stackNames);
    const { code, stderr, output } = await apply(["demo", "vault-config"], reviewed("vault-config"));
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(scene.imitations.changes).toEqual(["apply vault-config"]);
    expect(output).toBe("");
  });

  it("stops at the first plan that nobody reviewed", async () => {
    scene.imitations.deployed("vm-reader-role");
    const { code, stderr } = await apply(["demo"], JSON.stringify({ network: "abc" }));
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("The plan of network differs from the reviewed plan"),
    });
    expect(scene.imitations.changes).toEqual([]);
  });

  it("releases the lock that a cancelled run left, and no other", async () => {
    const { code, stderr } = await apply(["demo"], reviewed(...byPipeline), { BREAK_LOCK: "some-id" });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("No state of demo has the lock some-id"),
    });
    expect(scene.imitations.changes).toEqual([]);
  });

  it.each([[[]], [["demo", "network"]], [["demo", "vault-config", "more"]]])(
    "rejects the arguments %j",
    async (args) => {
      expect(await apply(args, reviewed("network"))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("Usage:"),
      });
    },
  );

  it("applies nothing without a review", async () => {
    expect(await apply(["demo"], "")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("nobody has reviewed a plan"),
    });
    expect(scene.imitations.runs).toEqual([]);
  });
});
