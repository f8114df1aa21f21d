import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { z } from "zod";
import { roundMarker } from "../../sandbox/rehearsal/overhead";
import { spread } from "./side-by-side";

const times = z.object({ stacks: z.record(z.string(), z.number()), whole: z.number() });
const round = z.object({ scripts: times, plain: times });

/** Compares scripts/deploy with a plain `terraform apply` of the same stacks, against the stand-in for Azure. */
export async function benchRehearsal(rounds: number): Promise<void> {
  const measured = await rehearse(rounds);
  const [first] = measured;
  if (!first) return;
  const row = (name: string, of: (one: z.infer<typeof times>) => number) => {
    const [scripts, plain] = [measured.map((one) => of(one.scripts)), measured.map((one) => of(one.plain))];
    const ratios = scripts.map((seconds, index) => seconds / (plain[index] ?? Number.NaN));
    console.log(`| ${name} | ${spread(scripts, 1)} | ${spread(plain, 1)} | ${spread(ratios, 2)} |`);
  };
  console.log(`\nA deployment of demo against the stand-in for Azure, ${measured.length} rounds\n`);
  console.log("| stack | scripts/deploy, seconds | terraform apply, seconds | ratio |");
  console.log("| --- | --- | --- | --- |");
  for (const stack of Object.keys(first.plain.stacks))
    row(stack, ({ stacks }) => stacks[stack] ?? Number.NaN);
  row("everything, including preflight, init, waiting and tests", ({ whole }) => whole);
}

async function rehearse(rounds: number): Promise<z.infer<typeof round>[]> {
  const child = spawn("npm", ["run", "--silent", "rehearse", "--", "--overhead", String(rounds)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const measured: z.infer<typeof round>[] = [];
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith(roundMarker)) measured.push(round.parse(JSON.parse(line.slice(roundMarker.length))));
  }
  return measured;
}
