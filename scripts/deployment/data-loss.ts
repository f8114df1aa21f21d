import { actionOf, type Plan, type ResourceChange } from "../plan-summary/plan-json";
import { DeploymentProblems } from "./deployment-problems";

/** Types of resources with data that a deployment cannot restore, and that data in words. */
const contents: Readonly<Record<string, string>> = {
  azurerm_key_vault: "its keys, certificates and secrets",
  azurerm_key_vault_key: "all that is encrypted under the key",
  azurerm_key_vault_certificate: "the private key that clients trust",
  azurerm_log_analytics_workspace: "its logs",
  azurerm_managed_disk: "the data on the disk",
  azurerm_mysql_flexible_database: "the database",
  azurerm_mysql_flexible_server: "the databases and their backups",
  azurerm_storage_account: "its blobs",
  vault_mount: "the secrets and keys of the mount",
  vault_transit_secret_backend_key: "all that is encrypted with the key",
};

/** Types that contain data only in one stack. */
const contentsInStack: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // An agent's VM contains no data of its own.
  "vault-server": { azurerm_linux_virtual_machine: "Vault's audit log, which is on its OS disk" },
  // The next deployment pushes the package again.
  "agent-vm": { azurerm_storage_account: "" },
};

/** Sizes and retention times, anywhere in a resource. */
const amount = /(?:^|_)(?:size_gb|retention_days|retention_in_days|soft_delete_retention_days|days)$/;

/** A permanent loss in a plan. */
export interface Loss {
  readonly address: string;
  /** The change and the data that is lost. */
  readonly sentence: string;
}

/** Returns the resources with data that a plan destroys, replaces or shrinks, for any reason. */
export function lossesOf(stack: string, plan: Plan): Loss[] {
  return (plan.resource_changes ?? []).flatMap((change) => {
    const lost = { ...contents, ...contentsInStack[stack] }[typeOf(change)];
    if (change.mode !== "managed" || !lost) return [];
    const { address } = change;
    const action = actionOf(change.change);
    if (action === "destroyed") {
      return [{ address, sentence: `The plan of ${stack} deletes ${address}, and so ${lost}` }];
    }
    if (action === "replaced") {
      const why = [...new Set(change.change.replace_paths?.map(([name]) => String(name)))].join(", ");
      const because = why ? ` because of ${why}` : "";
      return [
        { address, sentence: `The plan of ${stack} replaces ${address}${because}, which deletes ${lost}` },
      ];
    }
    return shrinking(change.change.before, change.change.after).map((what) => ({
      address,
      sentence: `The plan of ${stack} makes ${address} smaller (${what})`,
    }));
  });
}

/**
 * Refuses a plan that deletes data.
 * @param allowed addresses of resources that the deployer allows to be deleted
 * @throws {DeploymentProblems} with a sentence for each other resource
 */
export function refuseDataLoss(losses: readonly Loss[], allowed: readonly string[]): void {
  const refused = losses.filter(({ address }) => !allowed.includes(address));
  if (refused.length === 0) return;
  throw new DeploymentProblems(
    "Nothing of this stack was changed, because data would be lost",
    refused.map(
      ({ address, sentence }) =>
        `${sentence}. Undo the change in the environment file or in Azure that causes this. If the data may be lost, add --allow-loss '${address}'.`,
    ),
  );
}

/** Returns the type in an address. `azurerm_managed_disk.data` and `module.x.azurerm_managed_disk.data[0]` have the same type. */
function typeOf({ address }: ResourceChange): string {
  return address.split(".").find((part) => /^(?:azurerm|vault)_/.test(part)) ?? "";
}

/** Returns `storage.0.size_gb: 128 to 64` for each amount that becomes smaller. */
function shrinking(before: unknown, after: unknown, path = ""): string[] {
  if (typeof before === "number" && typeof after === "number") {
    const name = path.split(".").at(-1) ?? "";
    return after < before && amount.test(name) ? [`${path} from ${before} to ${after}`] : [];
  }
  if (typeof before !== "object" || before === null || typeof after !== "object" || after === null) return [];
  return Object.entries(before).flatMap(([key, value]) =>
    shrinking(value, (after as Record<string, unknown>)[key], path ? `${path}.${key}` : key),
  );
}
