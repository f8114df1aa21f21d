import { z } from "zod";
import { type AzureCloud, type AzureCloudName, azureClouds } from "../azure-clouds";
import { choices, type Problem } from "../problem";
import type { Read } from "../read";
import { mysql } from "./mysql";
import { evidenceLocation } from "./watching";

const names = Object.keys(azureClouds) as [AzureCloudName, ...AzureCloudName[]];

export const azureCloud = z
  .enum(names, `is not a cloud of Azure; write ${names.join(", ")}.`)
  .default("AzureCloud")
  .describe(
    "Cloud of Azure, by its name in `az cloud list`. It decides all names, suffixes, audiences and issuers. The other two never ran: docs/azure.md says what was checked.",
  );

export const location = z
  .string()
  .regex(
    /^[a-z0-9]+$/,
    "is not an Azure region; write it as `az account list-locations` does, such as westeurope.",
  )
  .describe("Azure region.");

/** Rules for the cloud: its regions, and what they lack. */
export function azureCloudRules(read: Read): Problem[] {
  const name = read(azureCloud, "azureCloud");
  if (name === undefined) return [];
  const region = read(location, "location");
  return [
    ...isInCloud("location", region, name),
    ...isInCloud("evidenceLocation", read(evidenceLocation, "evidenceLocation"), name),
    ...(region === undefined ? [] : mysqlIsThere(read, region, name)),
  ];
}

function isInCloud(field: string, region: string | undefined, name: AzureCloudName): Problem[] {
  if (region === undefined || cloudWith(region) === name) return [];
  const sentence = `${region} is a region of ${cloudWith(region)}, but azureCloud is ${name}; set azureCloud to ${cloudWith(region)}, or choose a region of ${name}.`;
  return [{ field, sentence }];
}

function cloudWith(region: string): AzureCloudName {
  return (
    names.find((name) => azureClouds[name].regionPrefixes.some((prefix) => region.startsWith(prefix))) ??
    "AzureCloud"
  );
}

/** Source: Azure Database for MySQL, "Azure regions". For the public cloud, the preflight asks Azure. */
function mysqlIsThere(read: Read, region: string, name: AzureCloudName): Problem[] {
  const { regions }: AzureCloud = azureClouds[name];
  if (regions === undefined || cloudWith(region) !== name) return [];
  const offer = regions[region];
  if (offer === undefined) {
    const sentence = `${region} has no MySQL Flexible Server; choose ${choices(Object.keys(regions))}.`;
    return [{ field: "location", sentence }];
  }
  const { shape } = mysql.unwrap();
  const wishes = [
    { field: "highAvailability", needs: "standbyInZone", what: "standby in another zone" },
    { field: "geoRedundantBackup", needs: "backupInPair", what: "backups in another region" },
  ] as const;
  return wishes.flatMap(({ field, needs, what }) => {
    if (offer[needs] || !read(shape[field], "mysql", field)) return [];
    const others = Object.keys(regions).filter((other) => regions[other]?.[needs]);
    const sentence = `MySQL has no ${what} in ${region}; set it to false, or set location to ${choices(others)}.`;
    return [{ field: `mysql.${field}`, sentence }];
  });
}
