import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AgentListener } from "../../app/vault/agent";

/** Answers by path. Other paths get no answer, as from Vault Agent 1.21.0 after somebody revoked its token. */
type Answers = Readonly<Record<string, [status: number, body: object]>>;

const lookup = "/v1/sys/leases/lookup";
const sealStatus = "/v1/sys/seal-status";

const cases: readonly [lives: boolean, what: string, answers: Answers][] = [
  [true, "Vault finds it", { [lookup]: [200, { data: {} }] }],
  [false, "Vault does not find it", { [lookup]: [400, { errors: ["invalid lease"] }] }],
  [false, "Vault refuses the agent", { [lookup]: [403, { errors: ["permission denied"] }] }],
  [true, "Vault is sealed", { [lookup]: [503, { errors: ["Vault is sealed"] }] }],
  [false, "only that request gets no answer", { [sealStatus]: [200, { sealed: false }] }],
  [true, "Vault is sealed and the agent tries again for long", { [sealStatus]: [200, { sealed: true }] }],
  [true, "no request gets an answer", {}],
];

it("Vault Agent's listener finds out if a lease lives, and takes the silence of a sealed Vault for no end", async () => {
  const folder = mkdtempSync(join(tmpdir(), "agent-"));
  // At the same time, because each silence takes seconds.
  const found = await Promise.all(
    cases.map(async ([, what, answers], index) => {
      const socket = join(folder, `${index}.sock`);
      const agent = createServer(({ url = "" }, reply) => {
        const [status, body] = answers[url] ?? [];
        if (status) reply.writeHead(status).end(JSON.stringify(body));
      });
      await new Promise<void>((resolve) => agent.listen(socket, resolve));
      const listener = new AgentListener(
        () => `unix:${socket}`,
        () => {},
      );
      const lives = await listener.lives("database/creds/short/1");
      await listener.close();
      agent.closeAllConnections();
      await new Promise((resolve) => agent.close(resolve));
      return [lives, what];
    }),
  );
  rmSync(folder, { recursive: true });
  expect(found).toEqual(cases.map(([lives, what]) => [lives, what]));
}, 20_000);
