import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import { waitFor } from "../../../lib/processes/wait-for";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import { Sandbox, type SandboxOptions } from "../../../sandbox/system/sandbox";
import { StateFolder } from "../../../sandbox/system/state-folder";
import { capturedProgress } from "../../lib/processes/captured-progress";
import { deadlineMs, VAULT } from "./first-boots";

export interface UseSandboxOptions extends Pick<SandboxOptions, "upTo" | "bootNode"> {
  /** Default: environments/demo.json. */
  environment?: Environment;
}

/** A suite's sandbox. It exists after the suite's beforeAll. */
export interface RunningSandbox {
  readonly sandbox: Sandbox;
  /** The folder with all of its files. */
  readonly folder: string;
  /** The lines about its start. */
  progress(): string;
  /** Vault's API as a deployer, freshly logged in. */
  deployer(): Promise<VaultClient>;
  /** Vault's API with or without a token, from a machine or web app by its name, or from another address. */
  client(token?: string, from?: string): VaultClient;
  /** Waits until Vault is unsealed and active, for example after a restart. */
  untilActive(): Promise<unknown>;
  /** Restarts Vault on the first node, and waits until it is unsealed and active. */
  restartVault(): Promise<void>;
}

/** Deadline in milliseconds. The start of everything takes about 15 s on two idle cores. */
const START_MS = 180_000;
const TEST_MS = 180_000;

/**
 * Starts a sandbox in a temporary folder before the tests of this `describe`, and stops it after them.
 *
 *     const running = useSandbox({ upTo: "vault-config" });
 *     it("...", async () => { const vault = await running.deployer(); ... });
 */
export function useSandbox({
  environment = loadEnvironment("demo"),
  ...options
}: UseSandboxOptions = {}): RunningSandbox {
  const { progress, text } = capturedProgress();
  let folder: StateFolder | undefined;
  let sandbox: Sandbox | undefined;
  jest.setTimeout(TEST_MS);

  beforeAll(async () => {
    folder = await StateFolder.open();
    // vault-config.test.ts compares both ways. The search for Terraform's provider alone takes longer than this way.
    sandbox = await Sandbox.start({ environment, folder, progress, applyBy: "http", ...options });
  }, START_MS);
  afterAll(async () => {
    await sandbox?.stop();
    await folder?.close();
  }, START_MS);

  const started = (): Sandbox => {
    if (!sandbox) throw new Error("beforeAll starts the sandbox. Use it inside a test.");
    return sandbox;
  };
  const client = (token?: string, from?: string) => new VaultClient(started().vaultConnection(from), token);
  const untilActive = () => {
    const health = () => client().request({ method: "GET", path: "sys/health" });
    return waitFor("Vault to be unsealed and active", async () => !(await health())["sealed"], {
      deadlineMs,
    });
  };
  return {
    get sandbox() {
      return started();
    },
    get folder() {
      if (!folder) throw new Error("beforeAll creates the folder. Use it inside a test.");
      return folder.path;
    },
    progress: text,
    deployer: () => deployerOf(started()),
    client,
    untilActive,
    restartVault: async () => {
      await started().vault.restart(VAULT);
      await untilActive();
    },
  };
}

/** Vault's API as a deployer, freshly logged in. */
export function deployerOf(sandbox: Sandbox): Promise<VaultClient> {
  return VaultClient.loggedIn({ ...sandbox.vaultConnection(), jwt: sandbox.deployerToken() });
}
