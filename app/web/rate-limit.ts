import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import * as ipaddr from "ipaddr.js";
import { TooMany } from "./failures";

/** Rejects an address that sends more requests than a person can, so that it does not use up Vault and database. */
export async function limitRate(
  server: FastifyInstance,
  { requestsPerMinute }: { requestsPerMinute: number },
): Promise<void> {
  await server.register(rateLimit, {
    max: requestsPerMinute,
    timeWindow: 60_000,
    cache: 10_000,
    keyGenerator: caller,
    errorResponseBuilder: (_request, { ttl }) => new TooMany(Math.max(1, Math.ceil(ttl / 1000))),
  });
}

/**
 * Returns the caller's address, without the port that App Service appends. For IPv6 it returns the 64-bit network, because one
 * computer can use all of its addresses.
 */
export function caller({ ip }: Pick<FastifyRequest, "ip">): string {
  const address = /^\[([^\]]*)\]/.exec(ip)?.[1] ?? ip.replace(/^([\d.]+):\d+$/, "$1");
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6
    ? `${new ipaddr.IPv6([...parsed.parts.slice(0, 4), 0, 0, 0, 0]).toString()}/64`
    : parsed.toString();
}
