import { cpus, totalmem } from "node:os";
import { benchApp } from "./bench/app";
import { benchCluster } from "./bench/cluster";
import { benchCustomers } from "./bench/customers";
import { benchRehearsal } from "./bench/rehearse";
import { benchSandbox } from "./bench/sandbox";
import { benchSynth } from "./bench/synth";
import { helpIfAsked } from "./help";

const parts: Readonly<Record<string, () => Promise<void>>> = {
  synth: () => benchSynth(10),
  sandbox: () => benchSandbox(10),
  rehearse: () => benchRehearsal(2),
  cluster: () => benchCluster(3),
  customers: () => benchCustomers([10_000, 100_000, ...(process.env["MILLION"] ? [1_000_000] : [])]),
  app: () => benchApp({ rounds: 10, loadSeconds: 20, memoryRequests: [1_000, 10_000, 100_000] }),
};

const usage = `Usage: npm run bench [-- PART...]

Measures alternatives side by side in one run, for docs/benchmarks.md.

  PART  ${Object.keys(parts).join(", ")} (default: all)
        MILLION=1 lets customers also measure a list of a million.`;

/** `npm run bench [-- synth|sandbox|rehearse|cluster|customers|app ...]`: measures alternatives side by side in one run, for docs/benchmarks.md. */
async function main(): Promise<void> {
  helpIfAsked(usage);
  const chosen = process.argv.slice(2);
  const unknown = chosen.filter((name) => !(name in parts));
  if (unknown.length > 0) {
    console.error(`Unknown part: ${unknown.join(", ")}. Choose from ${Object.keys(parts).join(", ")}.`);
    process.exitCode = 1;
    return;
  }
  const [cpu] = cpus();
  console.log(
    `${cpus().length} x ${cpu?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${process.platform}`,
  );
  for (const [name, measure] of Object.entries(parts))
    if (chosen.length === 0 || chosen.includes(name)) await measure();
}

void main();
