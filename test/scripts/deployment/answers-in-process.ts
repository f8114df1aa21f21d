import { appendFileSync, copyFileSync, existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { CommandResult, RunCommand } from "../../../scripts/deployment/run-command";
import type { Imitations } from "./imitations";

/** The imitations whose answers count now. */
let imitations: Imitations | undefined;

export function answerFrom(some: Imitations | undefined): void {
  imitations = some;
}

/**
 * Answers az and terraform from the imitations' files, for a preflight in this process. A start of a program copies the tables of all of
 * Jest's memory, which takes longer than the rest of a preflight.
 */
export const answerInProcess: RunCommand = async (program, args, { env = process.env, cwd = "" } = {}) => {
  if (!imitations) throw new Error(`${program} starts outside of a preflight.`);
  if (!existsSync(join(imitations.bin, program))) return undefined;
  appendFileSync(
    join(imitations.folder, "calls"),
    `${program}\t${args.map((arg) => `${arg}\x1f`).join("")}\t${Object.keys(env).join(" ")}\n`,
  );
  return program === "az" ? azAnswer(imitations, args) : terraformAnswer(imitations, args, cwd);
};

function azAnswer(from: Imitations, args: readonly string[]): CommandResult {
  const file = `az/${nameOf(args)}`;
  const failed = failure(from, file);
  if (failed || !file.startsWith("az/keyvault-certificate-download")) return failed ?? answer(from, file);
  copyFileSync(join(from.folder, file), args[args.indexOf("--file") + 1] ?? "");
  return { code: 0, stdout: "", stderr: "" };
}

/** The words of a command, or the subject of a request of `az rest`. */
function nameOf(args: readonly string[]): string {
  const end = args.findIndex((arg) => arg.startsWith("-"));
  const name = args.slice(0, end === -1 ? undefined : end).join("-");
  const all = args.join(" ");
  if (name === "rest") {
    if (all.includes("capabilitySets")) return "mysql-capabilities";
    if (all.includes("virtualNetworks")) return "virtual-network";
    if (all.includes("checkNameAvailability")) return "check-name";
  }
  if (name === "account-get-access-token" && all.includes("--resource api://"))
    return `${name}-for-application`;
  return name;
}

function terraformAnswer(from: Imitations, args: readonly string[], cwd: string): CommandResult {
  const command = args.filter((arg) => !arg.startsWith("-")).join(" ");
  if (command === "version") return failure(from, "terraform/version") ?? answer(from, "terraform/version");
  const nothing = { code: 0, stdout: "", stderr: "" };
  if (command === "init") return failure(from, "terraform/init") ?? nothing;
  if (command !== "state pull") throw new Error(`No preflight runs terraform ${command}.`);
  const folder = args.find((arg) => arg.startsWith("-chdir="));
  const stack = folder === undefined ? stackOfBackend(cwd) : basename(folder);
  return existsSync(join(from.folder, "state", stack)) ? answer(from, `state/${stack}`) : nothing;
}

/** The stack whose state is at the backend that a folder names. */
function stackOfBackend(folder: string): string {
  return /\/([a-z-]*)\.tfstate/.exec(readFileSync(join(folder, "main.tf.json"), "utf8"))?.[1] ?? "";
}

function answer(from: Imitations, file: string): CommandResult {
  const path = join(from.folder, file);
  if (!existsSync(path)) return { code: 1, stdout: "", stderr: `${path}: No such file or directory` };
  return { code: 0, stdout: readFileSync(path, "utf8"), stderr: "" };
}

function failure(from: Imitations, file: string): CommandResult | undefined {
  const path = join(from.folder, `${file}.error`);
  return existsSync(path) ? { code: 1, stdout: "", stderr: readFileSync(path, "utf8") } : undefined;
}
