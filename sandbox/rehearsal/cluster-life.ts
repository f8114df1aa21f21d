import type { Progress } from "../../lib/processes/progress";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";
import { RegisterClients } from "../system/register-clients";
import { violations } from "../system/register-history";
import { onlyOutputs } from "./expected-plan";
import type { EnvironmentFile } from "./project-copy";
import type { Rehearsal } from "./rehearsal";
import { stackOptions } from "./stack-options";

/** Deadline for everything that waits for Vault, in milliseconds. */
const deadlineMs = 900_000;

interface ClusterChange {
  readonly what: string;
  readonly edit: (vault: NonNullable<EnvironmentFile["vault"]>) => void;
  /** Further stacks that change, besides vault-server. */
  readonly network?: boolean;
  /** True if the certificate gets other names. Terraform then records the new version in its next run. */
  readonly certificate?: boolean;
  /** Prefixes of Terraform addresses whose resources may be lost. */
  readonly losses?: readonly string[];
  /** True if the rehearsal kills the script and runs it again. */
  readonly killed?: boolean;
}

const machineOf = (number: number) => `azurerm_linux_virtual_machine.node-${number}_vm_machine`;
const diskOf = (number: number) => `azurerm_managed_disk.node-${number}_data-disk`;
export const mayGo = (...numbers: number[]) =>
  numbers.flatMap((number) => [machineOf(number), diskOf(number)]);

const changes: readonly ClusterChange[] = [
  {
    what: "another VM size, while scripts/deploy is killed",
    edit: (vault) => {
      vault.vmSize = "Standard_D2s_v5";
    },
    killed: true,
  },
  {
    what: "five nodes",
    edit: (vault) => {
      vault.nodes = 5;
    },
    certificate: true,
  },
  {
    what: "three nodes again",
    edit: (vault) => {
      vault.nodes = 3;
    },
    certificate: true,
    losses: mayGo(4, 5),
  },
  {
    what: "one node",
    edit: (vault) => {
      vault.nodes = 1;
      vault.zone = "1";
    },
    certificate: true,
    network: true,
    losses: mayGo(2, 3),
  },
  {
    what: "three nodes again, from one",
    edit: (vault) => {
      vault.nodes = 3;
      delete vault.zone;
    },
    certificate: true,
    network: true,
  },
  {
    what: "other zones, with new disks",
    edit: (vault) => {
      vault.zones = ["2", "3", "1"];
    },
    losses: mayGo(1, 2, 3),
  },
];

/**
 * Changes the nodes of a cluster one after the other, adds and removes nodes, while clients write and read. Vault is not configured
 * for this, because the deployer's own registers are enough.
 */
export async function clusterLife(rehearsal: Rehearsal, progress: Progress): Promise<void> {
  rehearsal.edit((environment) => {
    environment.protectData = false;
  });
  await progress.longStep("scripts/deploy, up to vault-server", () =>
    rehearsal.deploy(...stackOptions("vm-reader-role", "network", "vault-server")),
  );
  await untilHealthy(rehearsal);
  for (const change of changes) await make(change, rehearsal, progress);
}

async function make(change: ClusterChange, rehearsal: Rehearsal, progress: Progress): Promise<void> {
  const { what, edit, network, certificate, losses = [], killed = false } = change;
  const stacks = stackOptions(...(network ? ["network"] : []), "vault-server");
  rehearsal.edit(({ vault }) => edit(vault ?? {}));
  const options = losses.length > 0 ? await allowing(losses, rehearsal, stacks) : [];
  const deployer = await rehearsal.deployer();
  const clients = new RegisterClients(deployer, deployer);
  const trusting = setInterval(() => rehearsal.trustNewestCertificate(), 200);
  try {
    await clients.untilWritten(deadlineMs, 10);
    const deploy = (...more: string[]) => rehearsal.deploy(...stacks, ...options, ...more);
    if (killed)
      await progress.step(`${what}: killed at the first turn`, () => killedInTurn(rehearsal, deploy));
    await progress.longStep(`${what}: scripts/deploy`, () => unlocked(deploy));
    await untilHealthy(rehearsal);
    await clients.untilWritten(deadlineMs, 10);
  } finally {
    await clients.stop();
    clearInterval(trusting);
  }
  progress.line(`   at most ${clients.longestPause.toFixed(1)} s without an acknowledged write`);
  const wrong = violations(clients.history);
  if (wrong.length > 0) throw new UserError(`${what}: ${wrong.join("; ")}.`);
  await rehearsal.expectPlan(certificate ? { "vault-server": onlyOutputs } : {}, ...stacks);
}

/** Returns the options --allow-loss for the planned addresses. cdktf adds characters to the end of Terraform's addresses. */
export async function allowing(
  losses: readonly string[],
  rehearsal: Rehearsal,
  stacks: readonly string[],
): Promise<string[]> {
  const planned = (await rehearsal.plan(...stacks)).stacks.flatMap((one) =>
    "changes" in one ? Object.keys(one.changes ?? {}) : [],
  );
  return planned
    .filter((address) => losses.some((start) => address.startsWith(`${start}_`)))
    .flatMap((address) => ["--allow-loss", address]);
}

/** Releases the lock that a killed run left in the storage account, as its message says. */
async function unlocked(deploy: (...more: string[]) => Promise<void>): Promise<void> {
  try {
    await deploy();
  } catch (error) {
    const [, lock] = /force-unlock ([0-9a-f-]+)/.exec(messageOf(error)) ?? [];
    if (!lock) throw error;
    await deploy("--break-lock", lock);
  }
}

/** Simulates a power cut while the first node changes. */
async function killedInTurn(rehearsal: Rehearsal, deploy: () => Promise<void>): Promise<void> {
  const sizes = () =>
    new Set(
      rehearsal.azure.resources
        .ofType("Microsoft.Compute/virtualMachines")
        .map((it) => JSON.stringify(it.properties?.["hardwareProfile"])),
    );
  const running = deploy().catch(() => {});
  await waitFor("the first node to have its new size", () => sizes().size > 1, { deadlineMs });
  await rehearsal.killScript();
  await running;
}

export async function untilHealthy(rehearsal: Rehearsal): Promise<void> {
  const { nodes } = rehearsal.environment.vault;
  await waitFor(
    `autopilot to call ${nodes} nodes healthy, and voters`,
    async () => {
      // Another number of nodes renews the certificate.
      rehearsal.trustNewestCertificate();
      const deployer = await rehearsal.deployer();
      const state = await deployer.request({ method: "GET", path: "sys/storage/raft/autopilot/state" });
      await deployer.logOut();
      return state["healthy"] === true && (state["voters"] as string[]).length === nodes;
    },
    { deadlineMs, intervalMs: 1000 },
  );
}
