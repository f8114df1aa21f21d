import { rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Progress } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";
import { numbersOf } from "../../lib/seeded-numbers";
import { VaultClient } from "../../lib/vault-api/vault-client";
import type { Machine } from "../machine/machine";
import { RegisterClients } from "../system/register-clients";
import { violations } from "../system/register-history";
import type { Sandbox } from "../system/sandbox";
import type { NodeLinks } from "./node-links";

export interface ClusterFaultOptions {
  readonly sandbox: Sandbox;
  readonly links: NodeLinks;
  /** How often each fault happens. */
  readonly rounds: number;
  /** Determines the order, the nodes, and how long each fault lasts. */
  readonly seed: number;
  readonly progress: Progress;
}

const VAULT = "vault.service";

/** Milliseconds until writes are acknowledged again, and all nodes are healthy. */
const deadlineMs = 180_000;

/** How long a lasting fault lasts, in milliseconds: longer than a failover. */
const shortestMs = 15_000;
const longestMs = 25_000;

interface Nodes {
  readonly leader: Machine;
  readonly followers: readonly Machine[];
}

/** Connections that the first opens to the second. */
type Pair = readonly [from: Machine, to: Machine];

interface ClusterFault {
  readonly name: string;
  strike(nodes: Nodes, lastsMs: number, links: NodeLinks): Promise<void>;
}

const first = (nodes: readonly Machine[]): Machine => {
  const [node] = nodes;
  if (!node)
    throw new UserError("The cluster has only one node. Choose an environment with vault.nodes 3 or 5.");
  return node;
};
const all = ({ leader, followers }: Nodes): Machine[] => [leader, ...followers];

const bothWays = (one: Machine, other: Machine): Pair[] => [
  [one, other],
  [other, one],
];

const emptied = async (node: Machine): Promise<void> => {
  await node.powerOff();
  rmSync(node.path("/var/lib/vault"), { recursive: true });
  await node.boot();
};

const faults: readonly ClusterFault[] = [
  { name: "the leader's Vault is killed", strike: async ({ leader }) => leader.kill(VAULT, "SIGKILL") },
  {
    name: "a follower's Vault is killed",
    strike: async ({ followers }) => first(followers).kill(VAULT, "SIGKILL"),
  },
  { name: "the leader loses its power", strike: ({ leader }) => leader.reboot() },
  {
    name: "the leader and half of the others lose their power, and stay away",
    strike: async ({ leader, followers }, lastsMs) => {
      const lost = [leader, ...followers.slice(0, followers.length / 2 - 1)];
      await Promise.all(lost.map((node) => node.powerOff()));
      await delay(lastsMs);
      await Promise.all(lost.map((node) => node.boot()));
    },
  },
  { name: "a follower's disk is emptied", strike: ({ followers }) => emptied(first(followers)) },
  { name: "the leader's disk is emptied", strike: ({ leader }) => emptied(leader) },
  {
    name: "the leader cannot reach the other nodes",
    strike: lastingCut(({ leader, followers }) => followers.map((it) => [leader, it] as const)),
  },
  {
    name: "no other node reaches the leader",
    strike: lastingCut(({ leader, followers }) => followers.map((it) => [it, leader] as const)),
  },
  {
    name: "the leader and the other nodes cannot reach each other",
    strike: lastingCut(({ leader, followers }) => followers.flatMap((it) => bothWays(leader, it))),
  },
  {
    name: "a follower and the other nodes cannot reach each other",
    strike: lastingCut((nodes) => {
      const lost = first(nodes.followers);
      return all(nodes).flatMap((it) => (it === lost ? [] : bothWays(lost, it)));
    }),
  },
  {
    // This also simulates a disk that stalls: Vault then writes nothing. With a stalled disk, Vault would still answer requests that need no disk.
    name: "the leader's Vault is frozen",
    strike: async ({ leader }, lastsMs) => {
      leader.kill(VAULT, "SIGSTOP");
      await delay(lastsMs);
      leader.kill(VAULT, "SIGCONT");
    },
  },
  {
    name: "all nodes lose their power at once",
    strike: async (nodes) => void (await Promise.all(all(nodes).map((node) => node.reboot()))),
  },
];

function lastingCut(pairs: (nodes: Nodes) => readonly Pair[]): ClusterFault["strike"] {
  return async (nodes, lastsMs, links) => {
    for (const [from, to] of pairs(nodes)) links.cut(from, to);
    await delay(lastsMs);
    links.join();
  };
}

/**
 * Injects each fault, in random order, while clients write and read through the load balancer. After each fault, all nodes must be healthy again,
 * and the clients' history must contain no lost write and no stale read.
 * @throws UserError that names the fault and what is wrong
 */
export async function testClusterFaults(options: ClusterFaultOptions): Promise<void> {
  const { sandbox, links, rounds, seed, progress } = options;
  const random = numbersOf(seed);
  random();
  const order = Array.from({ length: rounds }, () =>
    faults.map((fault) => ({ fault, at: random() })),
  ).flatMap((round) => round.sort((one, other) => one.at - other.at));
  const pauses = new Map<string, number[]>();
  let [writes, reads] = [0, 0];
  await untilHealthy(sandbox);
  for (const [index, { fault }] of order.entries()) {
    const { name } = fault;
    const lastsMs = Math.round(shortestMs + random() * (longestMs - shortestMs));
    await progress.step(`${index + 1} of ${order.length}: ${name}`, async () => {
      const clients = await clientsOf(sandbox);
      try {
        await clients.untilWritten(deadlineMs, 10);
        await fault.strike(await nodesOf(sandbox, random), lastsMs, links);
        await clients.untilWritten(deadlineMs, 10);
        await untilHealthy(sandbox);
      } finally {
        await clients.stop();
      }
      pauses.set(name, [...(pauses.get(name) ?? []), clients.longestPause]);
      writes += clients.history.filter(({ kind, ended }) => kind === "write" && ended !== undefined).length;
      reads += clients.history.filter(({ kind }) => kind === "read").length;
      const wrong = violations(clients.history);
      if (wrong.length > 0) throw new UserError(`${name}: ${wrong.join("; ")}.`);
    });
  }
  progress.line("Longest time without an acknowledged write, in seconds:");
  for (const [name, times] of pauses)
    progress.line(`  ${name}: ${times.map((it) => it.toFixed(1)).join(", ")}`);
  progress.line(
    `${order.length} faults on ${sandbox.vaultNodes.length} nodes; ${writes} acknowledged writes and ${reads} reads: none lost, none stale.`,
  );
}

async function clientsOf(sandbox: Sandbox): Promise<RegisterClients> {
  const deployer = await VaultClient.loggedIn({ ...sandbox.vaultConnection(), jwt: sandbox.deployerToken() });
  const { id } = await deployer.request({ method: "GET", path: "auth/token/lookup-self" });
  const client = () => new VaultClient(sandbox.vaultConnection(), String(id), 5_000);
  return new RegisterClients(client(), client());
}

async function stateOf(sandbox: Sandbox): Promise<Readonly<Record<string, unknown>>> {
  const deployer = await VaultClient.loggedIn({ ...sandbox.vaultConnection(), jwt: sandbox.deployerToken() });
  try {
    return await deployer.request({ method: "GET", path: "sys/storage/raft/autopilot/state" });
  } finally {
    await deployer.logOut();
  }
}

/** The leader, and the followers in a random order. */
async function nodesOf(sandbox: Sandbox, random: () => number): Promise<Nodes> {
  const name = String((await stateOf(sandbox))["leader"]);
  const leader = sandbox.vaultNodes.find((node) => node.name.endsWith(name));
  if (!leader) throw new UserError(`Vault's leader ${name} is not a node of the sandbox.`);
  const drawn = sandbox.vaultNodes
    .filter((node) => node !== leader)
    .map((node) => ({ node, at: random() }))
    .sort((one, other) => one.at - other.at);
  return { leader, followers: drawn.map(({ node }) => node) };
}

async function untilHealthy(sandbox: Sandbox): Promise<void> {
  const count = sandbox.vaultNodes.length;
  await waitFor(
    `autopilot to call ${count} nodes healthy, and voters`,
    async () => {
      const state = await stateOf(sandbox);
      return state["healthy"] === true && (state["voters"] as string[]).length === count;
    },
    { deadlineMs, intervalMs: 500 },
  );
}
