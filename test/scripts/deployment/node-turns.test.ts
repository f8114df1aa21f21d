import "./in-this-process";
import { gzipSync } from "node:zlib";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { versionOf } from "../../../scripts/deployment/machine-changes";
import { planDigest } from "../../../scripts/plan-summary/plan-digest";
import { vaultServer } from "../../cloud-init/examples";
import { itTakesLong } from "../../long-tests";
import { DeploymentScene, stateOf, subscriptionId } from "./deployment-scene";

jest.setTimeout(120_000); // seconds on an idle machine

const scene = DeploymentScene.use();
const userData = vaultServerUserData(vaultServer);
const machineOf = (number: number) => `azurerm_linux_virtual_machine.node-${number}_vm_machine`;

interface Seen {
  readonly leader: string;
  readonly sick?: readonly string[];
}

/** Running nodes with their planned changes. The test decides what autopilot says. */
function clusterOf(plans: readonly object[], see: () => Seen) {
  const { imitations, vault, project } = scene;
  project.environment("demo", {
    network: { deployerRanges: [{ name: "home", cidr: "20.30.40.0/24" }] },
    vault: { nodes: 3, publicAddress: false, version: "2.2.2" },
  });
  const names = plans.map((_, index) => `vault-${index + 1}`);
  const outputs = {
    vault_https_addr: vault.address,
    vault_certificate_url: "https://kv-demo-abc123.vault.azure.net/certificates/vault-tls",
  };
  const machines = names.map((name) => ({
    mode: "managed",
    type: "azurerm_linux_virtual_machine",
    instances: [
      {
        attributes: {
          id: `/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm-demo-${name}`,
          name: `vm-demo-${name}`,
          user_data: gzipSync(userData).toString("base64"),
        },
      },
    ],
  }));
  imitations.answer("deployed/vault-server", stateOf("vault-server", outputs, machines));
  imitations.deployed("vm-reader-role", "network", "vault-server");
  imitations.answer(
    "az/vm-boot-diagnostics-get-boot-log",
    `[ 60.0] user-data ${versionOf(userData)}: applied\r\n`,
  );
  const plan = {
    format_version: "1.2",
    resource_changes: plans.map((change, index) => ({
      address: machineOf(index + 1),
      mode: "managed" as const,
      change: { actions: ["update"], before: {}, after: {}, ...change },
    })),
  };
  imitations.answer("terraform/plan-of-vault-server", plan);
  vault.members = names;
  let index = 100;
  vault.autopilot = (nodes) => {
    const { leader, sick = [] } = see();
    index++;
    const server = (name: string) => ({
      healthy: !sick.includes(name),
      status: name === leader ? "leader" : "voter",
      node_status: "alive",
      last_contact: "1s",
      last_index: index,
      version: "2.2.2",
    });
    return { leader, servers: Object.fromEntries(nodes.map((name) => [name, server(name)])) };
  };
  return plan;
}

const size = { before: { size: "D2" }, after: { size: "D4" } };
const deploy = (...more: string[]) => scene.run("deploy", ["--stack", "vault-server", ...more]);
/** Terraform's plans with targets, and all applied changes and removed nodes, in order. */
const plannedParts = () =>
  scene.imitations.calls
    .filter(({ args }) => args[1] === "plan")
    .map(({ args }) => args.flatMap((arg) => (arg.startsWith("-target=") ? arg.slice(8) : [])).join());
const parts = (...numbers: number[]) => numbers.map(machineOf);

describe("scripts/deploy and the nodes of a cluster", () => {
  it("changes one node after the other, the active one last, and only while all others serve", async () => {
    let sick = ["vault-3"];
    let looks = 0;
    clusterOf([size, size, size], () => {
      // One node is unhealthy for the first three looks.
      if (++looks > 3) sick = [];
      return { leader: "vault-1", sick };
    });
    const { code, stderr } = await deploy();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    // The plans are of the whole stack, of each node, and of the rest.
    expect(plannedParts()).toEqual(["", ...parts(3, 2, 1), ""]);
    expect(scene.imitations.changes).toEqual(Array(4).fill("apply vault-server"));
    expect(stderr).toContain("vault-1, vault-2, vault-3: one after the other, the active node last");
    expect(stderr).toContain("vault-3: its turn, 1 of 3; then vault-1, vault-2 …");
    expect(stderr).toContain("vault-1: its turn, 3 of 3 …");
  });

  it("stops at a node that does not come back, says so, and continues with the others when it is back", async () => {
    let sick: string[] = [];
    clusterOf([size, size, size], () => {
      if (scene.imitations.changes.length === 1) sick = ["vault-2"];
      return { leader: "vault-1", sick };
    });
    const { code, stderr } = await deploy("--wait", "2");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /waiting for vault-2 to be back in the cluster; last: autopilot calls vault-2 unhealthy.* Nodes that did not change: vault-1, vault-3\. .*run the same command again\. It continues/,
    );
    expect(plannedParts()).toEqual(["", machineOf(2)]);
    scene.imitations.answer("calls", "");
    clusterOf([size, size, size], () => ({ leader: "vault-1" }));
    scene.imitations.answer("terraform/plan-of-vault-server", {
      format_version: "1.2",
      resource_changes: [1, 2, 3].map((number) => ({
        address: machineOf(number),
        mode: "managed",
        change: { actions: number === 2 ? ["no-op"] : ["update"], ...size },
      })),
    });
    expect(await deploy()).toMatchObject({ code: 0 });
    expect(plannedParts()).toEqual(["", ...parts(3, 1), ""]);
  });

  it("removes nodes from the cluster before it deletes their VMs, the active one last", async () => {
    const gone = { actions: ["delete"], after: null };
    let leader = "vault-3";
    clusterOf([{ actions: ["no-op"] }, gone, gone], () => {
      if (!scene.vault.members.includes(leader)) leader = "vault-1";
      return { leader };
    });
    const lost = [2, 3].flatMap((number) => ["--allow-loss", machineOf(number)]);
    const { code, stderr } = await deploy(...lost);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(scene.vault.requests.filter((it) => it.startsWith("removed"))).toEqual([
      "removed vault-2",
      "removed vault-3",
    ]);
    expect(scene.imitations.changes).toEqual(["apply vault-server"]);
  });

  itTakesLong("says what to do if a deployer may not remove a node yet, and changes nothing", async () => {
    clusterOf([{ actions: ["no-op"] }, { actions: ["no-op"] }, { actions: ["delete"], after: null }], () => ({
      leader: "vault-1",
    }));
    scene.vault.removal = 403;
    const { code, stderr } = await deploy("--allow-loss", machineOf(3));
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /cannot remove vault-3 from .*permission denied.*Restore the earlier vault\.nodes/,
    );
    expect(scene.imitations.changes).toEqual([]);
  });

  it("changes all nodes together on request, and sends Vault no request", async () => {
    clusterOf([size, size, size], () => ({ leader: "" }));
    expect(await deploy("--at-once")).toMatchObject({ code: 0 });
    expect(plannedParts()).toEqual([""]);
    expect(scene.vault.requests).toEqual([]);
  });

  it("applies a reviewed plan in parts, and no part that the plan does not have", async () => {
    const plan = clusterOf([size, size, size], () => {
      // Somebody changes Azure after the first turn.
      if (scene.imitations.changes.length === 1) {
        scene.imitations.answer("terraform/plan-of-vault-server", {
          format_version: "1.2",
          resource_changes: [1, 3].map((number) => ({
            address: machineOf(number),
            mode: "managed",
            change: { actions: number === 3 ? ["delete", "create"] : ["update"], ...size },
          })),
        });
      }
      return { leader: "vault-1" };
    });
    const digests = JSON.stringify({ "vault-server": planDigest(plan) });
    const { code, stderr } = await deploy("--reviewed", digests);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`differs from the reviewed plan \\(${machineOf(3)}\\)`));
    expect(scene.imitations.changes).toHaveLength(1);
  });
});
