import { createServer, type Server, type Socket } from "node:net";
import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici";
import { connectionProblem, requestJson } from "../../app/vault/http";

describe("A request to a server that accepts connections and never answers", () => {
  let silent: Server;
  let port: number;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    silent = createServer((socket) => sockets.push(socket.on("error", () => {})));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    port = (silent.address() as { port: number }).port;
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  it.each<[string, string, () => Dispatcher]>([
    ["that hangs in HTTP", "http", () => new Agent()],
    ["that hangs in TLS", "https", () => new Agent()],
    [
      "behind a proxy that hangs",
      "https",
      () => new EnvHttpProxyAgent({ httpsProxy: `http://127.0.0.1:${port}` }),
    ],
  ])("ends at its own deadline, not the connection's: %s", async (_, scheme, agent) => {
    const dispatcher = agent();
    const asked = Date.now();
    const answer = requestJson({
      method: "GET",
      url: `${scheme}://127.0.0.1:${port}/v1/sys/health`,
      timeoutMs: 200,
      dispatcher,
    });
    const problem = await answer.catch((error: unknown) => error);
    expect(connectionProblem(problem)).toBe("no answer in time");
    expect(Date.now() - asked).toBeLessThan(2_000);
    await dispatcher.destroy();
  });
});
