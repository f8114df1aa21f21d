import { readFileSync } from "node:fs";
import { get } from "node:https";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import type { Machine } from "../machine/machine";
import type { Sandbox } from "./sandbox";
import type { WebAppProcess } from "./web-app";

/** The current state of a part of the system. */
export interface PartState {
  works: boolean;
  /** A few words for people: `unsealed, active`. */
  text: string;
  /** Process id of its program. It changes with a restart. */
  pid?: number;
}

/** A part of the running system that people check, stop and start. */
export interface Part {
  /** Its name in commands. */
  name: string;
  /** Its address. */
  place: string;
  /** Files that its programs write. */
  logs: readonly string[];
  /** Never throws. */
  state(): Promise<PartState>;
  /** Process id of its program. It sends no request to the program. Undefined while the program does not run. */
  pid(): number | undefined;
  /** True if a check of the state writes a request to Vault's audit log. */
  isAudited: boolean;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Simulates a crash (kill -9). */
  kill(): Promise<void>;
}

/** Deadline for a check of a part's state, in milliseconds. An application asks Vault and the database for up to 5 s. */
const patienceMs = 8_000;

const vaultUnit = "vault.service";
const agentUnits = ["vault-agent.service", "app.service"] as const;

const health = z.object({ initialized: z.boolean(), sealed: z.boolean(), standby: z.boolean() });
const readiness = z.object({ reasons: z.array(z.string()) });

/** Every part of a completely started sandbox. The parts that people use are first. */
export function partsOf(sandbox: Sandbox, folder: string): Part[] {
  return [
    ...sandbox.webAppWorkloads().flatMap(({ name, site }) => {
      const app = sandbox.webApps.get(site);
      return app ? [webAppPart(name, app, join(folder, "web-app", site))] : [];
    }),
    ...sandbox.agentWorkloads().flatMap(({ name, machine }) => {
      const agent = sandbox.agents.get(machine);
      return agent ? [agentPart(name, agent)] : [];
    }),
    ...sandbox.vaultNodes.map((node, index) =>
      vaultPart(sandbox.vaultNodes.length > 1 ? `vault-${index + 1}` : "vault", node, sandbox),
    ),
    mysqlPart(sandbox, join(folder, "mysql")),
  ];
}

/** @throws UserError with the names of all parts */
export function partNamed(parts: readonly Part[], name: string | undefined): Part {
  const part = parts.find((it) => it.name === name);
  if (part) return part;
  const names = parts.map((it) => it.name).join(", ");
  throw new UserError(
    name === undefined
      ? `The name of a part is missing. Choose from ${names}.`
      : `Unknown part ${name}. Choose from ${names}.`,
  );
}

function webAppPart(name: string, app: WebAppProcess, folder: string): Part {
  return {
    name,
    place: app.url,
    logs: [join(folder, "app.log")],
    pid: () => app.pid,
    isAudited: true,
    state: async () => (app.pid === undefined ? doesNotRun(name) : applicationState(app.url, app.pid)),
    stop: () => app.stop(),
    start: () => app.restart(),
    kill: () => app.kill(),
  };
}

function agentPart(name: string, machine: Machine): Part {
  const url = `http://${machine.loopback}:8080`;
  return {
    name,
    place: url,
    logs: agentUnits.map((unit) => machine.logFile(unit)),
    pid: () => machine.pid("app.service"),
    isAudited: true,
    state: async () => {
      const stopped = agentUnits.find((unit) => machine.pid(unit) === undefined);
      return stopped
        ? { works: false, text: `${stopped} does not run` }
        : applicationState(url, machine.pid("app.service"));
    },
    stop: () => eachOf([...agentUnits].reverse(), (unit) => machine.stop(unit)),
    start: () => eachOf(agentUnits, (unit) => machine.start(unit)),
    kill: async () => machine.kill("app.service", "SIGKILL"),
  };
}

function vaultPart(name: string, machine: Machine, sandbox: Sandbox): Part {
  return {
    name,
    place: `https://${machine.address}:8200`,
    logs: [machine.logFile(vaultUnit)],
    pid: () => machine.pid(vaultUnit),
    isAudited: false,
    state: async () => {
      const pid = machine.pid(vaultUnit);
      if (pid === undefined) return { works: false, text: "does not run" };
      try {
        const { initialized, sealed, standby } = health.parse(await healthOf(machine, sandbox));
        if (!initialized) return { works: false, text: "not initialised" };
        return sealed
          ? { works: false, text: "sealed" }
          : { works: true, text: `unsealed, ${standby ? "standby" : "active"}`, pid };
      } catch {
        return { works: false, text: "does not answer" };
      }
    },
    stop: () => machine.stop(vaultUnit),
    start: () => machine.start(vaultUnit),
    kill: async () => machine.kill(vaultUnit, "SIGKILL"),
  };
}

function mysqlPart({ database }: Sandbox, folder: string): Part {
  return {
    name: "mysql",
    place: `${database.host}:${database.port}`,
    logs: [join(folder, "server.log")],
    pid: () => database.program.pid,
    isAudited: false,
    state: async () =>
      database.program.running
        ? { works: true, text: "runs", pid: database.program.pid }
        : doesNotRun("mysql"),
    stop: () => database.stop(),
    start: () => database.restart(),
    kill: () => database.kill(),
  };
}

/** The state of a program that does not run and that nothing restarts. */
const doesNotRun = (name: string): PartState => ({
  works: false,
  text: `does not run; to start it: npm run sandbox -- start ${name}`,
});

async function applicationState(url: string, pid: number | undefined): Promise<PartState> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(patienceMs) });
    if (answer.ok) return { works: true, text: "ready", pid };
    return { works: false, text: readiness.parse(await answer.json()).reasons.join(" ") };
  } catch {
    return { works: false, text: "does not answer" };
  }
}

/** Asks the node directly, without the load balancer, and verifies its certificate. */
function healthOf({ address }: Machine, sandbox: Sandbox): Promise<unknown> {
  const path = "/v1/sys/health?standbyok=true&sealedcode=200&uninitcode=200";
  const options = {
    servername: sandbox.vaultServerName,
    ca: readFileSync(sandbox.vaultCertificateFile),
    timeout: patienceMs,
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const sent = get(`https://${address}:8200${path}`, options, (answer) =>
      json(answer).then(resolve, reject),
    );
    sent.once("timeout", () => sent.destroy(new Error("no answer in time")));
    sent.once("error", reject);
  });
}

async function eachOf<T>(values: readonly T[], work: (value: T) => Promise<void>): Promise<void> {
  for (const value of values) await work(value);
}
