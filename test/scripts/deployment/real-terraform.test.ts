import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../../../lib/processes/wait-for";
import { itWithProgram } from "../../program";
import { DeploymentScene } from "./deployment-scene";

jest.setTimeout(120_000);
const scene = DeploymentScene.use();

/** Replaces vm-reader-role: its resources need no provider, and the second one runs until a file exists. */
const stack = (file: string) => `
import { TerraformElement } from "cdktf";
import type { Construct } from "constructs";
import type { Environment } from "../environments/schema";
import { EnvironmentStack } from "./environment-stack";

class Resources extends TerraformElement {
  override toTerraform(): object {
    const command = ": >${file}.awaited; until [ -e ${file} ]; do sleep 0.1; done";
    const slow = { depends_on: ["terraform_data.quick"], provisioner: [{ "local-exec": { command } }] };
    return { resource: { terraform_data: { quick: {}, slow } } };
  }
}

export class VmReaderRoleStack extends EnvironmentStack {
  readonly virtualMachineReaderRoleId = "reader";
  readonly recoveryKeyWriterRoleId = "writer";

  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id, environment, []);
    new Resources(this, "resources");
  }
}
`;

describe("scripts/deploy with the real Terraform", () => {
  itWithProgram(
    "terraform",
    "plans, keeps the whole state after an interruption, continues, and destroys everything",
    async () => {
      const go = join(scene.imitations.folder, "go");
      const { folder } = scene.project;
      scene.project.write("stacks/vm-reader-role.ts", stack(go));
      scene.imitations.uninstall("terraform");
      const env = {
        PATH: `${scene.imitations.bin}:${process.env["PATH"]}`,
        CHECKPOINT_DISABLE: "1",
      };
      const args = ["demo", "--stack", "vm-reader-role"];
      const file = join(folder, "state/demo/vm-reader-role.tfstate");
      const made = () =>
        (
          JSON.parse(readFileSync(file, "utf8")) as {
            resources: { name: string; instances: { status?: string; attributes: { id: string } }[] }[];
          }
        ).resources.map(({ name, instances: [instance] }) => ({
          name,
          id: instance?.attributes.id,
          finished: instance?.status !== "tainted",
        }));

      const { stdout } = await scene.run("deploy", [...args, "--plan", "--json"], env);
      expect(JSON.parse(stdout).stacks).toMatchObject([
        {
          stack: "vm-reader-role",
          changes: { "terraform_data.quick": "added", "terraform_data.slow": "added" },
          add: 2,
          change: 0,
          destroy: 0,
          text: expect.stringMatching(/^Terraform used[\s\S]*Plan: 2 to add/),
        },
      ]);
      expect(existsSync(file)).toBe(false);

      const run = scene.start("deploy", args, env);
      // Terraform writes the finished resource, and creates the other one.
      await waitFor(
        "the first resource, and the second one's work",
        () => existsSync(file) && made()[0] && existsSync(`${go}.awaited`),
        { deadlineMs: 60_000 },
      );
      const [quick] = made();
      process.kill(-(run.child.pid as number), "SIGINT");
      const { code, stderr } = await run.ended;
      expect({ code, stderr }).toEqual({
        code: 130,
        stderr: expect.stringContaining("waiting for Terraform"),
      });
      expect(made()).toEqual([quick, expect.objectContaining({ name: "slow", finished: false })]);
      expect(existsSync(join(folder, "state/demo/.vm-reader-role.tfstate.lock.info"))).toBe(false);

      writeFileSync(go, "");
      expect(await scene.run("deploy", args, env)).toMatchObject({ code: 0 });
      expect(made()).toEqual([quick, expect.objectContaining({ name: "slow", finished: true })]);
      expect(await scene.run("destroy", args, env)).toMatchObject({ code: 0 });
      expect(made()).toEqual([]);
      rmSync(go);
    },
  );
});
