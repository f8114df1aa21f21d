import { createServer } from "node:net";
import { messageOf, UserError } from "../../lib/processes/user-error";

/**
 * Returns a TCP port that is free on `host` now. Another program can take it before its use. So start the server
 * inside `withFreePort`, which then tries another port.
 */
export function freePort(host = "127.0.0.1"): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port: 0, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/**
 * Calls `start` with a free port. If another program takes that port in the meantime, tries again with another one
 * (five in all).
 *
 * @throws UserError when all five ports were taken, otherwise the error of `start`
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
    `Other programs took five ports in a row. Stop the program that opens so many. Last error: ${last}`,
  );
}

/** Returns true if an error, or its log lines, reports a port in use. The messages are from Go, libc and MariaDB. */
function isPortTaken(error: unknown): boolean {
  return /EADDRINUSE|address already in use/i.test(messageOf(error));
}
