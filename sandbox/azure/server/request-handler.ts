import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { DiagnosticLogs } from "../model/diagnostic-logs";
import type { AzureResponse } from "./azure-response";
import { notImitatedCodes, odataError, Refusal } from "./refusal";
import { type RequestFaults, refusalOf, wait } from "./request-faults";
import type { RequestLog, RequestRecord } from "./request-log";
import type { AzureRequest, AzureService } from "./service";

/** Limit in bytes. The application's package is the largest request body. */
const largestBody = 64 * 1024 * 1024;

/** The transport's data about a request. */
export interface Origin {
  caller: string;
  host: string;
  /** Path and query. */
  target: string;
}

interface RequestHandlerProps {
  faults: RequestFaults;
  log: RequestLog;
  diagnosticLogs: DiagnosticLogs;
  print: (line: string) => void;
  stopped: AbortSignal;
}

/** The answer is missing if the connection must be cut. */
interface Outcome {
  answer?: AzureResponse;
  code?: string;
  reason?: string;
}

/** The steps for every request of every service: faults, the answer, the log. */
export class RequestHandler {
  constructor(private readonly props: RequestHandlerProps) {}

  async handle(
    service: AzureService,
    origin: Origin,
    incoming: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const request = describe(incoming, await readBody(incoming), origin, service.name);
    const { answer, code, reason } = await this.#answer(service, request);
    // The log must not contain the query, the headers and the body.
    const { caller, service: name, method, host, path, authenticatedAs: principalId } = request;
    const status = answer?.status ?? 0;
    this.#note({ caller, service: name, method, host, path, status, principalId, code, reason });
    if (answer) this.#trace(request, answer);
    if (answer) send(response, answer);
    else incoming.socket.destroy();
  }

  /** Refuses a CONNECT or a request that no service handles. */
  refuseUnknown(caller: string, method: string, host: string, path: string): AzureResponse {
    const reason = `the sandbox does not support ${method} ${host}${path} from ${caller}`;
    this.props.print(`azure: refused: ${reason}`);
    const code = notImitatedCodes.host;
    this.#note({ caller, service: "none", method, host, path, status: 403, code, reason });
    return odataError(new Refusal(403, code, `${reason}.`));
  }

  async #answer(service: AzureService, request: AzureRequest): Promise<Outcome> {
    const fault = this.props.faults.next(request);
    if (fault && "drop" in fault) return { reason: "fault: connection cut" };
    if (fault) await wait(fault, this.props.stopped);
    try {
      const refusal = fault && refusalOf(fault);
      if (refusal) throw refusal;
      return { answer: await service.answer(request) };
    } catch (problem) {
      return this.#refuse(service, request, problem);
    }
  }

  #refuse(service: AzureService, { method, host, path, caller }: AzureRequest, problem: unknown): Outcome {
    const refusal = problem instanceof Refusal ? problem : ownFailure(problem);
    const { status, code, message, details } = refusal;
    if (details.notImitated)
      this.props.print(`azure: ${status} ${method} ${host}${path} from ${caller}: ${message}`);
    return { answer: service.refuse(refusal), code, reason: `${code}: ${message}` };
  }

  #note(record: Omit<RequestRecord, "time">): void {
    this.props.log.add({ time: new Date().toISOString(), ...record });
  }

  #trace({ trace, authenticatedAs: caller, host, path }: AzureRequest, { status }: AzureResponse): void {
    if (!trace) return;
    const time = new Date().toISOString();
    this.props.diagnosticLogs.add({ ...trace, time, caller, status, uri: `https://${host}${path}` });
  }
}

const ownFailure = (problem: unknown): Refusal =>
  new Refusal(500, "InternalServerError", `The sandbox failed: ${problem}`, { notImitated: true });

function describe(
  incoming: IncomingMessage,
  bytes: Buffer,
  { caller, host, target }: Origin,
  service: string,
): AzureRequest {
  const { pathname: path, searchParams: query } = splitTarget(target);
  const { method = "GET", headers } = incoming;
  return { service, caller, method, host, path, query, headers, bytes, body: bytes.toString("utf8") };
}

/** Does not use URL, because URL would normalize a path before a service sees it. */
function splitTarget(target: string): { pathname: string; searchParams: URLSearchParams } {
  const mark = target.indexOf("?");
  const end = mark < 0 ? target.length : mark;
  return { pathname: target.slice(0, end), searchParams: new URLSearchParams(target.slice(end)) };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size > largestBody) throw new Error(`a request body of more than ${largestBody} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function send(response: ServerResponse, { status, headers, body, text, bytes }: AzureResponse): void {
  const content = bytes ?? text ?? JSON.stringify(body ?? {});
  const json = text === undefined ? "application/json; charset=utf-8" : "text/plain; charset=utf-8";
  response.writeHead(status, {
    "Content-Type": bytes === undefined ? json : "application/octet-stream",
    "Content-Length": Buffer.byteLength(content),
    "Cache-Control": "no-store",
    "x-ms-request-id": randomUUID(),
    ...headers,
  });
  response.end(content);
}
