import { readFileSync, writeFileSync } from "node:fs";
import { loadEnvironment } from "../../../environments/load";
import { waitFor } from "../../../lib/processes/wait-for";
import type { Machine } from "../../../sandbox/machine/machine";
import { reportOf } from "../../../scripts/deployment/restore";
import { describeLongWithVault } from "../programs-there";
import { autopilotState } from "./autopilot";
import { deadlineMs, outputFromNow, untilSaid } from "./first-boots";
import { useSandbox } from "./running-sandbox";

const SNAPSHOT = "vault-snapshot.service";
const RESTORE = "vault-restore.service";
const demo = loadEnvironment("demo");

/** docs/operations.md, "Restore a snapshot", for a cluster: the active node restores, and the other nodes get the data from it. */
describeLongWithVault("A restore in a cluster of three nodes", () => {
  const running = useSandbox({
    environment: { ...demo, vault: { ...demo.vault, nodes: 3, publicAddress: false } },
    upTo: "vault",
  });
  const nodes = () => running.sandbox.vaultNodes;

  /** The active node, after all nodes have become healthy voters. */
  const untilHealthy = () =>
    waitFor(
      "autopilot to call all three nodes healthy, and voters",
      async () => {
        const { healthy, leader, voters } = await autopilotState(running);
        if (!healthy || voters.length !== 3) return undefined;
        return nodes().find(({ name }) => name.endsWith(leader));
      },
      { deadlineMs, intervalMs: 500 },
    );

  const mounts = async () => {
    const deployer = await running.deployer();
    const found = Object.keys((await deployer.read("sys/mounts")) ?? {});
    await deployer.logOut();
    return found;
  };

  const mountTransit = async () => {
    const deployer = await running.deployer();
    await deployer.request({ method: "POST", path: "sys/mounts/transit", body: { type: "transit" } });
    await deployer.logOut();
  };

  let requests = 0;

  /** Requests a restore in the user data of all nodes, as scripts/restore does, and runs it on each. */
  async function restore(kind: "restore" | "force") {
    requests += 1;
    const request = {
      RESTORE_REQUEST: new Date(Date.now() + requests * 1_000).toISOString().replaceAll(/[-:]|\.\d+/g, ""),
      RESTORE_SNAPSHOT: "newest",
      RESTORE_KIND: kind,
    };
    for (const node of nodes()) {
      const file = node.path("/etc/vault.d/vault.env");
      const text = Object.entries(request).reduce(
        (lines, [name, value]) => lines.replace(new RegExp(`^${name}=.*$`, "m"), `${name}=${value}`),
        readFileSync(file, "utf8"),
      );
      writeFileSync(file, text);
    }
    const runs = await Promise.all(nodes().map(async (node) => ({ node, ...(await node.run(RESTORE)) })));
    const report = reportOf(
      runs.map(({ output }) => output),
      { time: request.RESTORE_REQUEST },
    );
    return { runs, report };
  }

  /** Runs a restore that must succeed: exactly the active node does it. */
  async function restored(): Promise<void> {
    const { runs, report } = await restore("force");
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(runs.filter(({ output }) => output.includes(": restored"))).toHaveLength(1);
    expect(report).toMatch(/: restored$/);
  }

  /** Makes another node active, which has its data from the node before. */
  async function changeOver(active: Machine): Promise<void> {
    await active.powerOff();
    await waitFor(
      "another node to be active",
      async () => !active.name.endsWith((await autopilotState(running)).leader),
      { deadlineMs, intervalMs: 500 },
    );
  }

  beforeAll(async () => {
    await untilHealthy();
    await Promise.all(nodes().map((node) => node.run(SNAPSHOT)));
    await mountTransit();
  }, 180_000);

  it("is refused while the cluster has newer data; nothing changes", async () => {
    const { runs, report } = await restore("restore");
    expect(report).toBeUndefined();
    expect(runs.map(({ code }) => code).sort()).toEqual([0, 0, 1]);
    expect(runs.find(({ code }) => code === 1)?.output).toMatch(/which has changed since.*--force/);
    expect(await mounts()).toContain("transit/");
  });

  it("replaces the data of every node, and deployers log in", async () => {
    await restored();
    const active = await untilHealthy();
    expect(await mounts()).not.toContain("transit/");
    await changeOver(active);
    expect(await mounts()).not.toContain("transit/");
    await active.boot();
    await untilHealthy();
  });

  it("ends well with a second request, when the active node loses its power on the way", async () => {
    await mountTransit();
    const active = await untilHealthy();
    const said = outputFromNow(active, "vault.service");
    const first = restore("force");
    first.catch(() => {});
    await untilSaid(said, "core: applying snapshot");
    await active.powerOff();
    await first;
    await waitFor("another node to be active", () => mounts().then(() => true), {
      deadlineMs,
      intervalMs: 500,
    });
    await active.boot();
    await untilHealthy();
    await restored();
    expect(await mounts()).not.toContain("transit/");
  });
});
