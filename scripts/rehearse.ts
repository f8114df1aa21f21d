import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { EnvironmentError } from "../environments/environment-error";
import { loadEnvironment } from "../environments/load";
import { startGuarded } from "../lib/processes/guarded-process";
import { Progress } from "../lib/processes/progress";
import { messageOf, UserError } from "../lib/processes/user-error";
import { clusterLife } from "../sandbox/rehearsal/cluster-life";
import { defaultKills, operate, operationNames } from "../sandbox/rehearsal/day-two";
import { changeLists } from "../sandbox/rehearsal/list-changes";
import { measureOverhead } from "../sandbox/rehearsal/overhead";
import { findPlantedFaults } from "../sandbox/rehearsal/planted-faults";
import { hostsFileOfPrivateNetwork, privateNetwork } from "../sandbox/rehearsal/private-network";
import { findRehearsalPrograms, type RehearsalPrograms } from "../sandbox/rehearsal/programs";
import { type Course, rehearse } from "../sandbox/rehearsal/rehearse";
import { findTraces } from "../sandbox/rehearsal/traces";
import { bearTrouble } from "../sandbox/rehearsal/trouble";
import { upgrade } from "../sandbox/rehearsal/upgrade";
import { wholeLife } from "../sandbox/rehearsal/whole-life";
import { cloudProblems } from "../sandbox/system/public-cloud";
import { helpIfAsked } from "./help";
import { stopOnSignals } from "./stop-on-signals";

const usage = `Usage: npm run rehearse [-- environment] [--check] [--faults] [--trouble] [--traces] [--lists] [--nodes]
                        [--day-two] [--operation NAME]... [--kills N] [--from REF] [--seed N] [--keep]

Deploys the environment (default: demo) with the real scripts/deploy, Azure CLI, Terraform and providers against the sandbox's
stand-in for Azure. Then it changes the system, destroys it, and deploys it once more.

  --check     only check whether this machine has everything that a rehearsal needs
  --faults    make mistakes in the project, one at a time, and check that each is caught
  --trouble   deploy and destroy while Azure rejects, delays and runs full, tokens expire, and the scripts are killed
  --traces    do what a deployer should not do, and check how each attempt shows in the logs
  --lists     change each list of the environment, and check that the other entries stay unchanged
  --nodes     change a cluster's nodes one after the other, and their number, while clients write and read
  --day-two   rotate the unseal key, restore snapshots, upgrade Vault and remove workloads, while the scripts are killed and run again
  --operation NAME  only this operation of day two: ${operationNames.join(", ")}
  --kills N   how often to kill each of these operations (default: ${defaultKills})
  --from REF  deploy the project as of a git commit, then upgrade it to the current one
  --seed N    repeat the trouble of an earlier run
  --keep      keep the folder with the logs`;

const options = {
  check: { type: "boolean", default: false },
  faults: { type: "boolean", default: false },
  trouble: { type: "boolean", default: false },
  traces: { type: "boolean", default: false },
  lists: { type: "boolean", default: false },
  nodes: { type: "boolean", default: false },
  "day-two": { type: "boolean", default: false },
  operation: { type: "string", multiple: true },
  kills: { type: "string", default: String(defaultKills) },
  from: { type: "string" },
  // npm run bench uses this.
  overhead: { type: "string" },
  seed: { type: "string" },
  keep: { type: "boolean", default: false },
  folder: { type: "string", default: "" },
} as const;

/** Passes the programs' paths to the program inside the private network. */
const programsVariable = "VAULT_ON_AZURE_REHEARSAL_PROGRAMS";

async function main(): Promise<void> {
  helpIfAsked(usage);
  const { environment, check, keep, folder, course } = readArguments();
  const hostsFile = hostsFileOfPrivateNetwork();
  if (hostsFile) {
    const programs = JSON.parse(process.env[programsVariable] ?? "") as RehearsalPrograms;
    return rehearse({ name: environment, folder, hostsFile, programs, progress: new Progress() }, course);
  }
  const own = mkdtempSync(join(tmpdir(), "rehearsal-"));
  try {
    const { network, azureCloud } = loadEnvironment(environment);
    const problems = cloudProblems({ azureCloud });
    if (problems.length > 0) throw new UserError(`${environment} cannot be rehearsed: ${problems.join(" ")}`);
    const programs = await new Progress().step("programs", () => findRehearsalPrograms(own));
    const inner = {
      command: process.execPath,
      args: [...process.execArgv, __filename, ...process.argv.slice(2), "--folder", own],
    };
    const { command, args, env } = await privateNetwork(own, [network.addressSpace], inner);
    if (check) return;
    process.exitCode = await run(command, args, { ...env, [programsVariable]: JSON.stringify(programs) });
  } finally {
    if (keep && !check) console.error(`All files are in ${own}.`);
    else rmSync(own, { recursive: true, force: true });
  }
}

type Values = ReturnType<typeof readOptions>["values"];

/** The courses by their option. The default is a system's whole life. */
const courses = {
  faults: () => ({ follow: findPlantedFaults }),
  trouble: (seed) => ({ follow: bearTrouble(seed) }),
  traces: () => ({ follow: findTraces }),
  lists: () => ({ follow: changeLists }),
  nodes: () => ({ follow: clusterLife }),
  "day-two": (seed, { operation = [], kills }) => ({
    follow: operate(seed, Number(kills), operationsOf(operation)),
  }),
  from: (_, { from }) => ({ from, follow: upgrade }),
} satisfies Partial<Record<keyof Values, (seed: number, values: Values) => Course>>;

/** Without a name, all operations run. @throws Error for an unknown name */
function operationsOf(names: readonly string[]): typeof operationNames {
  const unknown = names.find((name) => !operationNames.some((known) => known === name));
  if (unknown !== undefined)
    throw new Error(`--operation cannot be ${unknown}. Use ${operationNames.join(", ")}.`);
  return operationNames.filter((name) => names.length === 0 || names.includes(name));
}

const courseNames = Object.keys(courses) as (keyof typeof courses)[];

const readOptions = () => parseArgs({ options, allowPositionals: true });

function readArguments() {
  try {
    const { values, positionals } = readOptions();
    const [environment = process.env.ENVIRONMENT ?? "demo", ...more] = positionals;
    if (more.length > 0) throw new Error(`Name one environment, not ${positionals.join(" and ")}.`);
    const { check, keep, folder, overhead, seed = String(Date.now() % 1_000_000) } = values;
    const chosen = courseNames.filter((name) => values[name] !== undefined && values[name] !== false);
    if (chosen.length > 1) {
      const flags = courseNames.map((name) => `--${name}`);
      throw new Error(`Use ${flags.slice(0, -1).join(", ")} and ${flags.at(-1)} one at a time.`);
    }
    if (!/^\d{1,9}$/.test(seed))
      throw new Error(`--seed cannot be ${seed}. Use a number of up to nine digits.`);
    if (!/^\d{1,3}$/.test(values.kills)) throw new Error(`--kills cannot be ${values.kills}. Use a number.`);
    const otherwise = overhead === undefined ? wholeLife : measureOverhead(Number(overhead));
    const course: Course = chosen[0] ? courses[chosen[0]](Number(seed), values) : { follow: otherwise };
    return { check, keep, folder, environment, course };
  } catch (error) {
    console.error(`${messageOf(error).split(". ")[0]?.replace(/\.$/, "")}.\n\n${usage}`);
    process.exit(1);
  }
}

/** The command, and everything inside the private network, ends with this process, even if this process is killed. */
async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { ended, signal } = await startGuarded({ command, args, env, stdio: ["ignore", 1, 2] });
  stopOnSignals(async () => {
    // It is the first process of its namespace, so it ignores gentler signals. Everything in the namespace ends with it.
    signal("SIGKILL");
    await ended;
  });
  return (await ended).code ?? 1;
}

main().catch((error: unknown) => {
  const known = error instanceof EnvironmentError || error instanceof UserError;
  console.error(known ? messageOf(error) : error);
  process.exit(1);
});
