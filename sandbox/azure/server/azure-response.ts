export interface AzureResponse {
  status: number;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent unchanged, instead of a body. */
  text?: string;
  /** The same for binary content. */
  bytes?: Uint8Array;
}
