import { connect } from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";

const answerSchema = z.object({
  return: z.unknown().optional(),
  error: z.object({ desc: z.string() }).optional(),
});

/** Milliseconds. A snapshot of a guest's memory takes seconds. */
const DEADLINE_MS = 120_000;

/**
 * Sends a running QEMU a command of its human monitor.
 *
 * Source of the protocol: QEMU's documentation, interop/qmp-spec.
 *
 * @param socket the socket of QEMU's monitor
 * @throws UserError when QEMU prints anything, because it only prints refusals
 */
export async function orderQemu(socket: string, command: string): Promise<void> {
  const connection = connect(socket);
  connection.setTimeout(DEADLINE_MS, () => connection.destroy(new Error("QEMU's monitor does not answer")));
  const send = (execute: string, args?: object) =>
    connection.write(`${JSON.stringify({ execute, arguments: args })}\n`);
  try {
    for await (const line of createInterface({ input: connection })) {
      const message: Record<string, unknown> = JSON.parse(line);
      if ("QMP" in message) {
        send("qmp_capabilities");
        send("human-monitor-command", { "command-line": command });
      } else if ("error" in message || typeof message["return"] === "string") {
        const { return: said, error } = answerSchema.parse(message);
        const problem = error?.desc ?? String(said).trim();
        if (problem !== "") throw new UserError(`QEMU refused ${command}: ${problem}`);
        return;
      }
    }
  } finally {
    connection.destroy();
  }
  throw new UserError(`QEMU ended before it answered ${command}.`);
}
