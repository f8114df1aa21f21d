import child_process from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import tls from "node:tls";
import util from "node:util";
import type { Environment } from "../../environments/schema";
import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import type { CommandResult } from "../../scripts/deployment/run-command";
import { type Answer, AnsweredProgram } from "./answered-program";

const scripts = join(__dirname, "../../scripts");

/** What a script in this process has instead of the project, its variables and the machine's programs. */
export interface Surroundings {
  /** The folder of a copy of the project. */
  readonly project: string;
  readonly env: NodeJS.ProcessEnv;
  /** Answers for the programs that the script starts. */
  readonly answer: Answer;
  /** PEM of an authority that the script trusts, as NODE_EXTRA_CA_CERTS adds it to a process. */
  readonly certificate?: string;
}

/** Those of the script that runs now. Only one can, because it has the process's arguments and variables. */
let surroundings: Surroundings | undefined;

const projectFolder = () => surroundings?.project ?? "/nonexistent";

// A script in this process must not find the project's own deployments, and reads the environments of the copy.
jest.mock("../../scripts/deployment/stack-folder", () => ({
  get projectFolder() {
    return projectFolder();
  },
  stackFolder: (stack: string) => join(projectFolder(), "cdktf.out/stacks", stack),
}));
jest.mock("../../environments/load", () => {
  const actual = jest.requireActual<typeof import("../../environments/load")>("../../environments/load");
  const folder = () => (surroundings ? join(projectFolder(), "environments") : undefined);
  return {
    loadEnvironment: (name: string, of = folder()) => actual.loadEnvironment(name, of),
    environmentNames: (of = folder()) => actual.environmentNames(of),
  } satisfies typeof actual;
});
jest.mock("../../scripts/deployment/system", () => ({
  readSystem: systemOf,
  synthesizeSystem: (environment: Environment) =>
    systemOf(environment).map((stack) => {
      const folder = join(projectFolder(), "cdktf.out/stacks", stack.name);
      const file = join(folder, "cdk.tf.json");
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, JSON.stringify(stack.json));
      return { ...stack, file };
    }),
}));

/** The stacks of each environment file. Most runs have the same one. */
const systems = new Map<string, readonly SynthesizedStack[]>();

function systemOf(environment: Environment): readonly SynthesizedStack[] {
  const key = JSON.stringify(environment);
  const system = systems.get(key) ?? systemOfWorker(`in order: ${key}`, environment);
  systems.set(key, system);
  return system;
}

/** Another suite of this worker may have synthesized this environment, and left the stacks as text. */
function systemOfWorker(key: string, environment: Environment): readonly SynthesizedStack[] {
  const ofWorker = (globalThis as { synthesizedSystems?: Map<string, string> }).synthesizedSystems;
  const known = ofWorker?.get(key);
  if (known) return JSON.parse(known);
  const { readSystem } = jest.requireActual<typeof import("../../scripts/deployment/system")>(
    "../../scripts/deployment/system",
  );
  const system = readSystem(environment);
  ofWorker?.set(key, JSON.stringify(system));
  return system;
}

/**
 * Runs a script's `main()` in this process. Without the start of a process, the synth and the programs, it takes a tenth of the time.
 * A suite imports this file first, because it replaces modules.
 * @param script its path below scripts/
 */
export async function scriptInProcess(
  script: string,
  args: readonly string[],
  its: Surroundings,
): Promise<CommandResult> {
  if (surroundings) throw new Error("Only one script at a time runs in this process.");
  const { main } = programOf(script);
  surroundings = its;
  const process = new ScriptsProcess(args, its);
  try {
    await main();
    return process.end();
  } finally {
    process.restore();
    surroundings = undefined;
  }
}

/** Returns the TypeScript program that a script starts. */
function programOf(script: string): { main(): Promise<void> } {
  const [, program = ""] = /\/launch" (\S+) /.exec(readFileSync(join(scripts, script), "utf8")) ?? [];
  return require(join(scripts, program));
}

/** What a script sees of its process: arguments, variables, output, programs and its end. */
class ScriptsProcess {
  private readonly stdout = new Text();
  private readonly stderr = new Text();
  private code: number | undefined;
  private readonly before = eventNames.map((name) => process.listeners(name as "exit"));
  private readonly undo: (() => void)[] = [];

  constructor(args: readonly string[], { env, answer, certificate }: Surroundings) {
    this.set("env", env);
    this.set("stdout", this.stdout);
    this.set("stderr", this.stderr);
    this.set("stdin", {});
    // Scripts call it last, except after their help, which no test asks for here.
    this.set("exit", (code = 0) => {
      this.code ??= code;
    });
    const { parseArgs } = util;
    const { connect } = tls;
    const { spawn } = child_process;
    const replaced = [
      jest
        .spyOn(util, "parseArgs")
        .mockImplementation(((config) => parseArgs({ ...config, args })) as typeof parseArgs),
      jest.spyOn(os, "tmpdir").mockReturnValue(env["TMPDIR"] ?? ""),
      jest.spyOn(os, "homedir").mockReturnValue(env["HOME"] ?? ""),
      jest.spyOn(child_process, "spawn").mockImplementation(AnsweredProgram.start(answer) as typeof spawn),
      jest
        .spyOn(tls, "connect")
        .mockImplementation(((options: tls.ConnectionOptions) =>
          connect({ ca: certificate, ...options })) as typeof connect),
    ];
    for (const one of replaced) this.undo.push(() => one.mockRestore());
  }

  /** Ends as a process does: with its last event. */
  end(): CommandResult {
    const { code, stdout, stderr } = this;
    if (code === undefined) throw new Error("The script returned without an exit code.");
    for (const listener of this.newListeners(0)) (listener as (code: number) => void)(code);
    return { code, stdout: stdout.text, stderr: stderr.text };
  }

  /** Gives the process back to the tests. */
  restore(): void {
    for (const undo of this.undo.reverse()) undo();
    for (const [index, name] of eventNames.entries())
      for (const listener of this.newListeners(index)) process.off(name, listener as () => void);
  }

  private newListeners(event: number): NodeJS.ExitListener[] {
    const now = process.listeners(eventNames[event] as "exit");
    return now.filter((listener) => !this.before[event]?.includes(listener));
  }

  private set(name: "env" | "stdout" | "stderr" | "stdin" | "exit", value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(process, name) ?? { value: undefined };
    Object.defineProperty(process, name, { value, configurable: true, writable: true });
    this.undo.push(() => Object.defineProperty(process, name, before));
  }
}

const eventNames = ["exit", "SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Keeps what a script prints. */
class Text extends Writable {
  text = "";

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk;
    done();
  }
}
