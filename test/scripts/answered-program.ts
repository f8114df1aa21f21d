import type { ChildProcess, SpawnOptions } from "node:child_process";
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type { CommandResult } from "../../scripts/deployment/run-command";

/** A program's end. Undefined if the program is missing. */
export type Answer = (
  program: string,
  args: readonly string[],
  start: { readonly env: NodeJS.ProcessEnv; readonly cwd: string; readonly input: string },
) => CommandResult | undefined;

/** A program that a script in this process starts. The test answers for it. */
export class AnsweredProgram extends EventEmitter {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();

  /** Returns `spawn` for programs that the test answers for. */
  static start(answer: Answer) {
    return (program: string, args: readonly string[], options: SpawnOptions): ChildProcess => {
      const started = new AnsweredProgram();
      // Nobody kills this process, so a guardian has nothing to do.
      if (args.includes("vault-on-azure-guardian")) setImmediate(() => started.emit("spawn"));
      else
        setImmediate(() =>
          started.run(answer, program, args, options).catch((error) => started.emit("error", error)),
        );
      return started as unknown as ChildProcess;
    };
  }

  kill(): boolean {
    return true;
  }

  unref(): void {}

  private async run(
    answer: Answer,
    program: string,
    args: readonly string[],
    { env = process.env, cwd = "", stdio }: SpawnOptions,
  ): Promise<void> {
    const input = stdio?.[0] === "pipe" ? await text(this.stdin) : "";
    const result = answer(program, args, { env, cwd: String(cwd), input });
    if (!result) {
      this.emit("error", Object.assign(new Error(`spawn ${program} ENOENT`), { code: "ENOENT" }));
      return;
    }
    const read = [this.stdout, this.stderr].map(
      (stream) => new Promise<void>((resolve) => void stream.once("close", resolve)),
    );
    this.stdout.end(result.stdout);
    this.stderr.end(result.stderr);
    await Promise.all(read);
    this.emit("close", result.code);
  }
}
