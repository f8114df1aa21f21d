import { connect, type Socket } from "node:net";
import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";

export interface GuestResult {
  readonly code: number;
  /** Standard output, then standard error. */
  readonly output: string;
}

const answerSchema = z.object({
  return: z.unknown().optional(),
  error: z.object({ desc: z.string() }).optional(),
});

const statusSchema = z.object({
  exited: z.boolean(),
  exitcode: z.number().optional(),
  signal: z.number().optional(),
  "out-data": z.string().optional(),
  "err-data": z.string().optional(),
});

/** Milliseconds between two checks of a command in the guest. */
const LOOK_MS = 500;

/**
 * Runs commands as root inside a guest through QEMU's guest agent, without network and SSH. One request at a time.
 *
 * Source of the protocol: QEMU's documentation, interop/qemu-ga-ref.
 */
export class GuestAgent {
  #socket?: Socket;
  #received = "";
  #turn: Promise<unknown> = Promise.resolve();

  /** @param path the unix socket of QEMU's agent channel */
  constructor(private readonly path: string) {}

  /** Waits until the agent answers. The agent starts late in the guest's boot. */
  async untilThere({ deadlineMs, abort }: { deadlineMs: number; abort?: Promise<never> }): Promise<void> {
    await waitFor("the guest's agent to answer", () => this.#synchronize(), {
      deadlineMs,
      intervalMs: 500,
      abort,
    });
  }

  /**
   * Runs a bash script in the guest.
   *
   * @throws UserError when the script does not end before the deadline. The script then continues.
   */
  async run(script: string, { deadlineMs = 300_000 } = {}): Promise<GuestResult> {
    const { pid } = z.object({ pid: z.number() }).parse(
      await this.#ask("guest-exec", {
        path: "/bin/bash",
        arg: ["-c", script],
        env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"],
        "capture-output": true,
      }),
    );
    const status = await waitFor(
      `the guest to run: ${script}`,
      async () => {
        const answer = statusSchema.parse(await this.#ask("guest-exec-status", { pid }));
        return answer.exited ? answer : undefined;
      },
      { deadlineMs, intervalMs: LOOK_MS },
    );
    const text = (data = "") => Buffer.from(data, "base64").toString("utf8");
    return {
      code: status.exitcode ?? 128 + (status.signal ?? 0),
      output: text(status["out-data"]) + text(status["err-data"]),
    };
  }

  /** Makes the next request connect again, after a restart of QEMU or the guest. */
  disconnect(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  /** Discards earlier data in the channel: only the answer with this number counts. */
  async #synchronize(): Promise<boolean> {
    const id = Math.floor(Math.random() * 2 ** 31);
    return (await this.#ask("guest-sync", { id }, 3_000)) === id;
  }

  #ask(command: string, args: Record<string, unknown>, deadlineMs = 30_000): Promise<unknown> {
    const answer = this.#turn.then(() => this.#exchange(command, args, deadlineMs));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  async #exchange(command: string, args: Record<string, unknown>, deadlineMs: number): Promise<unknown> {
    const socket = await this.#connected();
    this.#received = "";
    socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    const line = await waitFor(
      `the guest's agent to answer ${command}`,
      () =>
        this.#received.includes("\n") ? this.#received.slice(0, this.#received.indexOf("\n")) : undefined,
      { deadlineMs, intervalMs: 10 },
    );
    const { return: value, error } = answerSchema.parse(JSON.parse(line));
    if (error) throw new UserError(`The guest's agent refused ${command}: ${error.desc}.`);
    return value;
  }

  async #connected(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed) return this.#socket;
    const socket = connect(this.path);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    socket.on("error", () => socket.destroy());
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      this.#received += text;
    });
    this.#socket = socket;
    return socket;
  }
}
