import { z } from "zod";
import { act, type Fact, good } from "../fact";
import { NoAnswer } from "../upstream";
import { untilEnd } from "./end-of-life";

/** Source: Azure, Retail Prices API, which asks for no login. */
const prices = z.object({ Items: z.array(z.object({ armRegionName: z.string(), type: z.string() })) });

export interface SoldSku {
  /** For the row, for example "VM size". */
  readonly kind: string;
  readonly sku: string;
  /** How the price list names it; the names of Azure Resource Manager are not used for every service. */
  readonly filter: string;
  readonly region: string;
  readonly setting: string;
}

/** Azure still sells a size in the region. */
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

/** No retirement of the size's series is announced, or it is far away. */
export function sizeRetirement(size: string, setting: string, usedIn: readonly string[]): Fact {
  return {
    name: `retirement of ${size}`,
    value: seriesOf(size),
    usedIn,
    source: "https://learn.microsoft.com/azure/virtual-machines/sizes/retirement/retired-sizes-list",
    covers: [size],
    judge: async (upstream, today) => {
      const ends = retirements(await upstream.text(retiredSizes));
      const end = ends.get(seriesOf(size).toLowerCase());
      const cure = `Choose another size in ${setting}.`;
      if (end === retired) return act(`Azure has retired the series. ${cure}`);
      return end ? untilEnd(end, today, cure) : good("No retirement is announced.");
    },
  };
}

/** `Dsv3` of Standard_D2s_v3. Source: Azure, virtual machine naming conventions. */
export function seriesOf(size: string): string {
  const parts = /^Standard_([A-Z]+)\d+(?:-\d+)?([a-z]*)(?:_(v\d+))?$/.exec(size);
  if (!parts) throw new Error(`seriesOf cannot read the size ${size}`);
  const [, family = "", features = "", version = ""] = parts;
  // The page calls the first burstable sizes, with and without s and m, B-series.
  return family === "B" && version === "" ? "B" : `${family}${features}${version}`;
}

const retired = "retired";

/** Day of retirement, or that it is past, by series in lower case, from the page's tables: `| Dv2-series | **Announced** | ... | 05/01/28 | ...`. */
function retirements(markdown: string): Map<string, string> {
  const ends = new Map<string, string>();
  for (const line of markdown.split("\n")) {
    const [, names = "", status = "", , planned = ""] = line.split("|").map((cell) => cell.trim());
    if (!/Announced|Retired/.test(status)) continue;
    const day = /^(\d{2})\/(\d{2})\/(\d{2})$/.exec(planned);
    const end = status.includes("Retired") || !day ? retired : `20${day[3]}-${day[1]}-${day[2]}`;
    for (const name of names.replace(/[- ]series.*$/i, "").split("/")) ends.set(name.toLowerCase(), end);
  }
  if (!ends.has("dv2")) throw new NoAnswer(`${retiredSizes} has no table that can be read`);
  return ends;
}

const aliasesUrl =
  "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/main/arm-compute/quickstart-templates/aliases.json";

const image = z.object({ publisher: z.string(), offer: z.string(), sku: z.string() });

/** Source: the list from which `az vm create --image` takes its short names. */
const aliases = z.object({
  outputs: z.object({
    aliases: z.object({ value: z.object({ Linux: z.record(z.string(), image) }) }),
  }),
});

/** Azure's own tools still name the image. */
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
            `Azure's tools do not offer it any more. Choose another in ${usedIn[0]} (az vm image list --all --publisher ${publisher}).`,
          );
    },
  };
}

const endpointsUrl = "https://management.azure.com/metadata/endpoints?api-version=2022-09-01";

/** Source: Azure Resource Manager, metadata of clouds, which asks for no login. */
const cloud = z.looseObject({ name: z.string(), suffixes: z.record(z.string(), z.string()) });

/** Some versions answer with the public cloud alone. */
const clouds = z.union([z.array(cloud), cloud.transform((one) => [one])]);

/** Azure's public cloud still has the hosts that the project writes: as addresses, audiences or suffixes. */
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
        : act(`Azure does not name ${missing.join(", ")} any more. Read ${endpointsUrl}, and follow it.`);
    },
  };
}

const openIdUrl = "https://login.microsoftonline.com/common/.well-known/openid-configuration";

/** Source: OpenID Connect Discovery; for `common` the issuer holds {tenantid}. */
const openId = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** Entra's tokens for Azure still come from the issuer that Vault's roles are bound to. */
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
            `Entra now names ${issuer}. Vault refuses every login by jwt until the issuer is changed in ${usedIn[0]}.`,
          );
    },
  };
}
