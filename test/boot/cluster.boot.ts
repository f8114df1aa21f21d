import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";
import type { BootingMachine } from "../../sandbox/azurerm/virtual-machines";
import type { Guest } from "../../sandbox/guest/guest";
import { freePort } from "../../sandbox/programs/free-port";
import { BOOT_MS, BootScene, SOON_MS } from "./scene";
import { appliedUserData, failedUnits, journalOf, untilCloudInitIsDone, untilUnitIsActive } from "./systemd";
import { variableOf } from "./variable-of";

jest.setTimeout(BOOT_MS);

interface Node {
  readonly machine: BootingMachine;
  readonly vm: Guest;
  /** Port of 127.0.0.1 that leads to the node's 8200. */
  readonly port: number;
}

const autopilotSchema = z.object({
  leader: z.string(),
  servers: z.record(z.string(), z.object({ healthy: z.boolean(), status: z.string() })),
});

/** Three VMs, each with one processor. They reach each other by the names and addresses that they have in Azure. */
describe("The cluster of production", () => {
  let scene: BootScene;
  let nodes: Node[];
  let poweredOn: number;

  const nameOf = ({ machine }: Node) => variableOf(machine, "VAULT_RAFT_NODE_ID");
  const soon = { deadlineMs: SOON_MS, intervalMs: 2_000 };

  const start = async ({ vm }: Node) => {
    await vm.start();
    await vm.untilThere({ deadlineMs: BOOT_MS });
  };

  /** Autopilot's state, through any of the nodes' fronts. */
  const autopilot = async (through: readonly Node[]) => {
    for (const { port } of through) {
      try {
        const client = await scene.deployer(port);
        const state = await client.request({ method: "GET", path: "sys/storage/raft/autopilot/state" });
        await client.logOut();
        return autopilotSchema.parse(state);
      } catch {
        // The next node, or the next look.
      }
    }
    return undefined;
  };

  /** Waits until these nodes, and no others, are healthy voters. Returns the active one. */
  const untilHealthy = (which: readonly Node[]) =>
    waitFor(
      `${which.map(nameOf).join(", ")} to be healthy`,
      async () => {
        const state = await autopilot(which);
        const healthy = Object.entries(state?.servers ?? {})
          .filter(([, server]) => server.healthy && ["leader", "voter"].includes(server.status))
          .map(([name]) => name);
        if (healthy.sort().join() !== which.map(nameOf).sort().join()) return undefined;
        return which.find((node) => nameOf(node) === state?.leader);
      },
      { deadlineMs: BOOT_MS, intervalMs: 2_000 },
    );

  beforeAll(async () => {
    scene = await BootScene.open("production");
    const network = {
      port: await freePort(),
      machines: Object.fromEntries(
        scene.nodes.map((machine) => [
          new URL(variableOf(machine, "VAULT_CLUSTER_ADDR")).hostname,
          machine.privateAddress,
        ]),
      ),
    };
    nodes = [];
    for (const machine of scene.nodes) {
      const port = await freePort();
      const prepared = await scene.prepare(machine, { network });
      const vm = await prepared.create(machine.name, {
        dataDisk: scene.dataDisk(machine.name),
        hostPorts: { 8200: port },
        cpus: 1,
      });
      await scene.onClose(() => vm.cutPower());
      nodes.push({ machine, vm, port });
    }
    poweredOn = Date.now();
    await scene.progress.step("power-on of three nodes to the end of cloud-init", () =>
      Promise.all(
        nodes.map(async (node) => {
          await start(node);
          await untilCloudInitIsDone(node.vm);
        }),
      ),
    );
    await scene.progress.step("first boot on three nodes", () =>
      Promise.all(nodes.map(({ vm }) => untilUnitIsActive(vm, "vault-first-boot.service", BOOT_MS))),
    );
    await untilHealthy(nodes);
    const seconds = ((Date.now() - poweredOn) / 1000).toFixed(0);
    scene.progress.line(
      `From power-on to three healthy voters: ${seconds} s (${scene.workshop.acceleration}).`,
    );
  }, 3 * BOOT_MS);

  afterAll(() => scene?.close(), SOON_MS);

  it("has no failed unit on any node", async () => {
    for (const { vm } of nodes) expect(await failedUnits(vm)).toEqual([]);
  });

  it("was initialized by its first node, which the others joined", async () => {
    const [first, ...others] = nodes as [Node, ...Node[]];
    expect(await journalOf(first.vm, "vault-first-boot.service", 200)).toMatch(/root token: revoked/);
    for (const { vm } of others) {
      const said = await journalOf(vm, "vault-first-boot.service", 200);
      expect(said).toMatch(/joined/);
      expect(said).not.toMatch(/init: done/);
    }
  });

  it("lets a deployer in through each node's front", async () => {
    for (const { port } of nodes) await (await scene.deployer(port)).logOut();
  });

  it("continues without its active node, which joins again after its power cut", async () => {
    const active = await untilHealthy(nodes);
    const others = nodes.filter((node) => node !== active);
    await active.vm.cutPower();
    await waitFor(
      "a deployer to log in through a remaining node",
      async () => {
        const state = await autopilot(others);
        return state !== undefined && state.leader !== nameOf(active);
      },
      soon,
    );
    await start(active);
    await untilHealthy(nodes);
  });

  // Vault asks the kernel for the time, so only a machine of its own can have a wrong clock.
  it(
    "acknowledges writes and loses none while the clock of a node jumps by half an hour, and is healthy when it is right again",
    async () => {
      const active = await untilHealthy(nodes);
      const follower = nodes.find((node) => node !== active) as Node;
      // These logins are older than the jumps: a wrong clock also makes tokens expire, or not valid yet.
      const deployers = await Promise.all(nodes.map(({ port }) => scene.deployer(port)));
      const acknowledged: string[] = [];
      const write = async (name: string) => {
        const body = { policy: 'path "database/creds/short" { capabilities = ["read"] }' };
        for (const deployer of deployers) {
          try {
            await deployer.request({ method: "PUT", path: `sys/policies/acl/${name}`, body });
            acknowledged.push(name);
            return true;
          } catch {
            // The next node, or the next try.
          }
        }
        return false;
      };
      for (const [node, seconds] of [
        [active, 1800],
        [active, -1800],
        [follower, 1800],
        [follower, -1800],
      ] as const) {
        const jump = (by: number) => node.vm.output(`date --set="@$(($(date +%s) + ${by}))"`);
        const name = `workload-clock-${nameOf(node)}-${seconds}`;
        await jump(seconds);
        await waitFor("a write", () => write(name), soon);
        await waitFor("another write", () => write(`${name}-again`), soon);
        await jump(-seconds);
        await untilHealthy(nodes);
      }
      expect(acknowledged).toHaveLength(8);
      const deployer = await scene.deployer(active.port);
      for (const name of acknowledged)
        expect(await deployer.read(`sys/policies/acl/${name}`)).toMatchObject({ name });
      for (const one of [...deployers, deployer]) await one.logOut();
    },
    4 * BOOT_MS,
  );

  it(
    "restarts Vault on each node in its turn for a change that Vault reads, and stays in service",
    async () => {
      const main = ({ vm }: Node) => vm.output("systemctl show --property=MainPID --value vault.service");
      const before = await Promise.all(nodes.map(main));
      for (const { machine } of nodes)
        scene.changeUserData(machine, "/etc/vault.d/vault.hcl", (text) => `${text}# another line\n`);
      let fewest = nodes.length;
      const applied = waitFor(
        "each node to report the applied user data",
        async () => {
          const up = await Promise.all(
            nodes.map(({ vm }) => vm.run("systemctl is-active --quiet vault.service")),
          );
          fewest = Math.min(fewest, up.filter(({ code }) => code === 0).length);
          const reports = await Promise.all(nodes.map(({ vm }) => appliedUserData(vm)));
          return reports.every(({ size }) => size === 2);
        },
        { deadlineMs: 2 * BOOT_MS, intervalMs: 5_000 },
      );
      await applied.catch(async (error) => {
        const journals = ["vault-turn.service", "apply-user-data.service"].flatMap((unit) =>
          nodes.map(({ vm }) => journalOf(vm, unit)),
        );
        throw new UserError([error, ...(await Promise.all(journals))].join("\n"));
      });
      for (const [index, node] of nodes.entries()) expect(await main(node)).not.toBe(before[index]);
      expect(fewest).toBeGreaterThanOrEqual(2);
      await untilHealthy(nodes);
    },
    4 * BOOT_MS,
  );
});
