import { loadEnvironment } from "../../../environments/load";
import { describeLongWithVault } from "../programs-there";
import { untilNodesAreHealthy } from "./autopilot";
import { deadlineMs, recoveryKeysWork } from "./first-boots";
import { DeployersUnsealKey } from "./key-vault-caller";
import { withRegisterLoad } from "./register-load";
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

  const unsealKey = new DeployersUnsealKey(() => running.sandbox);

  it("loses no acknowledged write, and leaves nothing that needs the version before on any node", async () => {
    const before = await unsealKey.version();
    const version = await unsealKey.rotate();
    expect(version).not.toBe(before);
    const pids = nodes().map((node) => node.pid("vault.service"));
    // On Azure a turn is 30 seconds.
    for (const node of nodes()) node.environment["TURN_SECONDS"] = "5";
    await withRegisterLoad(running.sandbox, "the unseal key is rotated", deadlineMs, () =>
      running.sandbox.redeploy(running.sandbox.environment),
    );
    expect(nodes().map((node, index) => node.pid("vault.service") !== pids[index])).toEqual([
      true,
      true,
      true,
    ]);

    const said = (await Promise.all(nodes().map((node) => node.run(SNAPSHOT)))).map(({ output }) => output);
    // The active node alone takes one.
    const versions = said.flatMap((output) => /key version ([0-9a-f ]+)$/m.exec(output)?.[1] ?? []);
    expect(versions).toEqual([version]);

    await unsealKey.enable(before, false);
    await Promise.all(nodes().map((node) => node.reboot()));
    await running.untilActive();
    await untilNodesAreHealthy(running, 3, deadlineMs);
    expect(await recoveryKeysWork(running.sandbox)).toBe(true);
  }, 600_000);
});
