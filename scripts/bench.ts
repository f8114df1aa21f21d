import { cpus, totalmem } from "node:os";
import { helpIfAsked } from "./help";

/** Each part loads its modules when it begins, because loading all of them takes five seconds. */
const parts: Readonly<Record<string, () => Promise<void>>> = {
  synth: () => (require("./bench/synth") as typeof import("./bench/synth")).benchSynth(10),
  sandbox: () => (require("./bench/sandbox") as typeof import("./bench/sandbox")).benchSandbox(10),
  rehearse: () => (require("./bench/rehearse") as typeof import("./bench/rehearse")).benchRehearsal(2),
  cluster: () => (require("./bench/cluster") as typeof import("./bench/cluster")).benchCluster(3),
  customers: () =>
    (require("./bench/customers") as typeof import("./bench/customers")).benchCustomers([
      10_000,
      100_000,
      ...(process.env["MILLION"] ? [1_000_000] : []),
    ]),
  app: () =>
    (require("./bench/app") as typeof import("./bench/app")).benchApp({
      rounds: 10,
      loadSeconds: 20,
      memoryRequests: [1_000, 10_000, 100_000],
    }),
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
