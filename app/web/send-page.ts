import type { FastifyReply } from "fastify";
import type { Html } from "./pages/html";

export async function sendPage(reply: FastifyReply, status: number, page: Html): Promise<FastifyReply> {
  return reply
    .code(status)
    .type("text/html; charset=utf-8")
    .send(String(await page));
}
