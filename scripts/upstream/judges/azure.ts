import { z } from "zod";
import { act, type Fact, good } from "../fact";
import { NoAnswer } from "../upstream";
import { untilEnd } from "./end-of-life";

/** Source: Azure, Retail Prices API. It needs no login. */
const prices = z.object({ Items: z.array(z.object({ armRegionName: z.string(), type: z.string() })) });

export interface SoldSku {
  /** The row's label, for example "VM size". */
  readonly kind: string;
  readonly sku: string;
  /** The price list's name. It differs from the name in Azure Resource Manager for some services. */
  readonly filter: string;
  readonly region: string;
  readonly setting: string;
}

/** Checks that Azure still sells a size in the region. */
export function soldSku({ kind, sku, filter, region, setting }: SoldSku, usedIn: readonly string[]): Fact {
  const query = `${filter} and armRegionName eq '${region}' and priceType eq 'Consumption'`;
  const url = `https://prices.azure.com/api/retail/prices?$filter=${encodeURIComponent(query)}`;
  return {
    name: `${kind} ${sku} in ${region}`,
    value: sku,
    usedIn,
    source: "https://azure.microsoft.com/pricing/calculator/",
    judge: async (upstream) => {
      const { Items } = await upstream.json(url, prices);
      return Items.length > 0
        ? good("Azure's price list has it.")
        : act(`Azure's price list does not have it. Choose another size in ${setting} (az vm list-skus).`);
    },
  };
}

const retiredSizes =
  "https://raw.githubusercontent.com/MicrosoftDocs/azure-compute-docs/main/articles/virtual-machines/sizes/retirement/retired-sizes-list.md";

/** Checks that no retirement of the size's series is announced, or that it is far away. */
export function sizeRetirement(size: string, usedIn: readonly string[]): Fact {
  return {
    name: `retirement of ${size}`,
    value: seriesOf(size),
    usedIn,
    source: "https://learn.microsoft.com/azure/virtual-machines/sizes/retirement/retired-sizes-list",
    covers: [size],
    judge: async (upstream, today) => {
      const ends = retirements(await upstream.text(retiredSizes));
      const end = ends.get(seriesOf(size).toLowerCase());
      const cure = "Choose another size in vmSize.";
      if (end === retired) return act(`Azure has retired the series. ${cure}`);
      return end ? untilEnd(end, today, cure) : good("No retirement is announced.");
    },
  };
}

/** The series of a size: `Dsv3` for Standard_D2s_v3. Source: Azure, virtual machine naming conventions. */
export function seriesOf(size: string): string {
  const parts = /^Standard_([A-Z]+)\d+(?:-\d+)?([a-z]*)(?:_(v\d+))?$/.exec(size);
  if (!parts) throw new Error(`seriesOf cannot read the size ${size}`);
  const [, family = "", features = "", version = ""] = parts;
  // The page calls the first burstable sizes B-series, with and without s and m.
  return family === "B" && version === "" ? "B" : `${family}${features}${version}`;
}

const retired = "retired";

/** Returns the retirement day, or `retired`, by series in lower case. The page's tables: `| Dv2-series | **Announced** | ... | 05/01/28 | ...`. */
function retirements(markdown: string): Map<string, string> {
  const ends = new Map<string, string>();
  for (const line of markdown.split("\n")) {
    const [, names = "", status = "", , planned = ""] = line.split("|").map((cell) => cell.trim());
    if (!/Announced|Retired/.test(status)) continue;
    const day = /^(\d{2})\/(\d{2})\/(\d{2})$/.exec(planned);
    const end = status.includes("Retired") || !day ? retired : `20${day[3]}-${day[1]}-${day[2]}`;
    for (const name of names.replace(/[- ]series.*$/i, "").split("/")) ends.set(name.toLowerCase(), end);
  }
  if (!ends.has("dv2")) throw new NoAnswer(`${retiredSizes} has no readable table`);
  return ends;
}

const aliasesUrl =
  "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/main/arm-compute/quickstart-templates/aliases.json";

const image = z.object({ publisher: z.string(), offer: z.string(), sku: z.string() });

/** Source: the list of short names for `az vm create --image`. */
const aliases = z.object({
  outputs: z.object({
    aliases: z.object({ value: z.object({ Linux: z.record(z.string(), image) }) }),
  }),
});

/** Checks that Azure's own tools still name the image. */
export function vmImage({ publisher, offer, sku }: z.infer<typeof image>, usedIn: readonly string[]): Fact {
  return {
    name: "VM image",
    value: `${publisher}:${offer}:${sku}`,
    usedIn,
    source: aliasesUrl,
    judge: async (upstream) => {
      const images = (await upstream.json(aliasesUrl, aliases)).outputs.aliases.value.Linux;
      const listed = Object.values(images).some(
        (one) => one.publisher === publisher && one.offer === offer && one.sku === sku,
      );
      return listed
        ? good("Azure's tools offer it.")
        : act(
            `Azure's tools no longer offer it. Choose another in ${usedIn[0]} (az vm image list --all --publisher ${publisher}).`,
          );
    },
  };
}

const endpointsUrl = "https://management.azure.com/metadata/endpoints?api-version=2022-09-01";

/** Source: Azure Resource Manager, metadata of clouds. It needs no login. */
const cloud = z.looseObject({ name: z.string(), suffixes: z.record(z.string(), z.string()) });

/** Some versions return the public cloud only. */
const clouds = z.union([z.array(cloud), cloud.transform((one) => [one])]);

/** Checks that Azure's public cloud still has the hosts in the project's addresses, audiences and suffixes. */
export function azureHosts(hosts: readonly string[], usedIn: readonly string[]): Fact {
  return {
    name: "hosts of Azure's public cloud",
    value: hosts.join(" "),
    usedIn,
    source: endpointsUrl,
    covers: hosts,
    judge: async (upstream) => {
      const found = (await upstream.json(endpointsUrl, clouds)).find(({ name }) => name === "AzureCloud");
      if (!found) throw new NoAnswer(`${endpointsUrl} does not name AzureCloud`);
      const text = JSON.stringify(found);
      const missing = hosts.filter((host) => !text.includes(`"${host}"`) && !text.includes(`://${host}`));
      return missing.length === 0
        ? good("Azure names each of them.")
        : act(`Azure no longer names ${missing.join(", ")}. Read ${endpointsUrl} and use the new names.`);
    },
  };
}

const openIdUrl = "https://login.microsoftonline.com/common/.well-known/openid-configuration";

/** Source: OpenID Connect Discovery. For `common`, the issuer contains {tenantid}. */
const openId = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** Checks that Entra's tokens for Azure still come from the issuer in Vault's roles. */
export function entraIssuer(host: string, usedIn: readonly string[]): Fact {
  return {
    name: "issuer of Entra's tokens",
    value: host,
    usedIn,
    source: openIdUrl,
    judge: async (upstream) => {
      const { issuer } = await upstream.json(openIdUrl, openId);
      return issuer.startsWith(`https://${host}/`)
        ? good("Entra names it.")
        : act(
            `Entra now names ${issuer}. Vault rejects every jwt login until you change the issuer in ${usedIn[0]}.`,
          );
    },
  };
}
