export interface AzureResponse {
  status: number;
  headers?: Record<string, string>;
  /** The body, sent as JSON. */
  body?: unknown;
  /** A text that is sent unchanged instead of a body. */
  text?: string;
  /** The same for binary content. */
  bytes?: Uint8Array;
}
