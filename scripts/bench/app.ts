import { join } from "node:path";
import { PassThrough } from "node:stream";
import autocannon from "autocannon";
import { loadEnvironment } from "../../environments/load";
import { Progress } from "../../lib/processes/progress";
import { waitFor } from "../../lib/processes/wait-for";
import { VaultClient } from "../../lib/vault-api/vault-client";
import { Sandbox } from "../../sandbox/system/sandbox";
import { StateFolder } from "../../sandbox/system/state-folder";
import { WebAppProcess } from "../../sandbox/system/web-app";
import { AppContestants, type Page } from "./app-contestants";
import { type Measured, measureSideBySide, median, ratios, spread } from "./side-by-side";

const environment = loadEnvironment("demo");

/** Requests of one measurement. The result is their median. With a call to Vault for each field, one request takes as long as all of these. */
const requestsPerRound = 20;
const clients = 32;
const pageOf20 = "/api/customers?page=1&pageSize=20";
/** One customer needs one request to Vault and one to the database. A hundred thousand of them take minutes. */
const oneCustomer = "/api/customers/1";

export interface AppBenchOptions {
  rounds: number;
  /** Seconds of load for the measurement of requests a second. */
  loadSeconds: number;
  /** Numbers of requests after which this reads the memory, ascending. */
  memoryRequests: readonly number[];
}

/** Measures what encryption adds to a page, how much load the deployed package takes, and whether its memory grows. */
export async function benchApp({ rounds, loadSeconds, memoryRequests }: AppBenchOptions): Promise<void> {
  const folder = await StateFolder.open();
  const progress = new Progress({ stream: new PassThrough().resume() });
  const sandbox = await Sandbox.start({ environment, folder, progress, upTo: "vault-config" });
  try {
    await benchContestants(sandbox, rounds, loadSeconds);
    await withDeployed(sandbox, folder, (app) => benchLoad(app, rounds, loadSeconds));
    await withDeployed(sandbox, folder, (app) => benchMemory(app, memoryRequests));
  } finally {
    await sandbox.stop();
    await folder.close();
  }
}

async function benchContestants(sandbox: Sandbox, rounds: number, loadSeconds: number): Promise<void> {
  const contestants = await AppContestants.start(sandbox);
  try {
    await benchPages(sandbox, contestants, rounds);
    await benchLoads(contestants, rounds, loadSeconds);
  } finally {
    await contestants.close();
  }
}

async function benchPages(sandbox: Sandbox, contestants: AppContestants, rounds: number): Promise<void> {
  const { dataKeys, batchOfFields, fieldByField, plain } = contestants;
  const measured = await measureSideBySide(
    [
      {
        name: "a data key per row, one call to Vault for the page",
        measure: () => medianOf(dataKeys, requestsPerRound),
      },
      {
        name: "one call to Vault for each field, as the demos do",
        measure: () => medianOf(fieldByField, 1),
      },
      { name: "without encryption", measure: () => medianOf(plain, requestsPerRound) },
      {
        name: "each field by Vault, one call for the page",
        measure: () => medianOf(batchOfFields, requestsPerRound),
      },
      {
        name: "a data key per row, with a single audit device of Vault",
        measure: () => withoutSecondAudit(sandbox, () => medianOf(dataKeys, requestsPerRound)),
      },
    ],
    rounds,
  );
  printPages(measured, rounds);
}

/** Puts the same load on two ways to encrypt, side by side. Clients and web server share a process here. */
async function benchLoads({ addresses }: AppContestants, rounds: number, seconds: number): Promise<void> {
  const rate = async (address: string) =>
    (await load(address, pageOf20, { duration: seconds })).requests.average;
  const measured = await measureSideBySide(
    [
      { name: "a data key per row", measure: () => rate(addresses.dataKeys) },
      { name: "each field by Vault", measure: () => rate(addresses.batchOfFields) },
    ],
    loadRounds(rounds),
  );
  const [, batchOfFields] = measured as [Measured, Measured];
  console.log(`\n${clients} clients in the process of the web server, ${pageOf20}, ${seconds} s a round\n`);
  console.log("| way | requests a second | times each field by Vault |\n| --- | --- | --- |");
  for (const way of measured)
    console.log(`| ${way.name} | ${spread(way.figures, 0)} | ${spread(ratios(way, batchOfFields), 2)} |`);
}

/** Loads take seconds each. */
const loadRounds = (rounds: number): number => Math.min(rounds, 3);

/** Measures a page with one audit device less: each device hashes every value of a request and of its response. */
async function withoutSecondAudit(sandbox: Sandbox, measure: () => Promise<number>): Promise<number> {
  const deployer = await VaultClient.loggedIn({ ...sandbox.vaultConnection(), jwt: sandbox.deployerToken() });
  const path = "sys/audit/file";
  const { type, options } =
    ((await deployer.read("sys/audit")) as Record<string, Record<string, unknown>>)["file/"] ?? {};
  await deployer.request({ method: "DELETE", path });
  try {
    return await measure();
  } finally {
    await deployer.request({ method: "PUT", path, body: { type, options } });
    await deployer.logOut();
  }
}

function printPages(measured: readonly Measured[], rounds: number): void {
  const [dataKeys, , plain] = measured as [Measured, Measured, Measured];
  console.log(`\nA page of 100 customers with 10 encrypted fields, ${rounds} rounds\n`);
  console.log("| page | milliseconds | times the first |\n| --- | --- | --- |");
  for (const page of measured)
    console.log(`| ${page.name} | ${spread(page.figures, 1)} | ${spread(ratios(page, dataKeys), 2)} |`);
  const overheads = dataKeys.figures.map((figure, round) => figure - (plain.figures[round] ?? Number.NaN));
  console.log(`\nOverhead of encryption, round by round: ${spread(overheads, 1)} ms`);
}

/** Starts the deployed package in a new process, without a limit on requests from one address. */
async function withDeployed(
  sandbox: Sandbox,
  folder: StateFolder,
  measure: (app: WebAppProcess) => Promise<void>,
): Promise<void> {
  const [site] = sandbox.deployment.resources("azurerm_linux_web_app");
  if (!site) throw new Error("The environment has no web app to measure. Add one.");
  const app = await WebAppProcess.start({
    site,
    azure: sandbox.azure,
    folder: await folder.folder("measured-app"),
    zipFile: join(folder.path, "stacks/stacks/web-app/assets/app.zip"),
    caFile: sandbox.caFile,
    environment: {
      REQUESTS_PER_MINUTE: "100000000",
      NODE_OPTIONS: `--require ${join(__dirname, "collect-garbage.cjs")}`,
    },
  });
  try {
    await waitFor("the application to be ready", async () => (await fetch(`${app.url}/readyz`)).ok, {
      deadlineMs: 60_000,
    });
    await measure(app);
  } finally {
    await app.stop();
  }
}

async function benchLoad(app: WebAppProcess, rounds: number, seconds: number): Promise<void> {
  const figures: Record<"rate" | "p50" | "p99", number[]> = { rate: [], p50: [], p99: [] };
  await load(app.url, pageOf20, { duration: 2 });
  for (let round = 1; round <= loadRounds(rounds); round++) {
    console.error(`  load, round ${round}`);
    const { requests, latency } = await load(app.url, pageOf20, { duration: seconds });
    figures.rate.push(requests.average);
    figures.p50.push(latency.p50);
    figures.p99.push(latency.p99);
  }
  console.log(`\n${clients} clients, a page of 20 customers (${pageOf20}), ${seconds} s a round\n`);
  console.log("| figure | median (minimum to maximum) |\n| --- | --- |");
  console.log(`| requests a second | ${spread(figures.rate, 0)} |`);
  console.log(`| 50th percentile, ms | ${spread(figures.p50, 0)} |`);
  console.log(`| 99th percentile, ms | ${spread(figures.p99, 0)} |`);
}

/** Measures the memory in use after a garbage collection, and the process's resident memory, which V8 may return much later. */
async function benchMemory(app: WebAppProcess, steps: readonly number[]): Promise<void> {
  console.log(`\nMemory of a new process, ${clients} clients, requests for one customer (${oneCustomer})\n`);
  console.log("| requests | MiB in use | MiB resident | against the first |\n| --- | --- | --- | --- |");
  let done = 0;
  let first: number | undefined;
  for (const step of steps) {
    console.error(`  memory, ${step} requests`);
    await load(app.url, oneCustomer, { amount: step - done });
    done = step;
    const resident = await megabytes(app, ["process_resident_memory_bytes"]);
    app.signal("SIGUSR2");
    const held = await megabytes(app, ["nodejs_heap_size_used_bytes", "nodejs_external_memory_bytes"]);
    first ??= resident;
    const growth = ((resident - first) / first) * 100;
    console.log(`| ${step} | ${held.toFixed(1)} | ${resident.toFixed(0)} | ${growth.toFixed(1)} % |`);
  }
}

async function load(address: string, path: string, options: { duration: number } | { amount: number }) {
  const result = await autocannon({ url: `${address}${path}`, connections: clients, ...options });
  const failed = result.errors + result.non2xx;
  if (failed > 0) throw new Error(`${failed} of ${result.requests.total} requests failed.`);
  return result;
}

/** The sum of some of the process's metrics. */
async function megabytes(app: WebAppProcess, names: readonly string[]): Promise<number> {
  const metrics = await (await fetch(`${app.url}/metrics`)).text();
  const bytes = names.map((name) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(metrics)?.[1]));
  return bytes.reduce((sum, one) => sum + one, 0) / 2 ** 20;
}

async function medianOf(page: Page, requests: number): Promise<number> {
  const figures: number[] = [];
  for (let request = 0; request < requests; request++) {
    const start = performance.now();
    await page();
    figures.push(performance.now() - start);
  }
  return median(figures);
}
