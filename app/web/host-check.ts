import { isIPv4 } from "node:net";
import type { FastifyRequest } from "fastify";
import { Forbidden } from "./failures";

export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || host === "[::1]" || (isIPv4(host) && host.startsWith("127."));

/**
 * A server on loopback refuses every other host name. The name of another site can resolve to 127.0.0.1 (DNS rebinding). Its pages
 * then have the same origin as this server in the browser, but they cannot forge the name.
 */
export async function checkHost({ hostname }: FastifyRequest): Promise<void> {
  if (isLoopback(hostname)) return;
  throw new Forbidden("The address names another host. Open the application at localhost or 127.0.0.1.");
}
