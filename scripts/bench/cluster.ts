import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { PassThrough } from "node:stream";
import { azureClouds } from "../../environments/azure-clouds";
import { loadEnvironment } from "../../environments/load";
import { inTurn } from "../../lib/processes/in-turn";
import { Progress } from "../../lib/processes/progress";
import { VaultClient } from "../../lib/vault-api/vault-client";
import { Sandbox } from "../../sandbox/system/sandbox";
import { StateFolder } from "../../sandbox/system/state-folder";
import { type Measured, median, ratios, spread } from "./side-by-side";

const demo = loadEnvironment("demo");
const sizes = [1, 3, 5] as const;

/** Values in one request to transit. */
const batch = 100;
/** Connections. Each waits for its answer before it sends the next request. */
const connections = 16;
/** Seconds of load for one figure. */
const seconds = 5;

/** A request that is repeated. */
interface Work {
  readonly name: string;
  /** The client's address. Tokens of web apps work only in their subnet. */
  readonly localAddress?: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: object;
  readonly token?: string;
}

interface MeasuredCluster {
  readonly nodes: number;
  readonly sandbox: Sandbox;
  readonly works: readonly Work[];
  stop(): Promise<void>;
}

/** Measures Vault with 1, 3 and 5 nodes behind the stand-in for the load balancer. All these clusters run the whole time. */
export async function benchCluster(rounds: number): Promise<void> {
  const clusters: MeasuredCluster[] = [];
  try {
    for (const nodes of sizes) clusters.push(await start(nodes));
    const [{ works = [] } = {}] = clusters;
    console.log(
      `\nRequests a second with ${connections} connections, and milliseconds of the median and the slowest of a hundred, ${rounds} rounds of ${seconds} s\n`,
    );
    console.log("| requests | nodes | a second | p50, ms | p99, ms | times one node |");
    console.log("| --- | --- | --- | --- | --- | --- |");
    for (const [index, { name }] of works.entries()) await bench(name, index, clusters, rounds);
  } finally {
    await inTurn(...clusters.map((cluster) => () => cluster.stop()));
  }
}

async function bench(
  name: string,
  index: number,
  clusters: readonly MeasuredCluster[],
  rounds: number,
): Promise<void> {
  const measured = clusters.map(({ nodes }) => ({
    rate: { name: String(nodes), figures: [] as number[] } satisfies Measured,
    p50: [] as number[],
    p99: [] as number[],
  }));
  for (let round = 0; round <= rounds; round++) {
    console.error(`  ${name}: ${round === 0 ? "warm-up" : `round ${round} of ${rounds}`}`);
    for (const [position, cluster] of clusters.entries()) {
      const work = cluster.works[index];
      const figures = measured[position];
      if (!work || !figures) continue;
      const { requests, p50, p99 } = await load(cluster.sandbox, work);
      if (round === 0) continue;
      figures.rate.figures.push(requests);
      figures.p50.push(p50);
      figures.p99.push(p99);
    }
  }
  const [one] = measured;
  for (const { rate, p50, p99 } of measured) {
    const times = one && rate !== one.rate ? spread(ratios(rate, one.rate), 2) : "";
    console.log(
      `| ${name} | ${rate.name} | ${spread(rate.figures, 0)} | ${median(p50).toFixed(1)} | ${median(p99).toFixed(1)} | ${times} |`,
    );
  }
}

/** Sends the requests itself, because autocannon cannot choose the client's address, to which a token may be bound. */
async function load(sandbox: Sandbox, work: Work): Promise<{ requests: number; p50: number; p99: number }> {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: connections,
    ca: readFileSync(sandbox.vaultCertificateFile),
    servername: sandbox.vaultServerName,
    ...(work.localAddress && { localAddress: work.localAddress }),
  });
  const { address } = sandbox.loadBalancer ?? sandbox.vault;
  const times: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const began = performance.now();
      await send(agent, address, work);
      times.push(performance.now() - began);
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, client));
  } finally {
    agent.destroy();
  }
  const elapsed = (performance.now() - start) / 1000;
  times.sort((one, other) => one - other);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { requests: times.length / elapsed, p50: at(0.5), p99: at(0.99) };
}

function send(agent: Agent, host: string, { method, path, body, token }: Work): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", ...(token && { "x-vault-token": token }) };
    const asked = request({ agent, host, port: 8200, method, path: `/v1/${path}`, headers }, (answer) => {
      const { statusCode = 0 } = answer;
      answer.resume().on("end", () => {
        if (statusCode < 300) resolve();
        else reject(new Error(`Vault answered ${method} ${path} with ${statusCode}`));
      });
    });
    asked.on("error", reject);
    asked.end(body && JSON.stringify(body));
  });
}

async function start(nodes: (typeof sizes)[number]): Promise<MeasuredCluster> {
  const folder = await StateFolder.open();
  const environment = { ...demo, vault: { ...demo.vault, nodes, publicAddress: false } };
  const progress = new Progress({ stream: new PassThrough().resume() });
  console.error(`  ${nodes} ${nodes === 1 ? "node starts" : "nodes start"}`);
  const sandbox = await Sandbox.start({ environment, folder, progress, upTo: "vault-config" });
  const deployer = await VaultClient.loggedIn({ ...sandbox.vaultConnection(), jwt: sandbox.deployerToken() });
  // One client sends all requests of this benchmark, so it needs more than one client's quota.
  await deployer.request({ method: "DELETE", path: "sys/quotas/rate-limit/each-client" });
  const { id } = await deployer.request({ method: "GET", path: "auth/token/lookup-self" });
  const token = String(id);
  await deployer.request({ method: "POST", path: "cubbyhole/bench", body: { value: "x".repeat(100) } });
  const works: Work[] = [
    { name: "reads", method: "GET", path: "cubbyhole/bench", token },
    { name: "writes", method: "POST", path: "cubbyhole/bench", body: { value: "x".repeat(100) }, token },
    {
      name: "logins",
      method: "POST",
      path: "auth/deployer/login",
      body: { role: "deployer", jwt: sandbox.deployerToken() },
    },
    await encryption(sandbox),
  ];
  const stop = () =>
    inTurn(
      () => sandbox.stop(),
      () => folder.close(),
    );
  return { nodes, sandbox, works, stop };
}

/** Encrypts as the web app does, with its own token. */
async function encryption(sandbox: Sandbox): Promise<Work> {
  const [app] = sandbox.webAppWorkloads();
  if (!app) throw new Error("The environment demo has no web app.");
  const jwt = sandbox.azure.tokenForSite(app.site, azureClouds.AzureCloud.resourceManager);
  const { auth } = (await new VaultClient(sandbox.vaultConnection(app.site)).request({
    method: "POST",
    path: "auth/jwt/login",
    body: { role: app.role, jwt },
  })) as unknown as { auth: { client_token: string } };
  const [subnet = ""] = sandbox.environment.network.subnets.webApp.split("/");
  return {
    name: `transit, ${batch} values each`,
    method: "POST",
    path: "transit/encrypt/customer-key",
    body: {
      batch_input: Array.from({ length: batch }, (_, index) => ({
        plaintext: Buffer.from(`value ${index}`).toString("base64"),
        associated_data: Buffer.from(`row ${index}`).toString("base64"),
      })),
    },
    token: auth.client_token,
    localAddress: subnet.replace(/\d+$/, "200"),
  };
}
