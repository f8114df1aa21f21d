import { waitFor } from "../../../lib/processes/wait-for";
import { ask } from "../azure/caller";
import { describeWithVault } from "../programs-there";
import { keyVaultResource, Scene } from "./attacks/scene";
import { deadlineMs, VAULT } from "./first-boots";
import { useSandbox } from "./running-sandbox";

/** docs/deploy.md, "The unseal key": rotate, restart, prove, disable. */
describeWithVault("The unseal key", () => {
  const running = useSandbox({ upTo: "vault" });
  const versions: string[] = [];
  const sealed = async () => {
    const { sealed } = await running.client().request({ method: "GET", path: "sys/seal-status" });
    return sealed as boolean;
  };
  /** It wraps its root key anew before it is active. */
  const untilActive = () =>
    waitFor("Vault to be active", () => running.client().request({ method: "GET", path: "sys/health" }), {
      deadlineMs,
    });

  /** Key Vault as a deployer, who may rotate and disable. */
  const keyVault = async (method: string, version = "", body?: unknown) => {
    const { sandbox } = running;
    const token = sandbox.deployerToken({ claims: { aud: keyVaultResource } });
    const name = Scene.keyVaultNameOf(sandbox, "main");
    const url = `https://${name}.vault.azure.net/keys/vault-unseal${version && `/${version}`}?api-version=7.4`;
    const answer = await ask(sandbox.azure, url, { method, token, body });
    expect(answer.status).toBe(200);
    const { key } = answer.body as { key: { kid: string } };
    return key.kid.split("/").at(-1) as string;
  };
  const enable = (version: string | undefined, enabled: boolean) =>
    keyVault("PATCH", version, { attributes: { enabled } });

  /** The versions with which Vault unwraps its root key at a restart. */
  const usedAtRestart = async (): Promise<string[]> => {
    const { azure, vault } = running.sandbox;
    azure.requests.clear();
    await vault.restart(VAULT);
    await untilActive();
    return [
      ...new Set(
        azure.requests.all
          .map(({ path }) => /keys\/vault-unseal\/(\w+)\/unwrapkey/.exec(path)?.[1])
          .filter((version) => version !== undefined),
      ),
    ];
  };

  beforeAll(async () => {
    versions.push(await keyVault("GET"));
  });

  it("is rotated in Key Vault, and Vault goes on with the version before it", async () => {
    versions.push(await keyVault("POST", "rotate"));
    expect(versions[1]).not.toBe(versions[0]);
    expect(await sealed()).toBe(false);
  });

  it("leaves Vault sealed when the version before is disabled at once, and unseals it when that is enabled again", async () => {
    const { vault } = running.sandbox;
    await enable(versions[0], false);
    await vault.restart(VAULT).catch(() => undefined);
    await waitFor("Key Vault's refusal", () => /KeyDisabled|disabled key/.test(vault.output(VAULT)), {
      deadlineMs,
    });
    expect(await sealed()).toBe(true);
    await enable(versions[0], true);
    await vault.restart(VAULT);
    await untilActive();
  });

  it("wraps the root key anew at Vault's first start after the rotation, as its second start proves", async () => {
    expect(await usedAtRestart()).toEqual([versions[1]]);
  });

  it("is needed in its newest version only, from then on", async () => {
    await enable(versions[0], false);
    expect(await usedAtRestart()).toEqual([versions[1]]);
  });
});
