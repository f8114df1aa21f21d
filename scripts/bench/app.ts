import { join } from "node:path";
import { PassThrough } from "node:stream";
import autocannon from "autocannon";
import { loadEnvironment } from "../../environments/load";
import { Progress } from "../../sandbox/programs/progress";
import { StateFolder } from "../../sandbox/programs/state-folder";
import { waitFor } from "../../sandbox/programs/wait-for";
import { Sandbox } from "../../sandbox/sandbox";
import { WebAppProcess } from "../../sandbox/web-app";
import { AppContestants, type Page } from "./app-contestants";
import { type Measured, measureSideBySide, median, ratios, spread } from "./side-by-side";

const environment = loadEnvironment("demo");

/** Requests of one measurement; the median counts. One by itself takes as long as all of these where each field is a call. */
const requestsPerRound = 20;
const clients = 32;
const path = "/api/customers?page=1&pageSize=20";

export interface AppBenchOptions {
  rounds: number;
  /** Seconds of load for requests a second. */
  loadSeconds: number;
  /** Requests after which memory is looked at, first and last. */
  memoryRequests: readonly [number, number];
}

/** What encryption costs a page, how much load the deployed package takes, and whether its memory grows. */
export async function benchApp({ rounds, loadSeconds, memoryRequests }: AppBenchOptions): Promise<void> {
  const folder = await StateFolder.open();
  const progress = new Progress({ stream: new PassThrough().resume() });
  const sandbox = await Sandbox.start({ environment, folder, progress, upTo: "vault-config" });
  try {
    await benchPages(sandbox, rounds);
    const app = await startDeployed(sandbox, folder);
    try {
      await benchLoad(app, rounds, loadSeconds);
      await benchMemory(app, memoryRequests);
    } finally {
      await app.stop();
    }
  } finally {
    await sandbox.stop();
    await folder.close();
  }
}

async function benchPages(sandbox: Sandbox, rounds: number): Promise<void> {
  const contestants = await AppContestants.start(sandbox);
  try {
    const { batch, fieldByField, plain } = contestants;
    const measured = await measureSideBySide(
      [
        { name: "batch: one call to Vault for the page", measure: () => medianOf(batch, requestsPerRound) },
        {
          name: "one call to Vault for each field, as the demos do",
          measure: () => medianOf(fieldByField, 1),
        },
        { name: "without encryption", measure: () => medianOf(plain, requestsPerRound) },
      ],
      rounds,
    );
    printPages(measured, rounds);
  } finally {
    await contestants.close();
  }
}

function printPages(measured: readonly Measured[], rounds: number): void {
  const [batch, , plain] = measured as [Measured, Measured, Measured];
  console.log(`\nA page of 100 customers with 10 encrypted fields, ${rounds} rounds\n`);
  console.log("| page | milliseconds | times the batch |\n| --- | --- | --- |");
  for (const one of measured)
    console.log(`| ${one.name} | ${spread(one.figures, 1)} | ${spread(ratios(one, batch), 2)} |`);
  const overheads = batch.figures.map((figure, round) => figure - (plain.figures[round] ?? Number.NaN));
  console.log(`\nOverhead of encryption, round by round: ${spread(overheads, 1)} ms`);
}

/** The deployed package in a process of its own, without a limit for how often one address asks. */
async function startDeployed(sandbox: Sandbox, folder: StateFolder): Promise<WebAppProcess> {
  const [site] = sandbox.deployment.resources("azurerm_linux_web_app");
  if (!site) throw new Error("The environment has no web app to measure; add one.");
  const app = await WebAppProcess.start({
    site,
    azure: sandbox.azure,
    folder: await folder.folder("measured-app"),
    zipFile: join(folder.path, "stacks/stacks/web-app/assets/app.zip"),
    caFile: sandbox.caFile,
    environment: { REQUESTS_PER_MINUTE: "100000000" },
  });
  await waitFor("the application to be ready", async () => (await fetch(`${app.url}/readyz`)).ok, {
    deadlineMs: 60_000,
  });
  return app;
}

async function benchLoad(app: WebAppProcess, rounds: number, seconds: number): Promise<void> {
  const figures: Record<"rate" | "p50" | "p99", number[]> = { rate: [], p50: [], p99: [] };
  await load(app, { duration: 2 });
  for (let round = 1; round <= Math.min(rounds, 3); round++) {
    console.error(`  load, round ${round}`);
    const { requests, latency } = await load(app, { duration: seconds });
    figures.rate.push(requests.average);
    figures.p50.push(latency.p50);
    figures.p99.push(latency.p99);
  }
  console.log(`\n${clients} clients, a page of 20 customers (${path}), ${seconds} s a round\n`);
  console.log("| figure | median (minimum to maximum) |\n| --- | --- |");
  console.log(`| requests a second | ${spread(figures.rate, 0)} |`);
  console.log(`| 50th percentile, ms | ${spread(figures.p50, 0)} |`);
  console.log(`| 99th percentile, ms | ${spread(figures.p99, 0)} |`);
}

async function benchMemory(app: WebAppProcess, [first, last]: readonly [number, number]): Promise<void> {
  await load(app, { amount: first });
  const before = await residentMegabytes(app);
  await load(app, { amount: last - first });
  const after = await residentMegabytes(app);
  const growth = ((after - before) / before) * 100;
  console.log("\n| memory of the process | MiB |\n| --- | --- |");
  console.log(`| after the load above and ${first} requests more | ${before.toFixed(0)} |`);
  console.log(`| after ${last} requests more | ${after.toFixed(0)} (${growth.toFixed(1)} %) |`);
}

async function load(app: WebAppProcess, options: { duration: number } | { amount: number }) {
  const result = await autocannon({ url: `${app.url}${path}`, connections: clients, ...options });
  const failed = result.errors + result.non2xx;
  if (failed > 0) throw new Error(`${failed} of ${result.requests.total} requests failed.`);
  return result;
}

/** The least of some samples, since the collector of garbage comes when it wants. */
async function residentMegabytes(app: WebAppProcess): Promise<number> {
  const samples: number[] = [];
  for (let sample = 0; sample < 5; sample++) {
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    samples.push(Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1]) / 2 ** 20);
  }
  return Math.min(...samples);
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
