import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import { ChildProgram } from "../../../lib/processes/child-program";
import { waitFor } from "../../../lib/processes/wait-for";
import type { Machine } from "../../../sandbox/machine/machine";
import { freePort } from "../../../sandbox/programs/free-port";
import type { RegisterClients } from "../../../sandbox/system/register-clients";
import { itTakesLong, longTests } from "../../long-tests";
import { selfSigned } from "../../scripts/deployment/vault-imitation";
import { Attackers } from "../machine/attackers";
import { describeWithVault } from "../programs-there";
import { nodeAttacks, strangersConfiguration } from "./attacks/nodes";
import { refusalOf, Scene } from "./attacks/scene";
import { autopilotState, untilNodesAreHealthy } from "./autopilot";
import {
  FIRST_BOOT,
  initsIn,
  listenersOf,
  outputFromNow,
  recoverySecretOf,
  replaceDataDisk,
  untilSaid,
  VAULT,
} from "./first-boots";
import { withRegisterLoad } from "./register-load";
import { useSandbox } from "./running-sandbox";

/** Milliseconds, for a busy machine. */
const deadlineMs = 90_000;

const demo = loadEnvironment("demo");

const otherCertificate = (folder: string): string => {
  const file = join(folder, "other.pem");
  selfSigned(file, join(folder, "other.key"), "vault.other.internal");
  return file;
};

describeWithVault("A cluster of three nodes", () => {
  const running = useSandbox({
    environment: { ...demo, vault: { ...demo.vault, nodes: 3, publicAddress: false } },
    upTo: "azure",
  });
  let attackers: Attackers[] = [];
  beforeAll(async () => {
    const { sandbox } = running;
    const started = sandbox.startVault();
    started.catch(() => {});
    await waitFor("the nodes' VMs", () => sandbox.vaultNodes.length === 3, { deadlineMs, intervalMs: 1 });
    attackers = sandbox.vaultNodes.map((node) => new Attackers(node, Math.random, [8201], 20));
    for (const attacker of attackers) attacker.start();
    try {
      await started;
      // The nodes are open now, so a program answers.
      const answered = () => attackers.every(({ findings }) => findings.answers.size > 0);
      await waitFor("an answer of each node to the attackers", answered, { deadlineMs });
    } finally {
      await Promise.all(attackers.map((one) => one.stop()));
    }
    await sandbox.startDatabase();
    await sandbox.applyVaultConfig();
    await untilHealthy();
  }, 300_000);
  const nodes = (): readonly Machine[] => running.sandbox.vaultNodes;

  const nodeOf = (name: string): Machine => {
    const node = nodes().find((it) => it.name.endsWith(name));
    if (!node) throw new Error(`The sandbox has no node ${name}.`);
    return node;
  };

  const leader = async (): Promise<Machine> => nodeOf((await autopilotState(running)).leader);

  const untilHealthy = () => untilNodesAreHealthy(running, 3, deadlineMs);

  async function expectOwnNodesOnly(): Promise<void> {
    const raft = await (await running.deployer()).request({
      method: "GET",
      path: "sys/storage/raft/configuration",
    });
    const { servers } = raft["config"] as { servers: { node_id: string; address: string; voter: boolean }[] };
    expect(servers.map(({ node_id, address, voter }) => [node_id, address, voter]).sort()).toEqual(
      nodes().map(({ name, address }) => [name.slice(-"vault-1".length), `${address}:8201`, true]),
    );
  }

  const inits = () => nodes().reduce((sum, node) => sum + initsIn(node.output(VAULT)), 0);

  const validKeys = (): number => {
    const { keyVault, name } = recoverySecretOf(running.sandbox.vault);
    return running.sandbox.azure
      .keyVault(keyVault)
      .secretVersions(name)
      .filter((value) => value.startsWith("{")).length;
  };

  const withClients = (what: string, disturb: (clients: RegisterClients) => Promise<void>): Promise<void> =>
    withRegisterLoad(running.sandbox, what, deadlineMs, disturb);

  it("lets nobody on another machine reach a node's Vault before the node is part of the cluster", () => {
    for (const { findings } of attackers) {
      expect(findings.faults).toEqual([]);
      expect([...findings.answers.keys()].filter((answer) => answer.startsWith("PUT sys/init 2"))).toEqual(
        [],
      );
      expect(findings.tries).toBeGreaterThan(0);
    }
  });

  it("is one Vault, initialized once, whose recovery keys are stored once", async () => {
    await untilHealthy();
    expect(inits()).toBe(1);
    expect(validKeys()).toBe(1);
    await expectOwnNodesOnly();
  });

  it("lets autopilot remove dead nodes, but never go below its size", async () => {
    const deployer = await running.deployer();
    expect(
      await deployer.request({ method: "GET", path: "sys/storage/raft/autopilot/configuration" }),
    ).toMatchObject({
      cleanup_dead_servers: true,
      dead_server_last_contact_threshold: "10m0s",
      min_quorum: 3,
    });
  });

  it("is open only on the ports of clients and nodes", () => {
    for (const node of nodes()) {
      const { address, loopback } = node;
      expect(listenersOf(node)).toEqual([`${address}:8200`, `${address}:8201`, `${loopback}:8200`].sort());
    }
  });

  describe("is attacked at each of its nodes", () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await Scene.of(running.sandbox);
    });

    it.each(nodeAttacks)("%s", async (_what, refusal, attempt) => {
      for (const node of nodes()) {
        const outcome = await attempt(scene, node);
        expect(refusalOf(outcome)).toMatch(refusal);
        expect([200, 204, 307]).not.toContain(outcome.status);
      }
    });

    it.each([
      [
        "that knows its certificate",
        (): string => running.sandbox.vaultCertificateFile,
        /incompatible seal types between raft leader \(azurekeyvault\) and follower \(shamir\)/,
      ],
      [
        "of another environment with another certificate",
        otherCertificate,
        /certificate signed by unknown authority/,
      ],
    ] as const)("takes in no Vault %s", async (_, certificate, refusal) => {
      const folder = mkdtempSync(join(running.folder, "stranger-"));
      const port = await freePort();
      const program = await ChildProgram.start({
        name: "the stranger's Vault",
        command: running.sandbox.vaultProgram,
        args: [
          "server",
          `-config=${strangersConfiguration(folder, {
            nodes: nodes(),
            serverName: running.sandbox.vaultServerName,
            certificate: certificate(folder),
            port,
          })}`,
        ],
        env: { PATH: process.env.PATH, HOME: folder },
        cwd: folder,
        logFile: join(folder, "vault.log"),
      });
      try {
        const log = () => readFileSync(join(folder, "vault.log"), "utf8");
        await program.until(
          "its Vault to be refused by each node",
          () => nodes().every(({ address }) => log().includes(address)) && refusal.test(log()),
          { deadlineMs },
        );
      } finally {
        await program.stop();
      }
      await expectOwnNodesOnly();
    });

    it("changes nothing if somebody makes a node join another cluster, although Vault answers with success", async () => {
      const body = { leader_api_addr: "https://vault.attacker.example:8200" };
      for (const { address: at } of nodes()) {
        const { status } = await scene.vault({ method: "POST", path: "sys/storage/raft/join", body, at });
        expect(status).toBe(200);
      }
      await expectOwnNodesOnly();
      await untilHealthy();
    });
  });

  it("has only its active node behind the load balancer", async () => {
    const { loadBalancer } = running.sandbox;
    const active = await leader();
    await waitFor("one healthy backend", () => loadBalancer?.healthy.join() === active.address, {
      deadlineMs,
    });
  });

  itTakesLong(
    "loses no acknowledged write when its leader is switched off, and continues without it",
    async () => {
      await withClients("the leader is switched off", async (clients) => {
        const lost = await leader();
        await lost.powerOff();
        await clients.untilWritten(deadlineMs);
        await lost.boot();
      });
      await untilHealthy();
    },
    300_000,
  );

  it("loses no acknowledged write when its leader loses its power", async () => {
    await withClients("the leader's power is cut", async (clients) => {
      await (await leader()).reboot();
      await clients.untilWritten(deadlineMs);
    });
    await untilHealthy();
  }, 300_000);

  // vault-1 would initialize a new Vault if it were the first node of all.
  itTakesLong.each(["vault-3", "vault-1"])(
    "lets %s join again with an empty disk, and creates no second Vault",
    async (name) => {
      const node = nodeOf(name);
      await withClients(`${name} comes back with an empty disk`, async () => {
        await replaceDataDisk(node);
        await node.boot();
        await node.untilActive(FIRST_BOOT, { deadlineMs });
      });
      await untilHealthy();
      expect(inits()).toBe(1);
      expect(validKeys()).toBe(1);
    },
    300_000,
  );

  const cut = (node: Machine) => node.reboot();
  const kill = async (node: Machine) => node.kill(VAULT, "SIGKILL");
  const interruptions = ["vault-3", "vault-1"].flatMap((name) => [
    [name, "its power is cut", cut] as const,
    [name, "Vault is killed", kill] as const,
  ]);
  // Vault's storage then names the cluster and has none of its data, and Vault refuses to join with it.
  it.each(interruptions.slice(0, longTests ? 4 : 1))(
    "lets %s join with an empty disk even if %s while it joins",
    async (name, _, interrupt) => {
      const node = nodeOf(name);
      await replaceDataDisk(node);
      const said = outputFromNow(node, VAULT);
      await node.boot();
      await untilSaid(said, "storage.raft: creating Raft");
      await interrupt(node);
      await node.untilActive(FIRST_BOOT, { deadlineMs });
      await untilHealthy();
      expect([inits(), validKeys()]).toEqual([1, 1]);
    },
    300_000,
  );

  itTakesLong(
    "restarts one node after the other for a change of the user data, the active node last",
    async () => {
      const { sandbox } = running;
      // On Azure a turn is 30 seconds.
      for (const node of nodes()) node.environment["TURN_SECONDS"] = "5";
      const active = await leader();
      const pids = new Map(nodes().map((node) => [node, node.pid(VAULT)]));
      const restarted: Machine[] = [];
      let mostAway = 0;
      const { environment } = sandbox;
      await withClients("the nodes restart in turn", async (clients) => {
        let over = false;
        const watching = waitFor(
          "all nodes to have another Vault",
          () => {
            const now = nodes().filter((node) => ![pids.get(node), undefined].includes(node.pid(VAULT)));
            restarted.push(...now.filter((node) => !restarted.includes(node)));
            mostAway = Math.max(mostAway, nodes().filter((node) => !node.isActive(VAULT)).length);
            return over;
          },
          { deadlineMs: 3 * deadlineMs, intervalMs: 20 },
        );
        await sandbox
          .redeploy({ ...environment, vault: { ...environment.vault, minTlsVersion: "1.3" } })
          .finally(() => {
            over = true;
          });
        await watching;
        await clients.untilWritten(deadlineMs);
      });
      expect(restarted).toHaveLength(3);
      expect(restarted[2]?.name).toBe(active.name);
      expect(mostAway).toBe(1);
      await untilHealthy();
    },
    400_000,
  );

  itTakesLong(
    "has every acknowledged write after all nodes lost their power at once",
    async () => {
      await withClients("all nodes lose their power at once", async (clients) => {
        await Promise.all(nodes().map((node) => node.reboot()));
        await clients.untilWritten(deadlineMs);
      });
      await untilHealthy();
    },
    300_000,
  );
});
