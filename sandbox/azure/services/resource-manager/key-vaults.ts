import { propertiesOf } from "../../model/fields";
import { sameId } from "../../model/resource-id";
import type { ArmResource } from "../../model/world";
import { Refusal } from "../../server/refusal";
import type { ResourceCall, ResourceTypes } from "./resource-type";

/** Days for which a deleted Key Vault keeps its name and content by default. */
const longestRetention = 90;

export const deletedVaultType = "Microsoft.KeyVault/locations/deletedVaults";

export const keyVaultTypes: ResourceTypes = {
  "microsoft.keyvault/vaults": {
    defaults: () => ({
      properties: {
        accessPolicies: [],
        enableSoftDelete: true,
        softDeleteRetentionInDays: longestRetention,
        publicNetworkAccess: "Enabled",
        networkAcls: {
          bypass: "AzureServices",
          defaultAction: "Allow",
          ipRules: [],
          virtualNetworkRules: [],
        },
      },
    }),
    computed: ({ target }) => ({ properties: { vaultUri: `https://${target.name}.vault.azure.net/` } }),
    check: ({ store, id, target, existing, sent }) => {
      const deleted = store.ofType(deletedVaultType).find(({ name }) => sameId(name, target.name));
      if (deleted && propertiesOf(sent)["createMode"] !== "recover") {
        throw new Refusal(
          409,
          "ConflictError",
          `A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.`,
        );
      }
      const other = store
        .ofType("Microsoft.KeyVault/vaults")
        .find((vault) => sameId(vault.name, target.name) && !sameId(vault.id, id));
      if (other)
        throw new Refusal(409, "VaultAlreadyExists", `The vault name '${target.name}' is already in use.`);
      if (
        propertiesOf(existing)["enablePurgeProtection"] === true &&
        propertiesOf(sent)["enablePurgeProtection"] === false
      ) {
        throw new Refusal(
          400,
          "BadRequest",
          'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.',
        );
      }
    },
    deleted: ({ store, target }, vault) => {
      const deletionDate = new Date();
      const days = Number(propertiesOf(vault)["softDeleteRetentionInDays"] ?? longestRetention);
      store.put({
        id: deletedVaultId(vault),
        name: target.name,
        type: deletedVaultType,
        properties: {
          vaultId: vault.id,
          location: vault.location,
          tags: vault.tags,
          deletionDate: deletionDate.toISOString(),
          scheduledPurgeDate: new Date(deletionDate.getTime() + days * 86_400_000).toISOString(),
          purgeProtectionEnabled: propertiesOf(vault)["enablePurgeProtection"] === true,
        },
      });
    },
  },
  [deletedVaultType.toLowerCase()]: {
    actions: {
      purge: (call: ResourceCall & { resource: ArmResource }) => {
        if (propertiesOf(call.resource)["purgeProtectionEnabled"] === true) {
          throw new Refusal(
            409,
            "MethodNotAllowed",
            `Operation "purge" is not allowed because purge protection is enabled for this vault.`,
          );
        }
        call.store.delete(call.resource.id);
        return undefined;
      },
    },
  },
  // Role assignments on one object of a vault use these scopes. ARM only knows their names.
  "microsoft.keyvault/vaults/keys": {},
  "microsoft.keyvault/vaults/secrets": {},
};

function deletedVaultId({ id, name, location }: ArmResource): string {
  const subscription = id.split("/").slice(0, 3).join("/");
  return `${subscription}/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/${name}`;
}
