import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Application, createApplication } from "../../app/application";
import type { LifecycleEvent, OnEvent } from "../../app/lifecycle-event";
import type { Settings } from "../../app/settings";

/** Answers by path, from the identity endpoint and from Vault. Requests to other paths get an answer at the end only. */
const answers: Readonly<Record<string, object>> = {
  "/identity": { access_token: "header.claims.signature" },
  "/v1/auth/jwt/login": {
    auth: {
      client_token: "made-up",
      policies: ["default"],
      token_type: "batch",
      lease_duration: 3600,
      renewable: false,
    },
  },
  "/v1/transit/hmac/customer-key": { data: { batch_results: [{ hmac: "vault:v1:made-up" }] } },
  "/v1/transit/keys/customer-key": { data: { latest_version: 1 } },
};

describe("An application that waits for its first database credentials", () => {
  let server: Server;
  let application: Application;
  const waiting: ServerResponse[] = [];
  let hear: OnEvent;

  /** Waits for the application's next event of this name. */
  const next = (name: LifecycleEvent["event"]) =>
    new Promise<void>((done) => {
      hear = ({ event }) => {
        if (event === name) done();
      };
    });

  beforeAll(async () => {
    server = createServer((request, response) => {
      const answer = answers[(request.url ?? "").replace(/\?.*/, "")];
      if (answer) response.end(JSON.stringify(answer));
      else waiting.push(response);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const settings: Settings = {
      way: "vault",
      address,
      authMount: "jwt",
      role: "webapp-role",
      tokenResource: "https://management.azure.com/",
      identity: { endpoint: `${address}/identity`, header: "made-up" },
      database: { host: "127.0.0.1", port: 1, name: "app", credentialsPath: "database/creds/long" },
      missingPaths: [],
      encryption: { transitMount: "transit", key: "customer-key" },
      proxy: {},
    };
    const loggedIn = next("login");
    application = await createApplication(settings, { onEvent: (event) => hear(event) });
    await loggedIn;
  });
  afterAll(async () => {
    const failed = next("failure");
    // After a broken connection, the call would try again. This answer ends it.
    for (const response of waiting) response.writeHead(404).end();
    await failed;
    await application.close();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  it("says so in its readiness and in the step of the database", async () => {
    const { readiness, steps } = await application.status();
    const reason = "The application waits for database credentials from Vault.";
    expect(readiness.reasons).toContain(reason);
    expect(steps).toMatchObject({
      vault: { state: "works" },
      database: { state: "fails", reason },
      encryption: { state: "works" },
    });
  });
});
