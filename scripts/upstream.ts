import { parseArgs } from "node:util";
import { messageOf } from "../lib/processes/user-error";
import { facts } from "./upstream/facts";
import { exitCodeOf, jsonReport, markdownReport, textReport } from "./upstream/report";
import { Upstream } from "./upstream/upstream";
import { watch } from "./upstream/watch";

const help = `Usage: npm run upstream [-- --json | --markdown]

Checks every outside fact that the project relies on: keys, archives, versions, vulnerabilities, ends of life. docs/upstream.md

  --json      print the rows as JSON, for programs
  --markdown  print the work to do, in the form of the nightly issue

Exit code 0: all good. 2: something to do. 3: nothing to do, but something unknown. 1: the check itself failed.
`;

/** `npm run upstream`: queries all sources at the same time and prints a row for each fact. */
async function main(): Promise<void> {
  // Each look-up of a host name blocks a thread until it gets an answer. With the default of 4 threads, the others wait.
  process.env.UV_THREADPOOL_SIZE = "32";
  try {
    const { values } = parseArgs({
      options: {
        json: { type: "boolean", default: false },
        markdown: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(help);
      return;
    }
    const rows = await watch(facts(), new Upstream(), new Date());
    const colour = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
    process.stdout.write(
      values.json ? jsonReport(rows) : values.markdown ? markdownReport(rows) : textReport(rows, { colour }),
    );
    process.exitCode = exitCodeOf(rows);
  } catch (error) {
    process.stderr.write(`The check failed: ${messageOf(error)} See --help.\n`);
    process.exitCode = 1;
  }
}

void main();
