/** The real endpoint of a private name's service on this machine. */
export interface PrivateEndpoint {
  host: string;
  port: number;
}

/**
 * The virtual network's private DNS and routing: names such as `vault.demo.internal:8200` lead to services on
 * loopback.
 */
export class PrivateNames {
  /** @param resolve the address of a name, such as one in a private DNS zone */
  constructor(private readonly resolve: (host: string) => string | undefined) {}

  /** @param authority host and port from the client's request: `vault.demo.internal:8200` */
  find(authority: string): PrivateEndpoint | undefined {
    const [, host = "", port] = /^(.+):(\d+)$/.exec(authority.toLowerCase()) ?? [];
    const address = this.resolve(host);
    return address === undefined ? undefined : { host: address, port: Number(port) };
  }
}
