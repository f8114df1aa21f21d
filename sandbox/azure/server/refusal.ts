import type { AzureResponse } from "./azure-response";

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
export function odataError({ status, code, message, details }: Refusal): AzureResponse {
  const innererror = details.innerCode ? { innererror: { code: details.innerCode } } : {};
  return { status, headers: details.headers, body: { error: { code, message, ...innererror } } };
}

/** The error format of Entra and IMDS. */
export function oauthError({ status, code, message, details }: Refusal): AzureResponse {
  return { status, headers: details.headers, body: { error: code, error_description: message } };
}
