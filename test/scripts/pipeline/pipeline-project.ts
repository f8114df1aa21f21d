import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linkPackages } from "../../../lib/link-packages";
import { keepBundles, linkBundles } from "../shared-bundles";
import { callOf } from "./cloud";
import { ImitatedPrograms } from "./imitated-programs";

const project = join(__dirname, "../../..");
const copied = [
  "app",
  "cloud-init",
  "constructs",
  "environments",
  "lib",
  "scripts",
  "stacks",
  "main.ts",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "cdktf.json",
];

/** The result of a script. */
export interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

interface Options {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly interruptAt?: string;
}

/** Sends its arguments and, if an option asks for it, its stdin to the test. The test answers for the program. */
const imitation = (program: string) => `#!/usr/bin/env bash
input=''
case " $* " in *" --input - "* | *" --body-file - "*) input=$(cat) ;; esac
exec 3<>"/dev/tcp/127.0.0.1/$IMITATION_PORT"
printf '%s\\0' ${program} "$#" "$@" "$input" >&3
IFS= read -r status <&3
if [ "$status" = 0 ]; then cat <&3; else cat <&3 >&2; fi
exit "$status"
`;

/** A copy of the project for the scripts. Imitations of programs are on PATH and record their calls. */
export class PipelineProject extends ImitatedPrograms {
  /** Runs a script in the test's process instead of its own. in-this-process.ts sets it. */
  static runInThisProcess?: (
    project: PipelineProject,
    script: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
  ) => Promise<Run>;

  readonly folder = mkdtempSync(join(tmpdir(), "pipeline-project-"));
  /** Presses Ctrl-C at this command if a test asks for it. */
  private interrupt: (command: string) => boolean = () => false;
  private readonly server: Server = createServer((socket) => this.receive(socket)).listen(0, "127.0.0.1");

  constructor(imitations: readonly string[] = ["az", "gh"]) {
    super();
    for (const name of copied) cpSync(join(project, name), join(this.folder, name), { recursive: true });
    linkPackages(this.path("."));
    linkBundles(this.folder);
    for (const name of ["bin", "tmp"]) mkdirSync(join(this.folder, name));
    for (const name of imitations) this.addProgram(name, imitation(name));
  }

  remove(): void {
    this.server.close();
    keepBundles(this.folder);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs a script to its end. With in-this-process.ts, this process runs it. */
  async run(script: string, args: readonly string[] = [], options: Options = {}): Promise<Run> {
    const { runInThisProcess } = PipelineProject;
    const needsProcess = options.input !== undefined || options.interruptAt !== undefined;
    if (!runInThisProcess || needsProcess) return this.start(script, args, options);
    return runInThisProcess(this, script, args, this.variables(options.env));
  }

  /** Runs a script in the project's folder, as a person starts it. Ctrl-C comes at the command `interruptAt`, such as `lock create`. */
  async start(script: string, args: readonly string[] = [], options: Options = {}): Promise<Run> {
    if (!this.server.listening) await once(this.server, "listening");
    const child = spawn(join(this.folder, script), args, {
      cwd: this.folder,
      // Its own process group, because Ctrl-C in a terminal reaches a group.
      detached: true,
      env: {
        ...this.variables(options.env),
        IMITATION_PORT: String((this.server.address() as AddressInfo).port),
      },
    });
    this.interrupt = (command) => {
      if (command !== options.interruptAt) return false;
      process.kill(-(child.pid as number), "SIGINT");
      return true;
    };
    // A script may end before it reads its stdin.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    const run: Run = { status: null, stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => {
      run.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      run.stderr += chunk;
    });
    return new Promise<Run>((resolve) => child.on("close", (status) => resolve({ ...run, status })));
  }

  /** A script's environment, with the imitations on PATH. */
  private variables(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const {
      CI,
      GITHUB_STEP_SUMMARY,
      GITHUB_OUTPUT,
      REVIEWED_DIGESTS,
      TERRAFORM_VAULT_AUTH_JWT,
      ARM_SUBSCRIPTION_ID,
      ...inherited
    } = process.env;
    return {
      ...inherited,
      PATH: `${join(this.folder, "bin")}:${process.env.PATH}`,
      TMPDIR: this.path("tmp"),
      ...more,
    };
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  read(file: string): string {
    return readFileSync(this.path(file), "utf8");
  }

  write(file: string, content: string): void {
    writeFileSync(this.path(file), content);
  }

  /** Changes an environment's file. */
  // biome-ignore lint/suspicious/noExplicitAny: the file before its check
  edit(environment: string, change: (json: any) => void): void {
    const json = JSON.parse(this.read(`environments/${environment}.json`));
    change(json);
    this.write(`environments/${environment}.json`, JSON.stringify(json, null, 2));
  }

  addProgram(name: string, text: string): void {
    this.write(`bin/${name}`, text);
    chmodSync(this.path(`bin/${name}`), 0o755);
  }

  private receive(socket: Socket): void {
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk;
      const [program = "", count = "", ...rest] = received.split("\0");
      // The arguments, the input, and the text after the last NUL.
      if (rest.length < Number(count) + 2) return;
      const args = rest.slice(0, Number(count));
      if (this.interrupt(callOf(args, "").command)) return;
      const { code, stdout, stderr } = this.answer(program, args, rest[Number(count)] ?? "");
      socket.end(`${code}\n${stdout}${stderr}`);
    });
  }
}
