import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RenderedCredentials } from "../../app/database/rendered-credentials";
import type { AgentListener } from "../../app/vault/agent";

const lease = { id: "database/creds/short/1", seconds: 3600, renewable: true };
const rendered = {
  database: { host: "mysql.example", name: "app", user: "v-1", password: "made-up", lease },
  vault: { address: "unix:/ramdisk/app/agent.sock", transit: {} },
};

describe("Credentials that Vault Agent renders, whose lease lives,", () => {
  let folder: string;
  let credentials: RenderedCredentials;
  let unsealed: boolean;
  let restarts: number;

  beforeEach(() => {
    jest.useFakeTimers();
    folder = mkdtempSync(join(tmpdir(), "rendered-"));
    const file = join(folder, "config.json");
    writeFileSync(file, JSON.stringify(rendered));
    [unsealed, restarts] = [true, 0];
    const agent: Pick<AgentListener, "lives" | "isUnsealed" | "quit"> = {
      lives: async () => true,
      isUnsealed: async () => unsealed,
      quit: async () => {
        restarts += 1;
      },
    };
    credentials = new RenderedCredentials(
      file,
      undefined,
      () => {},
      () => {},
    );
    credentials.start(agent as AgentListener);
  });
  afterEach(() => {
    credentials.stop();
    rmSync(folder, { recursive: true });
    jest.useRealTimers();
  });

  /** Reports a refusal, and returns the agent's restarts in the time in which the application checks the lease twice. */
  async function restartsAfter({ userIsGone }: { userIsGone: boolean }): Promise<number> {
    const login = await credentials.get(0);
    expect(credentials.refused(login, userIsGone)).toBe(false);
    await jest.advanceTimersByTimeAsync(10_000);
    return restarts;
  }

  it("restart the agent if the database no longer has their user", async () => {
    expect(await restartsAfter({ userIsGone: true })).toBe(1);
  });

  it("leave the agent running if their user lacks a right", async () => {
    expect(await restartsAfter({ userIsGone: false })).toBe(0);
  });

  it("leave the agent running while Vault is sealed, and restart it afterwards", async () => {
    unsealed = false;
    expect(await restartsAfter({ userIsGone: true })).toBe(0);
    unsealed = true;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(restarts).toBe(1);
  });
});
