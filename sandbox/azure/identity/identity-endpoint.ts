import http from "node:http";
import type { AddressInfo } from "node:net";
import type { RequestHandler } from "../server/request-handler";
import { type AppServiceIdentity, path } from "./app-service-identity";

/** Host name of a site's requests in faults and logs. */
const hostOf = (siteName: string): string => `${siteName}.identity`;

/** The HTTP server on loopback behind IDENTITY_ENDPOINT of one site. */
export class IdentityEndpoint {
  readonly #server: http.Server;

  constructor(siteName: string, service: AppServiceIdentity, handler: RequestHandler) {
    this.#server = http.createServer((request, response) => {
      const origin = { caller: siteName, host: hostOf(siteName), target: request.url ?? "/" };
      handler.handle(service, origin, request, response).catch(() => request.socket.destroy());
    });
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
