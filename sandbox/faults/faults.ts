import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { UserError } from "../../lib/processes/user-error";
import { VaultClient } from "../../lib/vault-api/vault-client";
import type { FaultAnswer } from "../azure/server/request-faults";
import type { AzureRequest } from "../azure/server/service";
import type { Machine } from "../machine/machine";
import type { Sandbox } from "../system/sandbox";
import type { WebAppProcess } from "../system/web-app";
import type { Disk } from "./disks";
import type { Exits } from "./exits";

/** A running system, and what the faults need to know about it. */
export interface FaultScene {
  readonly sandbox: Sandbox;
  readonly exits: Exits;
  /** Disks that can be filled. The list may be empty. */
  readonly disks: readonly Disk[];
}

/** A fault of the system. */
export interface Fault {
  readonly name: string;
  /** Causes the fault, keeps it for this number of milliseconds, and ends it. Does not wait for recovery. */
  strike(lastsMs: number): Promise<void>;
}

const VAULT = "vault.service";
const AGENT = "vault-agent.service";
const APP = "app.service";

/** Every fault that can happen to this system. */
export function faultsOf(scene: FaultScene): Fault[] {
  const { sandbox, disks } = scene;
  const [agent] = [...sandbox.agents.values()];
  const [webApp] = [...sandbox.webApps.values()];
  if (!agent || !webApp) throw new UserError("The environment needs a web app and an agent VM. Add them.");
  return [
    ...kills(scene, agent, webApp),
    ...pauses(scene, agent, webApp),
    ...revocations(scene, agent),
    ...neighbours(scene, agent, webApp),
    ...clocks(sandbox),
    ...disks.map((disk) => ({
      name: `${disk.of} disk is full`,
      strike: lasting(
        async () => disk.fill(),
        async () => disk.free(),
      ),
    })),
    {
      name: "Key Vault renews Vault's certificate; the agents fetch it later, and then Vault",
      strike: renewal(sandbox),
    },
  ];
}

function kills({ sandbox, exits }: FaultScene, agent: Machine, webApp: WebAppProcess): Fault[] {
  const { vault, database } = sandbox;
  const ordered =
    ({ name }: Machine | WebAppProcess, strike: Fault["strike"]): Fault["strike"] =>
    (lastsMs) => {
      exits.order(name);
      return strike(lastsMs);
    };
  return [
    { name: "Vault is killed", strike: killed(vault, VAULT) },
    { name: "Vault Agent is killed", strike: killed(agent, AGENT) },
    { name: "the application on a VM is killed", strike: ordered(agent, killed(agent, APP)) },
    {
      name: "the web app is killed, and App Service starts it again",
      strike: ordered(webApp, async (lastsMs) => {
        await webApp.kill();
        await delay(lastsMs);
        await webApp.restart();
      }),
    },
    { name: "App Service restarts the web app", strike: ordered(webApp, () => webApp.restart()) },
    {
      name: "MySQL is killed, and Azure starts it again",
      strike: async (lastsMs) => {
        await database.kill();
        await delay(lastsMs);
        await database.restart();
      },
    },
    { name: "Vault's VM is rebooted", strike: () => vault.reboot() },
    { name: "an agent VM is rebooted", strike: ordered(agent, () => agent.reboot()) },
    {
      name: "Vault is sealed: it is killed while Key Vault does not unwrap its key",
      strike: async (lastsMs) => {
        const fault = sandbox.azure.faults.add({
          when: ({ path }) => path.includes("unwrapkey"),
          answer: { status: 503 },
        });
        await killed(vault, VAULT)();
        await delay(lastsMs);
        fault.remove();
      },
    },
  ];
}

const killed = (machine: Machine, unit: string) => async (): Promise<void> => {
  if (machine.pid(unit) !== undefined) machine.kill(unit, "SIGKILL");
};

/** Programs that accept connections and do not answer. */
function pauses({ sandbox }: FaultScene, agent: Machine, webApp: WebAppProcess): Fault[] {
  const pausing = (name: string, signal: (signal: NodeJS.Signals) => void): Fault => ({
    name: `${name} does not answer`,
    // A process that has ended meanwhile does not need to continue.
    strike: lasting(
      async () => signal("SIGSTOP"),
      async () => {
        try {
          signal("SIGCONT");
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
      },
    ),
  });
  const unit = (machine: Machine, name: string) => (signal: NodeJS.Signals) => {
    if (machine.pid(name) !== undefined) machine.kill(name, signal);
  };
  return [
    pausing("Vault", unit(sandbox.vault, VAULT)),
    pausing("MySQL", (signal) => sandbox.database.program.signal(signal)),
    pausing("Vault Agent", unit(agent, AGENT)),
    pausing("the application on a VM", unit(agent, APP)),
    pausing("the web app", (signal) => webApp.signal(signal)),
  ];
}

function revocations({ sandbox }: FaultScene, agent: Machine): Fault[] {
  return [
    {
      name: "a deployer revokes every database user",
      strike: async () => {
        const client = await VaultClient.loggedIn({
          ...sandbox.vaultConnection(),
          jwt: sandbox.deployerToken(),
        });
        await client.request({ method: "PUT", path: "sys/leases/revoke-prefix/database/creds", body: {} });
        await client.logOut();
      },
    },
    {
      name: "Vault Agent's token is revoked",
      strike: async () => {
        const token = readFileSync(agent.path("/ramdisk/.vaulttoken"), "utf8").trim();
        await new VaultClient(sandbox.vaultConnection(agent.name), token).logOut();
      },
    },
  ];
}

/** Azure's services when they are slow, reject requests or are unreachable. */
function neighbours({ sandbox }: FaultScene, agent: Machine, webApp: WebAppProcess): Fault[] {
  const { azure, vault } = sandbox;
  const places: readonly [string, (request: AzureRequest) => boolean][] = [
    ["IMDS of Vault's VM", ({ caller, host }) => caller === vault.name && host === "169.254.169.254"],
    ["IMDS of an agent VM", ({ caller, host }) => caller === agent.name && host === "169.254.169.254"],
    ["App Service's identity endpoint", ({ host }) => host === `${webApp.name}.identity`],
    ["Key Vault", ({ host }) => host.endsWith(".vault.azure.net")],
    ["Entra ID", ({ host }) => /^(login\.microsoftonline\.com|sts\.windows\.net)$/.test(host)],
    ["Azure Resource Manager", ({ host }) => host === "management.azure.com"],
  ];
  const ways: readonly [string, FaultAnswer][] = [
    ["takes 3 s for each answer", { delayMs: 3_000 }],
    ["answers 500", { status: 500 }],
    ["answers 429", { status: 429, retryAfter: 1 }],
    ["cuts each connection", { drop: true }],
  ];
  return places.flatMap(([place, when]) =>
    ways.map(([way, answer]) => ({
      name: `${place} ${way}, while Vault and its agent log in again`,
      strike: async (lastsMs: number) => {
        const fault = azure.faults.add({ when, answer });
        // Otherwise they might not send a request in all this time.
        await killed(vault, VAULT)();
        await killed(agent, AGENT)();
        await delay(lastsMs);
        fault.remove();
      },
    })),
  );
}

/** Entra's clock, which dates tokens, compared with the VMs'. */
function clocks({ azure }: Sandbox): Fault[] {
  return [-600, -120, 120, 600].map((seconds) => ({
    name: `Entra's clock is ${Math.abs(seconds) / 60} minutes ${seconds < 0 ? "behind" : "ahead"}`,
    strike: lasting(
      async () => {
        azure.entra.clockOffsetSeconds = seconds;
      },
      async () => {
        azure.entra.clockOffsetSeconds = 0;
      },
    ),
  }));
}

function renewal(sandbox: Sandbox): Fault["strike"] {
  return async (lastsMs) => {
    await sandbox.renewVaultCertificate();
    await delay(lastsMs);
    // Runs the timers' services. The agents fetch the certificate within ten minutes, and Vault's VM waits so long.
    for (const agent of sandbox.agents.values()) await agent.run("vault-ca-certificate.service");
    await sandbox.vault.run("vault-certificate.service");
    await sandbox.refreshVaultCertificate();
  };
}

function lasting(begin: () => Promise<void>, end: () => Promise<void>): Fault["strike"] {
  return async (lastsMs) => {
    await begin();
    try {
      await delay(lastsMs);
    } finally {
      await end();
    }
  };
}
