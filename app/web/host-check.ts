import { isIPv4 } from "node:net";
import type { FastifyRequest } from "fastify";
import { Forbidden } from "./failures";

export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || host === "[::1]" || (isIPv4(host) && host.startsWith("127."));

/**
 * For a server on loopback: refuses every other name. A page of another site whose name leads to 127.0.0.1 (DNS rebinding) is of
 * one origin with this one for the browser, but cannot forge the name.
 */
export async function checkHost({ hostname }: FastifyRequest): Promise<void> {
  if (isLoopback(hostname)) return;
  throw new Forbidden("The address names another host. Open the application by localhost or 127.0.0.1.");
}
