import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { messageOf, UserError } from "../../lib/processes/user-error";

/**
 * Returns a TCP port that is free on `host` now. Another program can take it before its use. So start the server
 * inside `withFreePort`, which then tries another port.
 */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  const server = createServer();
  await once(server.listen({ port: 0, host, exclusive: true }), "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
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
      last = messageOf(error);
      // The messages are from Go, libc and MariaDB.
      if (!/EADDRINUSE|address already in use/i.test(last)) throw error;
    }
  }
  throw new UserError(
    `Other programs took five ports in a row. Stop the program that opens so many. Last error: ${last}`,
  );
}
