import { z } from "zod";
import { resourcesOf } from "../../../lib/synthesized/synthesized-folder";
import { type Check, newStacks } from "./check";

const named = z.object({ name: z.string() });

/** Source: Azure Database for MySQL, REST API 2023-12-30, Location Based Capability Set - Get. */
const capabilities = z.object({
  properties: z.object({
    supportedFlexibleServerEditions: z
      .array(
        z.object({
          supportedSkus: z.array(named.extend({ supportedHAMode: z.array(z.string()).nullish() })).nullish(),
        }),
      )
      .nullish(),
    supportedServerVersions: z.array(named).nullish(),
    supportedGeoBackupRegions: z.array(z.string()).nullish(),
  }),
});

const server = z.object({
  sku_name: z.string(),
  version: z.string(),
  geo_redundant_backup_enabled: z.boolean().optional(),
  high_availability: z.object({ mode: z.string() }).optional(),
});

/** Checks that the region offers a new MySQL server's size, version, standby and backup. */
export const checkMysql: Check = async (context) => {
  const servers = newStacks(context).flatMap((stack) => resourcesOf(stack, "azurerm_mysql_flexible_server"));
  if (servers.length === 0) return [];
  const { az, environment, login } = context;
  const region = environment.location;
  const path = `/subscriptions/${login.subscriptionId}/providers/Microsoft.DBforMySQL/locations/${region}/capabilitySets/default?api-version=2023-12-30`;
  const { properties } = await az.json(capabilities, "rest", "--method", "get", "--url", path);
  const skus = (properties.supportedFlexibleServerEditions ?? []).flatMap((one) => one.supportedSkus ?? []);
  const versions = properties.supportedServerVersions ?? [];
  return servers
    .map((one) => server.parse(one))
    .flatMap(({ sku_name, version, geo_redundant_backup_enabled, high_availability }) => {
      // `GP_Standard_D2ds_v4`: azurerm puts the tier before Azure's own name.
      const size = sku_name.slice(sku_name.indexOf("_") + 1).toLowerCase();
      const sku = skus.find(({ name }) => name.toLowerCase() === size);
      if (!sku) {
        return [
          `MySQL in ${region} does not offer ${sku_name} to this subscription. Choose another mysql.sku or location (\`az mysql flexible-server list-skus --location ${region}\` lists them).`,
        ];
      }
      const problems: string[] = [];
      if (versions.length > 0 && !versions.some(({ name }) => name === version)) {
        problems.push(
          `MySQL in ${region} does not offer version ${version}. Set mysql.version to ${versions.map(({ name }) => name).join(" or ")}.`,
        );
      }
      if (high_availability && sku.supportedHAMode?.includes(high_availability.mode) === false) {
        problems.push(
          `MySQL in ${region} offers no standby in another zone for ${sku_name}. Set mysql.highAvailability to false, or choose another mysql.sku or location.`,
        );
      }
      if (geo_redundant_backup_enabled && properties.supportedGeoBackupRegions?.length === 0) {
        problems.push(
          `MySQL in ${region} keeps no backups in another region. Set mysql.geoRedundantBackup to false, or choose another location.`,
        );
      }
      return problems;
    });
};
