import { cpus, totalmem } from "node:os";
import { benchSandbox } from "./bench/sandbox";
import { benchSynth } from "./bench/synth";

/** `npm run bench`: measures side by side in one run, for docs/benchmarks.md. */
async function main(): Promise<void> {
  const [cpu] = cpus();
  console.log(
    `${cpus().length} x ${cpu?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${process.platform}`,
  );
  await benchSynth(10);
  await benchSandbox(10);
}

void main();
