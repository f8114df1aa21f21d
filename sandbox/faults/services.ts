import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import { VaultClient } from "../../lib/vault-api/vault-client";
import type { Sandbox } from "../system/sandbox";

/** A service of the system, and a check that it answers. */
export interface SystemService {
  readonly name: string;
  /** Throws the reason if it does not answer. */
  answers(): Promise<void>;
}

const customers = z.object({ rows: z.array(z.object({ email: z.string().includes("@") })).min(1) });

/** Milliseconds that one check may take. */
const questionMs = 10_000;

/** The applications' addresses by name. */
export function applications(sandbox: Sandbox): ReadonlyMap<string, string> {
  return new Map([
    ...[...sandbox.webApps.values()].map(({ name, url }) => [`web app ${name}`, url] as const),
    ...[...sandbox.agents.values()].map(
      ({ name, loopback }) => [`application on ${name}`, `http://${loopback}:8080`] as const,
    ),
  ]);
}

/** Every service of the system, checked from outside as people and programs use it. */
export function services(sandbox: Sandbox): SystemService[] {
  return [
    { name: "Vault", answers: () => vaultIsActive(sandbox) },
    { name: "Vault's login of deployers", answers: () => deployerLogsIn(sandbox) },
    ...[...applications(sandbox)].map(([name, url]) => ({ name, answers: () => listsCustomers(url) })),
  ];
}

async function vaultIsActive(sandbox: Sandbox): Promise<void> {
  const client = new VaultClient(sandbox.vaultConnection(), undefined, questionMs);
  try {
    await client.request({ method: "GET", path: "sys/health" });
  } finally {
    client.close();
  }
}

async function deployerLogsIn(sandbox: Sandbox): Promise<void> {
  const client = await VaultClient.loggedIn({ ...sandbox.vaultConnection(), jwt: sandbox.deployerToken() });
  await client.logOut();
}

/** Lists customers. Vault decrypts them and the database stores them, so this checks all three. */
async function listsCustomers(url: string): Promise<void> {
  await get(`${url}/healthz`);
  await get(`${url}/readyz`);
  customers.parse(JSON.parse(await get(`${url}/api/customers?page=1&pageSize=5`)));
}

async function get(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(questionMs) });
  const text = await answer.text();
  if (!answer.ok) throw new UserError(`${url} answers ${answer.status}: ${text.slice(0, 300)}`);
  return text;
}
