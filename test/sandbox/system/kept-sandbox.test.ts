import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import { Sandbox } from "../../../sandbox/system/sandbox";
import { StateFolder } from "../../../sandbox/system/state-folder";
import { capturedProgress } from "../../lib/processes/captured-progress";
import { itTakesLong } from "../../long-tests";
import { describeWithVault } from "../programs-there";
import { FIRST_BOOT, initsIn, recoveryKeysWork, storedKeySets, VAULT } from "./first-boots";
import { deployerOf } from "./running-sandbox";

const policy = 'path "cubbyhole/kept" {\n  capabilities = ["read"]\n}\n';

/** Runs Vault in a folder that stays. */
async function inFolder<T>(path: string, work: (sandbox: Sandbox) => Promise<T>): Promise<T> {
  const folder = await StateFolder.open({ path });
  const { progress } = capturedProgress();
  const environment = loadEnvironment("demo");
  try {
    const sandbox = await Sandbox.start({ environment, folder, progress, upTo: "azure" });
    try {
      await sandbox.startVault();
      return await work(sandbox);
    } finally {
      await sandbox.stop();
    }
  } finally {
    await folder.close();
  }
}

describeWithVault("A sandbox in a folder that is kept", () => {
  let parent: string;
  beforeAll(() => {
    parent = realpathSync(mkdtempSync(join(tmpdir(), "kept-")));
  });
  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  // command.test.ts continues with the same Vault, too.
  itTakesLong(
    "continues with the same Vault, its data and its keys, without a second first boot",
    async () => {
      const clusterOf = async (sandbox: Sandbox): Promise<unknown> => {
        const deployer = await deployerOf(sandbox);
        return (await deployer.read("sys/health"))?.["cluster_id"];
      };
      const first = await inFolder(join(parent, "s"), async (sandbox) => {
        const deployer = await deployerOf(sandbox);
        await deployer.request({ method: "PUT", path: "sys/policies/acl/workload-kept", body: { policy } });
        return {
          cluster: await clusterOf(sandbox),
          keys: storedKeySets(sandbox),
          network: sandbox.vault.address,
          certificate: readFileSync(sandbox.vaultCertificateFile, "utf8"),
        };
      });
      expect(first.cluster).toEqual(expect.any(String));
      await inFolder(join(parent, "s"), async (sandbox) => {
        const deployer = await deployerOf(sandbox);
        expect(await deployer.read("sys/policies/acl/workload-kept")).toMatchObject({ policy });
        expect({
          cluster: await clusterOf(sandbox),
          keys: storedKeySets(sandbox),
          network: sandbox.vault.address,
          certificate: readFileSync(sandbox.vaultCertificateFile, "utf8"),
        }).toEqual(first);
        expect(await recoveryKeysWork(sandbox)).toBe(true);
        // Both runs write to the same logs.
        expect(initsIn(sandbox.vault.output(VAULT))).toBe(1);
        expect(sandbox.vault.output(FIRST_BOOT).match(/: complete$/gm)).toHaveLength(1);
      });
    },
    240_000,
  );
});
