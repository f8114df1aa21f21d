import { parseArgs } from "node:util";
import { EnvironmentError } from "../../environments/environment-error";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { Interruption } from "./interruption";

/** Prints a line for people on stderr. stdout is for results. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a script to its end. The exit code is 0 or the work's number, `failure` after an error (a sentence on stderr), or 128 plus the signal's number.
 * `onFailure` also receives the sentence.
 */
export async function runScript(
  work: (interruption: Interruption) => Promise<unknown>,
  onFailure: (message: string) => void = () => {},
  failure = 1,
): Promise<void> {
  const interruption = new Interruption(say);
  try {
    const code = await work(interruption);
    process.exit(typeof code === "number" ? code : 0);
  } catch (error) {
    const message = sentenceOf(error);
    await interruption.arrive();
    if (interruption.exitCode === undefined) say(message);
    onFailure(interruption.exitCode === undefined ? message : "Interrupted.");
    interruption.stopTheRest();
    process.exit(interruption.exitCode ?? failure);
  }
}

/** Returns the sentence for any thrown value, without a stack trace. */
function sentenceOf(error: unknown): string {
  return error instanceof UserError || error instanceof EnvironmentError
    ? error.message
    : `Unexpected error (${messageOf(error)}). Run the same command again. If the error stays, report it.`;
}

type Options = NonNullable<Parameters<typeof parseArgs>[0]>["options"];

/**
 * Reads a script's arguments: options and at most one environment's name. Default: ENVIRONMENT, or demo.
 * `--help` prints the help and ends. @throws {UserError} for unknown arguments.
 */
export function readArguments<T extends NonNullable<Options>>(help: string, options: T) {
  const { values, positionals } = parsed(help, options);
  const [environment = process.env.ENVIRONMENT ?? "demo", ...more] = positionals;
  if (more.length > 0) {
    throw new UserError(`Name only one environment, not ${positionals.join(" and ")}. See --help.`);
  }
  return { environment, values };
}

/**
 * Reads the arguments of a script whose environment has no default: options, the environment's name, and at most `further` words.
 * `--help` prints the help and ends. @throws {UserError} with the usage, which is the help's first paragraph
 */
export function readArgumentsOf<T extends NonNullable<Options>>(help: string, options: T, further = 0) {
  const usage = new UserError(help.split("\n\n")[0]);
  try {
    const { values, positionals } = parsed(help, options);
    const [environment, ...words] = positionals;
    if (environment === undefined || words.length > further) throw usage;
    return { environment, words, values };
  } catch {
    throw usage;
  }
}

/** @throws {UserError} for an unknown option */
function parsed<T extends NonNullable<Options>>(help: string, options: T) {
  const read = () => {
    try {
      return parseArgs({
        options: { ...options, help: { type: "boolean", short: "h", default: false } },
        allowPositionals: true,
      });
    } catch (error) {
      throw new UserError(`${messageOf(error).split(". ")[0]}. See --help.`);
    }
  };
  const { values, positionals } = read();
  if ((values as { help?: boolean }).help) {
    process.stdout.write(help);
    process.exit(0);
  }
  return { values, positionals };
}

/** Reads the value of `--wait`. @throws {UserError} if it is not a number of seconds. */
export function readSeconds(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) {
    throw new UserError(`--wait takes a whole number of seconds, not ${JSON.stringify(text)}. See --help.`);
  }
  return Number(text);
}
