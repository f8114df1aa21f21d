import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { SynthesizedStack } from "../../../lib/synthesized/synthesized-folder";
import type { Interruption } from "../../../scripts/deployment/interruption";
import { webAppsAnswer } from "../../../scripts/deployment/smoke-test";
import { StackState } from "../../../scripts/deployment/stack-state";

const stack: SynthesizedStack = {
  name: "web-app",
  dependencies: [],
  file: "stacks/web-app/cdk.tf.json",
  json: {
    "//": {},
    data: {},
    ephemeral: {},
    locals: {},
    terraform: { backend: {}, required_providers: {} },
    output: {},
    provider: {},
    resource: { azurerm_linux_web_app: { one: { site_config: { health_check_path: "/healthz" } } } },
  },
};

describe("The smoke test of web apps", () => {
  const asked: (string | undefined)[] = [];
  let proxy: Server;
  beforeAll(async () => {
    proxy = createServer().on("connect", ({ url }, socket) => {
      asked.push(url);
      socket.on("error", () => {}); // the client may close before it has read the answer
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    process.env["HTTPS_PROXY"] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    delete process.env["HTTPS_PROXY"];
    proxy.close();
  });

  it("reaches the web apps through the proxy in the person's environment", async () => {
    const state = new StackState({
      outputs: { webapp_urls: { value: { webapp: "https://app.example.invalid" } } },
      resources: [],
    });
    const interruption = { promise: new Promise(() => {}) } as unknown as Interruption;
    await expect(webAppsAnswer(stack, state, { seconds: 1, interruption })).rejects.toThrow("webapp");
    expect(asked).toContain("app.example.invalid:443");
  });
});
