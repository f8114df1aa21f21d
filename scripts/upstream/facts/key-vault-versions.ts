import { requirements } from "../../../constructs/terraform/provider-requirements";
import { compareVersions } from "../../../lib/processes/version";
import { globalTypes } from "../../deployment/preflight/global-name-check";
import { oldest } from "../../deployment/preflight/program-versions";
import type { Fact } from "../fact";
import { announcedRetirement } from "../judges/announcement";
import { boundsOf } from "../judges/terraform-provider";
import { textIn } from "../project";

const page = "https://learn.microsoft.com/azure/key-vault/general/access-control-default";

/** Azure's announcement about versions of Key Vault's control plane. */
const retirement = {
  page,
  words: "API versions before 2026-02-01 retire on February 27, 2027",
  date: "2027-02-27",
};

const keyVaultProgram = "cloud-init/common/files/usr/local/sbin/azure-key-vault";

/** Versions of Key Vault's API: its control plane, which three programs use, and its data plane. */
export function keyVaultVersions(): Fact[] {
  const controlPlane = globalTypes["azurerm_key_vault"]?.apiVersion ?? "";
  return [
    announcedRetirement(
      {
        name: "Key Vault's control plane, used by azurerm",
        value: requirements.azurerm.version,
        usedIn: ["constructs/terraform/provider-requirements.ts"],
      },
      {
        ...retirement,
        // The first release that uses 2026-02-01. Source: azurerm, CHANGELOG.
        ready: compareVersions(boundsOf(requirements.azurerm.version).floor, "4.81.0") >= 0,
        cure: "Raise azurerm's floor to 4.81.0.",
      },
    ),
    announcedRetirement(
      {
        name: "Key Vault's control plane, used by az",
        value: `>= ${oldest.az}`,
        usedIn: ["scripts/deployment/preflight/program-versions.ts"],
      },
      {
        ...retirement,
        // The first release that uses 2026-02-01. Source: Azure CLI, release notes.
        ready: compareVersions(oldest.az, "2.90.0") >= 0,
        cure: "Raise the oldest az to 2.90.0 in scripts/deployment/preflight/program-versions.ts.",
      },
    ),
    announcedRetirement(
      {
        name: "Key Vault's control plane, used by scripts/deploy",
        value: controlPlane,
        usedIn: ["scripts/deployment/preflight/global-name-check.ts"],
      },
      {
        ...retirement,
        ready: controlPlane >= "2026-02-01",
        cure: "Raise it to 2026-02-01 in scripts/deployment/preflight/global-name-check.ts.",
      },
    ),
    {
      name: "Key Vault's data plane",
      value: textIn(keyVaultProgram, /KEY_VAULT_API_VERSION=(\S+)/),
      usedIn: [keyVaultProgram],
      source: page,
      judge: async (upstream) => {
        const words = "Data Plane APIs are not affected";
        return (await upstream.page(page)).includes(words.toLowerCase())
          ? { result: "good", sentence: "Azure retires versions of the control plane only." }
          : {
              result: "unknown",
              sentence: `${page} no longer says "${words}". Read it and correct the row.`,
            };
      },
    },
  ];
}
