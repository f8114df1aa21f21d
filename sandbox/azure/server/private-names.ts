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
  readonly #resolve: (host: string) => string | undefined;

  /** @param resolve the address of a name that was not added here, such as one in a private DNS zone */
  constructor(resolve: (host: string) => string | undefined = () => undefined) {
    this.#resolve = resolve;
  }

  /** @param authority host and port, as a client asks for them: `vault.demo.internal:8200` */
  add(authority: string, endpoint: PrivateEndpoint): void {
    this.#endpoints.set(authority.toLowerCase(), endpoint);
  }

  find(authority: string): PrivateEndpoint | undefined {
    const added = this.#endpoints.get(authority.toLowerCase());
    if (added) return added;
    const [, host = "", port] = /^(.+):(\d+)$/.exec(authority.toLowerCase()) ?? [];
    const address = this.#resolve(host);
    return address === undefined ? undefined : { host: address, port: Number(port) };
  }
}
