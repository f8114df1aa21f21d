import "./in-this-process";
import { itTakesLong } from "../../long-tests";
import { DeploymentScene, objectId } from "./deployment-scene";

jest.setTimeout(60_000);
const scene = DeploymentScene.use();

/** An environment whose states are in a storage account. A killed run holds the lock on one state. */
function locked(): void {
  const lock = { ID: "lock-1", Who: "pipeline@runner", Created: "2026-11-21T10:00:00Z" };
  scene.project.environment(
    "production",
    {
      deployers: [{ name: "Me", objectId }],
      network: {
        deployerRanges: [{ name: "home", cidr: "20.30.40.0/24" }],
        subnets: {},
        addressSpace: "10.20.0.0/16",
      },
    },
    "production",
  );
  scene.imitations.answer("az/storage-blob-list", [
    {
      name: "production/mysql.tfstate",
      properties: { lease: { state: "leased" } },
      metadata: { terraformlockid: Buffer.from(JSON.stringify(lock)).toString("base64") },
    },
  ]);
}

const unlocks = () =>
  scene.imitations.calls.filter(({ program, args }) => program === "terraform" && args[0] === "force-unlock");

describe("scripts/deploy --break-lock", () => {
  beforeEach(locked);

  it("releases the named lock, in the place of the state, and says who had it", async () => {
    const { stderr } = await scene.run("deploy", ["production", "--plan", "--break-lock", "lock-1"]);
    expect(unlocks().map(({ args }) => args)).toEqual([["force-unlock", "-force", "lock-1"]]);
    expect(stderr).toContain("lock on the state of mysql, by pipeline@runner since 2026-11-21T10:00:00Z");
  });

  it("does not release another lock than the named one", async () => {
    const { code, stderr } = await scene.run("deploy", ["production", "--break-lock", "lock-0"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("No state of production has the lock lock-0"),
    });
    expect(unlocks()).toEqual([]);
  });

  it("lets az fetch the token for the states before several Terraforms request it at once", async () => {
    await scene.run("deploy", ["production", "--plan"]);
    const calls = scene.imitations.calls.map(({ program, args }) => [program, ...args].join(" "));
    const fetched = calls.findIndex((call) => call.includes("--scope https://storage.azure.com/.default"));
    expect(fetched).toBeGreaterThanOrEqual(0);
    expect(calls.findIndex((call) => /^terraform .*\binit\b/.test(call))).toBeGreaterThan(fetched);
  });

  itTakesLong("releases no lock without the option", async () => {
    expect(await scene.run("deploy", ["production"])).toMatchObject({ code: 1 });
    expect(unlocks()).toEqual([]);
  });
});
