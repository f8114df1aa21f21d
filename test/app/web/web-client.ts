import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { createLogger } from "../../../app/operations/log";
import { Metrics } from "../../../app/operations/metrics";
import { createWebServer, type WebSettings } from "../../../app/web/web-server";
import { MemoryApplication } from "./memory-application";

export type PageResponse = LightMyRequestResponse;

export interface Started {
  server: FastifyInstance;
  application: MemoryApplication;
  metrics: Metrics;
  /** Every line that was logged. */
  lines: string[];
}

const started: FastifyInstance[] = [];

afterAll(async () => {
  await Promise.all(started.map((server) => server.close()));
});

/** Starts the web server on an application in memory, and closes it after the file's tests. */
export async function start(
  settings: Partial<WebSettings> = {},
  application = new MemoryApplication(),
): Promise<Started> {
  const lines: string[] = [];
  const logger = createLogger({ write: (line: string) => void lines.push(line) });
  const metrics = new Metrics({ ofProcess: false });
  const server = await createWebServer({
    application,
    settings: { behindAppService: false, onLoopback: false, requestsPerMinute: 1_000_000, ...settings },
    logger,
    metrics,
  });
  started.push(server);
  return { server, application, metrics, lines };
}

/** A browser for forms: it keeps the cookie and sends the page's token. */
export class Browser {
  private cookie = "";

  constructor(private readonly server: FastifyInstance) {}

  async open(url: string): Promise<PageResponse> {
    const answer = await this.server.inject({ url, headers: { cookie: this.cookie } });
    const [cookie] = [answer.headers["set-cookie"]].flat();
    if (cookie) this.cookie = cookie.split(";")[0] ?? "";
    return answer;
  }

  /** Opens a page with a form, and sends the form with these fields to `url`. */
  async submit(url: string, fields: Record<string, string>, page = "/customers/new"): Promise<PageResponse> {
    const { body } = await this.open(page);
    const token = /name="_csrf" value="([^"]*)"/.exec(body)?.[1] ?? "";
    return this.server.inject({
      method: "POST",
      url,
      headers: {
        cookie: this.cookie,
        "content-type": "application/x-www-form-urlencoded",
        origin: "http://localhost",
        "sec-fetch-site": "same-origin",
      },
      payload: new URLSearchParams({ _csrf: token, ...fields }).toString(),
    });
  }
}
