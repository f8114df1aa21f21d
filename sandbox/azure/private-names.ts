/** Where a private name's service really listens on this machine. */
export interface PrivateEndpoint {
  host: string;
  port: number;
}

/**
 * What the virtual network's private DNS and routing do: names such as `vault.demo.internal:8200` lead to services on
 * loopback. Names are added while the sandbox runs.
 */
export class PrivateNames {
  readonly #endpoints = new Map<string, PrivateEndpoint>();

  /** @param authority host and port, as a client asks for them: `vault.demo.internal:8200` */
  add(authority: string, endpoint: PrivateEndpoint): void {
    this.#endpoints.set(authority.toLowerCase(), endpoint);
  }

  find(authority: string): PrivateEndpoint | undefined {
    return this.#endpoints.get(authority.toLowerCase());
  }
}
