import { EnvHttpProxyAgent, fetch as fetchByUndici } from "undici";
import type { z } from "zod";
import { messageOf } from "../../lib/processes/user-error";

/** A source gave no readable answer. The message names the source and the reason. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

export interface UpstreamRequest {
  readonly method?: "GET" | "HEAD" | "POST";
  /** The requested form of the answer, if a source has several. */
  readonly accept?: string;
  /** The body, sent as JSON. */
  readonly body?: unknown;
}

interface SourceResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/** The part of `fetch` that this uses. Tests replace it with a server of their own. */
export type Fetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string; signal: AbortSignal },
) => Promise<{
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}>;

export interface UpstreamOptions {
  readonly fetch?: Fetch;
  /** Milliseconds until a source counts as silent, including the second try. */
  readonly deadlineMs?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** Bytes. The largest answer is the Terraform registry's list of azurerm, about 3 MB. */
const LARGEST_ANSWER = 32 << 20;

/** The outside sources. It requests each address once, and once more if that fails. */
export class Upstream {
  private readonly fetch: Fetch;
  private readonly deadlineMs: number;
  private readonly env: NodeJS.ProcessEnv;
  private readonly answers = new Map<string, Promise<SourceResponse>>();

  constructor({ fetch = fetchThroughProxy(), deadlineMs = 30_000, env = process.env }: UpstreamOptions = {}) {
    this.fetch = fetch;
    this.deadlineMs = deadlineMs;
    this.env = env;
  }

  /** @throws NoAnswer unless the source returns JSON of this shape */
  async json<T>(url: string, schema: z.ZodType<T>, request?: UpstreamRequest): Promise<T> {
    return parsed(url, this.present(url, await this.ask(url, request)), schema);
  }

  /**
   * Like `json`, but undefined if the source says that there is nothing: 404 or 410, while `parent` exists. A source that moved, or
   * a mirror that has only a part of it, returns 404 for both.
   */
  async jsonIfThere<T>(url: string, parent: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const answer = await this.ask(url);
    if (await this.isGone(url, answer, parent)) return undefined;
    return parsed(url, this.present(url, answer), schema);
  }

  /** @throws NoAnswer unless the source returns text or bytes and not a web page */
  async bytes(url: string): Promise<Buffer> {
    const answer = this.present(url, await this.ask(url));
    if (isWebPage(answer)) throw new NoAnswer(`${place(url)} answered with a web page instead of a file`);
    return answer.body;
  }

  async text(url: string): Promise<string> {
    return (await this.bytes(url)).toString("utf8");
  }

  /** The words of a web page for people, in lower case and without its tags. */
  async page(url: string): Promise<string> {
    const text = this.present(url, await this.ask(url)).body.toString("utf8");
    return text
      .replaceAll(/<[^>]*>/g, " ")
      .replaceAll(/\s+/g, " ")
      .toLowerCase();
  }

  /** True if a file can be downloaded. It does not read the content. `parent` as for jsonIfThere. */
  async isThere(url: string, parent: string): Promise<boolean> {
    const answer = await this.ask(url, { method: "HEAD" });
    if (await this.isGone(url, answer, parent)) return false;
    if (isWebPage(this.present(url, answer))) {
      throw new NoAnswer(`${place(url)} answered with a web page instead of a file`);
    }
    return true;
  }

  private async isGone(url: string, { status }: SourceResponse, parent: string): Promise<boolean> {
    if (status !== 404 && status !== 410) return false;
    const above = await this.ask(parent, { method: "HEAD" });
    if (above.status === 200) return true;
    throw new NoAnswer(`${place(url)} answered ${status}, and ${place(parent)} ${above.status}`);
  }

  private present(url: string, answer: SourceResponse): SourceResponse {
    if (answer.status === 200) return answer;
    throw new NoAnswer(`${place(url)} answered ${answer.status}`);
  }

  private ask(url: string, request: UpstreamRequest = {}): Promise<SourceResponse> {
    const key = JSON.stringify([url, request]);
    const known = this.answers.get(key);
    if (known) return known;
    const asked = this.askTwice(url, request);
    this.answers.set(key, asked);
    return asked;
  }

  private async askTwice(url: string, request: UpstreamRequest): Promise<SourceResponse> {
    const signal = AbortSignal.timeout(this.deadlineMs);
    try {
      const first = await this.askOnce(url, request, signal);
      return first.status < 500 ? first : await this.askOnce(url, request, signal);
    } catch (error) {
      if (signal.aborted) throw this.silent(url);
      if (error instanceof NoAnswer) throw error;
    }
    try {
      return await this.askOnce(url, request, signal);
    } catch (error) {
      if (signal.aborted) throw this.silent(url);
      throw error instanceof NoAnswer
        ? error
        : new NoAnswer(`${new URL(url).host} cannot be reached (${messageOf(error)})`);
    }
  }

  private silent(url: string): NoAnswer {
    return new NoAnswer(`${new URL(url).host} did not answer within ${this.deadlineMs / 1000} s`);
  }

  private async askOnce(url: string, request: UpstreamRequest, signal: AbortSignal): Promise<SourceResponse> {
    const { accept, body, method = body === undefined ? "GET" : "POST" } = request;
    const response = await this.fetch(url, {
      method,
      headers: {
        ...this.headers(url),
        ...(accept && { accept }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal,
    });
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > LARGEST_ANSWER) throw new NoAnswer(`${place(url)} answered with more than 32 MiB`);
      chunks.push(chunk);
    }
    const contentType = response.headers.get("content-type") ?? "";
    return { status: response.status, contentType, body: Buffer.concat(chunks) };
  }

  /** GitHub allows a runner's shared address 60 requests an hour. The workflow's own token raises that limit. */
  private headers(url: string): Record<string, string> {
    const token = this.env.GH_TOKEN;
    return {
      "user-agent": "vault-on-azure upstream watch",
      ...(token && new URL(url).host === "api.github.com" && { authorization: `Bearer ${token}` }),
    };
  }
}

/** Uses HTTPS_PROXY, as a person's other programs do. */
function fetchThroughProxy(): Fetch {
  // It has no deadline of its own, because the request's deadline covers connecting too.
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: 0 } });
  return (url, init) => fetchByUndici(url, { ...init, dispatcher });
}

/** An address as a sentence names it: without its query, which can be long. */
function place(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${decodeURIComponent(pathname)}`;
}

function isWebPage({ contentType, body }: SourceResponse): boolean {
  return (
    contentType.startsWith("text/html") || /^\s*<(?:!doctype html|html)/i.test(body.toString("utf8", 0, 200))
  );
}

function parsed<T>(url: string, { body }: SourceResponse, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new NoAnswer(`${place(url)} answered with something that is not JSON`);
  }
  const { data, error } = schema.safeParse(value);
  if (!error) return data;
  const [issue] = error.issues;
  throw new NoAnswer(
    `${place(url)} answered with JSON of another shape (${[issue?.path.join("."), issue?.message].filter(Boolean).join(": ")})`,
  );
}
