import { loadEnvironment } from "../../../environments/load";
import { waitFor } from "../../../lib/processes/wait-for";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import { RegisterClients } from "../../../sandbox/system/register-clients";
import { violations } from "../../../sandbox/system/register-history";
import { ask } from "../azure/caller";
import { describeLongWithVault } from "../programs-there";
import { keyVaultResource, Scene } from "./attacks/scene";
import { deadlineMs, recoveryKeysWork } from "./first-boots";
import { useSandbox } from "./running-sandbox";

const SNAPSHOT = "vault-snapshot.service";
const demo = loadEnvironment("demo");

/** docs/operations.md, "The unseal key", for a cluster: its nodes restart in turn. */
describeLongWithVault("A rotation of the unseal key in a cluster of three nodes", () => {
  const running = useSandbox({
    environment: { ...demo, vault: { ...demo.vault, nodes: 3, publicAddress: false } },
    upTo: "vault-config",
  });
  const nodes = () => running.sandbox.vaultNodes;

  /** The unseal key as a deployer. Returns its version. */
  async function unsealKey(method: string, path = "", body?: unknown): Promise<string> {
    const { sandbox } = running;
    const token = sandbox.deployerToken({ claims: { aud: keyVaultResource } });
    const url = `https://${Scene.keyVaultNameOf(sandbox, "main")}.vault.azure.net/keys/vault-unseal${path}?api-version=7.4`;
    const answer = await ask(sandbox.azure, url, { method, token, body });
    expect(answer.status).toBe(200);
    return (answer.body as { key: { kid: string } }).key.kid.split("/").at(-1) ?? "";
  }

  async function withClients(work: () => Promise<void>): Promise<void> {
    const { sandbox } = running;
    const { auth } = (await new VaultClient(sandbox.vaultConnection()).request({
      method: "POST",
      path: "auth/deployer/login",
      body: { role: "deployer", jwt: sandbox.deployerToken() },
    })) as unknown as { auth: { client_token: string } };
    const client = () => new VaultClient(sandbox.vaultConnection(), auth.client_token, 5_000);
    const clients = new RegisterClients(client(), client());
    const start = performance.now();
    try {
      await clients.untilWritten(deadlineMs, 10);
      await work();
      await clients.untilWritten(deadlineMs, 10);
    } finally {
      await clients.stop();
    }
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.info(`${seconds} s, at most ${clients.longestPause.toFixed(1)} s without an acknowledged write`);
    expect(violations(clients.history)).toEqual([]);
  }

  const untilActive = () =>
    waitFor("Vault to be active", () => running.client().request({ method: "GET", path: "sys/health" }), {
      deadlineMs,
    });

  it("loses no acknowledged write, and leaves nothing that needs the version before on any node", async () => {
    const before = await unsealKey("GET");
    const version = await unsealKey("POST", "/rotate");
    expect(version).not.toBe(before);
    const pids = nodes().map((node) => node.pid("vault.service"));
    // On Azure a turn is 30 seconds.
    for (const node of nodes()) node.environment["TURN_SECONDS"] = "5";
    await withClients(() => running.sandbox.redeploy(running.sandbox.environment));
    expect(nodes().map((node, index) => node.pid("vault.service") !== pids[index])).toEqual([
      true,
      true,
      true,
    ]);

    const said = (await Promise.all(nodes().map((node) => node.run(SNAPSHOT)))).map(({ output }) => output);
    // The active node alone takes one.
    const versions = said.flatMap((output) => /key version ([0-9a-f ]+)$/m.exec(output)?.[1] ?? []);
    expect(versions).toEqual([version]);

    await unsealKey("PATCH", `/${before}`, { attributes: { enabled: false } });
    await Promise.all(nodes().map((node) => node.reboot()));
    await untilActive();
    await waitFor(
      "all nodes to be unsealed",
      async () => {
        const deployer = await running.deployer();
        const state = await deployer.request({ method: "GET", path: "sys/storage/raft/autopilot/state" });
        await deployer.logOut();
        return state["healthy"] === true && (state["voters"] as string[]).length === 3;
      },
      { deadlineMs, intervalMs: 500 },
    );
    expect(await recoveryKeysWork(running.sandbox)).toBe(true);
  }, 600_000);
});
