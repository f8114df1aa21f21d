import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fetch } from "undici";
import { type Fetch, Upstream } from "../../../scripts/upstream/upstream";

/** A source's response: JSON, or text or bytes with a status and a content type. */
export type Recording =
  | { readonly json: unknown; readonly status?: number }
  | { readonly body: string | Uint8Array; readonly status?: number; readonly type?: string };

/** The behaviour of all sources without a recording. */
export type Otherwise = "absent" | "broken" | "web page" | "cut off" | "silent" | "other JSON" | "empty";

/** Sources on loopback that answer with recordings over real HTTP. No test sends a request to another address. */
export class RecordedSources {
  recordings: Record<string, Recording> = {};
  otherwise: Otherwise = "absent";
  /** Every request, such as "GET https://...". */
  requests: string[] = [];
  /** The body of the last POST. */
  posted: unknown;
  private readonly server: Server = createServer((request, response) => {
    void this.answer(request, response);
  });

  static use(): RecordedSources {
    const sources = new RecordedSources();
    beforeAll(async () => {
      await once(sources.server.listen(0, "127.0.0.1"), "listening");
    });
    beforeEach(() => {
      Object.assign(sources, { recordings: {}, otherwise: "absent", requests: [], posted: undefined });
    });
    afterAll(() => {
      sources.server.closeAllConnections();
      sources.server.close();
    });
    return sources;
  }

  /** Sends the requests for every address to this server. */
  upstream({ deadlineMs = 10_000 } = {}): Upstream {
    const { port } = this.server.address() as AddressInfo;
    const there: Fetch = (url, init) =>
      fetch(`http://127.0.0.1:${port}/`, { ...init, headers: { ...init.headers, "x-url": url } });
    return new Upstream({ fetch: there, deadlineMs, env: {} });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = String(request.headers["x-url"]);
    this.requests.push(`${request.method} ${url}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (chunks.length > 0) this.posted = JSON.parse(Buffer.concat(chunks).toString());
    const recording = this.recordings[url];
    if (recording) this.replay(response, recording);
    else this.misbehave(response);
  }

  private replay(response: ServerResponse, recording: Recording): void {
    if ("json" in recording) {
      response.writeHead(recording.status ?? 200, { "content-type": "application/json" });
      response.end(JSON.stringify(recording.json));
      return;
    }
    const { status = 200, type = "application/octet-stream", body } = recording;
    response.writeHead(status, { "content-type": type });
    response.end(body);
  }

  private misbehave(response: ServerResponse): void {
    const json = { "content-type": "application/json" };
    switch (this.otherwise) {
      case "absent":
        response.writeHead(404, json).end('{"message":"Not Found"}');
        return;
      case "broken":
        response.writeHead(500, json).end('{"error":"internal"}');
        return;
      case "web page":
        response
          .writeHead(200, { "content-type": "text/html" })
          .end("<!DOCTYPE html><title>Log in to this network</title>");
        return;
      case "cut off":
        response.writeHead(200, { ...json, "content-length": "1000" });
        response.write('{"versions":[{"version":"4.8');
        setImmediate(() => response.destroy());
        return;
      case "other JSON":
        response.writeHead(200, json).end('{"error":{"code":"Gone"}}');
        return;
      case "empty":
        response.writeHead(200, json).end();
        return;
      case "silent":
        return;
    }
  }
}
