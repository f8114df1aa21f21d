import type { IncomingHttpHeaders } from "node:http";
import type { Trace } from "../model/diagnostic-logs";
import type { AzureResponse } from "./azure-response";
import type { Refusal } from "./refusal";

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

/** An Azure service in the sandbox. */
export interface AzureService {
  readonly name: string;
  answer(request: AzureRequest): AzureResponse | Promise<AzureResponse>;
  /** Formats a refusal in this service's own error format. */
  refuse(refusal: Refusal): AzureResponse;
}

/** A service with its own hosts, which clients reach through a proxy. */
export interface HostedService extends AzureService {
  readonly scheme: "http" | "https";
  /** The service's host names, in lower case. */
  readonly hosts: readonly string[];
}

export const serviceAt = (
  services: readonly HostedService[],
  scheme: HostedService["scheme"],
  host: string,
): HostedService | undefined =>
  services.find((service) => service.scheme === scheme && service.hosts.includes(host));
