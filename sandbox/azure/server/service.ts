import type { IncomingHttpHeaders } from "node:http";
import type { Trace } from "../model/diagnostic-logs";

/** A request for a service, after TLS and the proxy. */
export interface AzureRequest {
  readonly service: string;
  /** The machine or site that sends the request, or "elsewhere" for other callers. */
  readonly caller: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The raw body, for binary content. */
  readonly bytes: Buffer;
  /** Principal id. A service sets it after the token check. */
  authenticatedAs?: string;
  /** A service sets it for requests that appear in an Azure log. */
  trace?: Trace;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** The body, sent as JSON. */
  body?: unknown;
  /** A text that is sent unchanged instead of a body. */
  text?: string;
  /** The same for binary content. */
  bytes?: Uint8Array;
}

/** An Azure service in the sandbox. */
export interface AzureService {
  readonly name: string;
  answer(request: AzureRequest): Answer | Promise<Answer>;
  /** Formats a refusal in this service's own error format. */
  refuse(refusal: Refusal): Answer;
}

/** A service with its own hosts, which clients reach through a proxy. */
export interface HostedService extends AzureService {
  readonly scheme: "http" | "https";
  /** The service's host names, in lower case. */
  readonly hosts: readonly string[];
}

interface RefusalDetails {
  innerCode?: string;
  headers?: Record<string, string>;
  /** True if the sandbox does not support the request. Such refusals are printed. */
  notImitated?: boolean;
}

/** Thrown when a request is refused. The service formats it. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: RefusalDetails = {},
  ) {
    super(message);
  }
}

/** The codes of requests that the sandbox does not support: the operation, or the host. */
export const notImitatedCodes = { operation: "NotImitated", host: "HostNotImitated" } as const;

export const notImitated = (what: string, status = 501): Refusal =>
  new Refusal(status, notImitatedCodes.operation, `The sandbox does not support ${what}.`, {
    notImitated: true,
  });

/** The error format of ARM and Key Vault. */
export function odataError({ status, code, message, details }: Refusal): Answer {
  const innererror = details.innerCode ? { innererror: { code: details.innerCode } } : {};
  return { status, headers: details.headers, body: { error: { code, message, ...innererror } } };
}

/** The error format of Entra and IMDS. */
export function oauthError({ status, code, message, details }: Refusal): Answer {
  return { status, headers: details.headers, body: { error: code, error_description: message } };
}
