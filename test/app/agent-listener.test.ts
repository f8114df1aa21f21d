import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AgentListener } from "../../app/vault/agent";

describe("A lease that Vault Agent is asked about", () => {
  const folder = mkdtempSync(join(tmpdir(), "agent-"));
  const socket = join(folder, "agent.sock");
  let listener: AgentListener;
  let agent: Server;

  /** Lets an agent answer by path. It gives no answer at all to other paths, as Vault Agent 1.21.0 does after its token was revoked. */
  async function answering(answers: Readonly<Record<string, [status: number, body: object]>>): Promise<void> {
    const handle: RequestListener = ({ url = "" }, reply) => {
      const [status, body] = answers[url] ?? [];
      if (status) reply.writeHead(status).end(JSON.stringify(body));
    };
    agent = createServer(handle);
    await new Promise<void>((resolve) => agent.listen(socket, resolve));
    listener = new AgentListener(
      () => `unix:${socket}`,
      () => {},
      100,
    );
  }

  afterEach(async () => {
    await listener.close();
    agent.closeAllConnections();
    await new Promise((resolve) => agent.close(resolve));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const lookup = "/v1/sys/leases/lookup";
  const sealStatus = "/v1/sys/seal-status";

  it.each<[lives: boolean, what: string, answers: Readonly<Record<string, [number, object]>>]>([
    [true, "Vault finds it", { [lookup]: [200, { data: {} }] }],
    [false, "Vault does not find it", { [lookup]: [400, { errors: ["invalid lease"] }] }],
    [false, "Vault refuses the agent", { [lookup]: [403, { errors: ["permission denied"] }] }],
    [true, "Vault is sealed", { [lookup]: [503, { errors: ["Vault is sealed"] }] }],
    [false, "only that request gets no answer", { [sealStatus]: [200, { sealed: false }] }],
    [true, "Vault is sealed and the agent tries again for long", { [sealStatus]: [200, { sealed: true }] }],
    [true, "nothing gets an answer", {}],
  ])("lives: %s, because %s", async (lives, _, answers) => {
    await answering(answers);
    expect(await listener.lives("database/creds/short/1")).toBe(lives);
  });
});
