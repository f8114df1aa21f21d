import { createServer } from "node:net";
import { messageOf, UserError } from "../../lib/processes/user-error";

/** Ports given out by this process: not given twice, even while nobody listens on them yet. */
const given = new Set<number>();

/**
 * A TCP port that is free on `host` now. Another process may take it before it is used: start what needs it inside
 * `withFreePort`, which then tries another.
 */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (;;) {
    const port = await new Promise<number>((resolve, reject) => {
      const server = createServer();
      server.once("error", reject);
      server.listen({ port: 0, host, exclusive: true }, () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
      });
    });
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}

/**
 * Calls `start` with a free port, and again with another one (five in all) when that port was taken meanwhile.
 *
 * @throws UserError when all five were taken; otherwise whatever `start` throws
 */
export async function withFreePort<T>(start: (port: number) => Promise<T>, host = "127.0.0.1"): Promise<T> {
  let last = "";
  for (let attempt = 1; attempt <= 5; attempt++) {
    const port = await freePort(host);
    try {
      return await start(port);
    } catch (error) {
      if (!isPortTaken(error)) throw error;
      last = messageOf(error);
    }
  }
  throw new UserError(
    `Five ports in a row were taken by other programs; stop what opens so many. Last: ${last}`,
  );
}

/** Whether an error, or the log lines in it, says that a port is in use. The words are those of Go, libc and MariaDB. */
export function isPortTaken(error: unknown): boolean {
  return /EADDRINUSE|address already in use/i.test(messageOf(error));
}
