import { gzipSync } from "node:zlib";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { loadEnvironment } from "../../../environments/load";
import type { CheckContext } from "../../../scripts/deployment/preflight/check";
import { checkVaultUpgrade } from "../../../scripts/deployment/preflight/vault-upgrade-check";
import { StackState } from "../../../scripts/deployment/stack-state";
import { vaultServer } from "../../cloud-init/examples";

describe("Another version of Vault", () => {
  const demo = loadEnvironment("demo");

  /** Returns the problem of a version if another one runs. */
  const problems = (
    runs: string | undefined,
    version: string,
    { snapshots = true, withoutSnapshot = false }: { snapshots?: boolean; withoutSnapshot?: boolean } = {},
  ) => {
    const user_data =
      runs &&
      gzipSync(
        vaultServerUserData({ ...vaultServer, vault: { version: runs, edition: "community" } }),
      ).toString("base64");
    const state = new StackState({
      outputs: {},
      resources: user_data
        ? [
            {
              mode: "managed",
              type: "azurerm_linux_virtual_machine",
              name: "",
              instances: [{ attributes: { user_data } }],
            },
          ]
        : [],
    });
    const context = {
      environment: {
        ...demo,
        vault: { ...demo.vault, version, snapshots: { ...demo.vault.snapshots, enabled: snapshots } },
        upgradeWithoutSnapshot: withoutSnapshot,
      },
      stacks: [{ name: "vault-server" }],
      states: new Map([["vault-server", state]]),
    };
    return checkVaultUpgrade(context as unknown as CheckContext);
  };

  it.each([
    ["nothing runs yet", undefined, "2.2.2"],
    ["the same one", "2.2.2", "2.2.2"],
    ["a newer one", "2.0.3", "2.2.2"],
    ["the next major one", "1.21.4", "2.2.2"],
  ])("may be deployed: %s", (_, runs, version) => {
    expect(problems(runs, version)).toEqual([]);
  });

  it("is refused if it is older, because an older Vault cannot read newer data", () => {
    expect(problems("2.2.2", "2.2.1")).toEqual([
      expect.stringMatching(
        /^vault\.version: Vault 2\.2\.2 runs, and 2\.2\.1 is older.*write 2\.2\.2 or a newer one.*restore the snapshot/,
      ),
    ]);
    expect(problems("2.10.0", "2.9.9")).toHaveLength(1);
  });

  it("is refused if it skips a major version", () => {
    expect(problems("1.21.4", "3.0.0")).toEqual([
      expect.stringMatching(
        /skips the major version 2, which Vault does not allow\. Deploy a release of 2\.x first/,
      ),
    ]);
  });

  it("is refused without snapshots, unless somebody allows the loss of Vault's data", () => {
    expect(problems("1.21.4", "2.2.2", { snapshots: false })).toEqual([
      expect.stringContaining("add --no-snapshot"),
    ]);
    expect(problems("1.21.4", "2.2.2", { snapshots: false, withoutSnapshot: true })).toEqual([]);
  });
});
