import type { IncomingHttpHeaders } from "node:http";
import type { Trace } from "../model/diagnostic-logs";

/** A request as a service sees it: TLS and the proxy are behind it. */
export interface AzureRequest {
  readonly service: string;
  /** The machine or site that asks; "elsewhere" for callers that are neither. */
  readonly caller: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as it came, for what is no text. */
  readonly bytes: Buffer;
  /** Principal id, set by a service once it has checked the token. */
  authenticatedAs?: string;
  /** Set by a service for what one of Azure's logs shows. */
  trace?: Trace;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, instead of a body. */
  text?: string;
  /** The same, for what is no text. */
  bytes?: Uint8Array;
}

/** One of the Azure services imitated here. */
export interface AzureService {
  readonly name: string;
  answer(request: AzureRequest): Answer | Promise<Answer>;
  /** A refusal in this service's own error shape. */
  refuse(refusal: Refusal): Answer;
}

/** A service that has hosts of its own, to be reached through a proxy. */
export interface HostedService extends AzureService {
  readonly scheme: "http" | "https";
  /** Names by which it is reached, in lower case. */
  readonly hosts: readonly string[];
}

interface RefusalDetails {
  innerCode?: string;
  headers?: Record<string, string>;
  /** True when the sandbox, not Azure, is the reason: what was asked for is not imitated. Such refusals are printed. */
  notImitated?: boolean;
}

/** Thrown wherever a request is refused; the service gives it its shape. */
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

export const notImitated = (what: string, status = 501): Refusal =>
  new Refusal(status, "NotImitated", `The sandbox does not imitate ${what}.`, { notImitated: true });

/** The error shape of ARM and Key Vault. */
export function odataError({ status, code, message, details }: Refusal): Answer {
  const innererror = details.innerCode ? { innererror: { code: details.innerCode } } : {};
  return { status, headers: details.headers, body: { error: { code, message, ...innererror } } };
}

/** The error shape of Entra and IMDS. */
export function oauthError({ status, code, message, details }: Refusal): Answer {
  return { status, headers: details.headers, body: { error: code, error_description: message } };
}
