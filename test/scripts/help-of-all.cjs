/**
 * node --require tsx/cjs help-of-all.cjs <program>.ts...
 *
 * Runs `--help` of several programs, one after the other, and prints their exit codes and outputs as JSON. The programs share most of
 * their modules, which take longer to load than a help takes to print.
 */
const { setImmediate: turn } = require("node:timers/promises");

class Exit extends Error {}

const write = process.stdout.write.bind(process.stdout);
const exit = process.exit.bind(process);

/** The program that runs now. It ends with its first exit. */
let current;

for (const stream of ["stdout", "stderr"])
  process[stream].write = (text) => {
    if (current.status === undefined) current[stream] += text;
    return true;
  };
process.exit = (code = 0) => {
  current.status ??= code;
  throw new Exit();
};
process.on("unhandledRejection", failed);

function failed(error) {
  if (!(error instanceof Exit)) current.stderr += error.stack;
}

async function helpOf(program) {
  current = { stdout: "", stderr: "" };
  process.exitCode = undefined;
  process.argv = [process.argv[0], program, "--help"];
  try {
    // A program without an exported main runs when it is loaded.
    await require(program).main?.();
  } catch (error) {
    failed(error);
  }
  current.status ??= process.exitCode ?? 0;
  // What the program does with its exit, an exception here, must not count for the next one.
  await turn();
  const { status, stdout, stderr } = current;
  return { status, stdout, stderr };
}

async function helpOfAll(programs) {
  const results = [];
  for (const program of programs) results.push(await helpOf(program));
  write(`${JSON.stringify(results, null, 2)}\n`, () => exit(0));
}

void helpOfAll(process.argv.slice(2));
