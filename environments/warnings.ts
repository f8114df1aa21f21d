import { vaultRelease } from "../cloud-init/common/vault-release";
import {
  asksForTokenToRecover,
  DEFAULT_VAULT,
  openVulnerabilities,
} from "../cloud-init/vault-server/vault-version";
import { lacking } from "./application-needs";
import type { Problem } from "./problem";
import type { Environment } from "./schema";

/** Returns warnings for values that are allowed but not recommended. */
export function environmentWarnings(environment: Environment): Problem[] {
  const { vault } = environment;
  return [
    ...versionIsVulnerable(vault),
    ...checksumIsUnknown(vault),
    ...nobodyUsesTheRecoveryKeys(environment),
    ...sizesAreOld(environment),
    ...mysqlIsOld(environment.mysql),
    ...applicationsCannotWork(environment),
    ...nobodyHearsOfAlerts(environment),
  ];
}

function versionIsVulnerable({ version, edition }: Environment["vault"]): Problem[] {
  const open = openVulnerabilities(version, edition);
  if (open.length === 0) return [];
  return [
    {
      field: "vault.version",
      sentence: `${version} has known vulnerabilities that a later version fixes (${open.join(", ")}); write ${DEFAULT_VAULT}.`,
    },
  ];
}

function checksumIsUnknown(vault: Environment["vault"]): Problem[] {
  const { version, sha256, checksumsUrl } = vaultRelease(vault);
  if (sha256 !== undefined) return [];
  return [
    {
      field: "vault.sha256",
      sentence: `the project does not know the checksum of Vault ${version}, so the VMs rely only on HashiCorp's signature; write the checksum that \`curl -s ${checksumsUrl} | grep linux_amd64\` prints.`,
    },
  ];
}

/** A login with a token reveals a person's object id, but not reliably a group's. */
function nobodyUsesTheRecoveryKeys({ vault, recoveryKeyReaders }: Environment): Problem[] {
  if (!asksForTokenToRecover(vault.version) || recoveryKeyReaders.length === 0) return [];
  if (recoveryKeyReaders.some(({ type }) => type !== "Group")) return [];
  return [
    {
      field: "recoveryKeyReaders",
      sentence:
        "only groups may read the recovery keys, and Vault 2.x requires a person's login besides the keys to create a root token; name at least one person.",
    },
  ];
}

/** Series that Azure retires or calls previous. Source: Azure, retired sizes and previous generation sizes, lists of 2026. */
const oldSeries =
  /^Standard_(?:DS?\d[\da-z-]*(?:_v[23])?|E\d[\da-z-]*_v[34]|B\d+[a-z]*|F\d+s?(?:_v2)?|GS?\d[\da-z-]*|L\d+s(?:_v2)?)$/;

function sizesAreOld({ vault, agentVms }: Environment): Problem[] {
  const sizes = [
    { field: "vault.vmSize", size: vault.vmSize },
    ...agentVms.map(({ vmSize }, index) => ({ field: `agentVms[${index}].vmSize`, size: vmSize })),
  ];
  return sizes
    .filter(({ size }) => oldSeries.test(size))
    .map(({ field, size }) => ({
      field,
      sentence: `${size} is of a series that Azure retires or no longer offers to new subscriptions; write a size such as Standard_D2s_v5 (docs/azure.md).`,
    }));
}

/** Source: Azure Database for MySQL, version support policy; endoflife.date, MySQL. */
function mysqlIsOld({ version }: Environment["mysql"]): Problem[] {
  if (!version.startsWith("8.0")) return [];
  return [
    {
      field: "mysql.version",
      sentence: `MySQL ${version} had its last fix in April 2026, and Azure charges for its support from 2027; write 8.4, but first try it on a copy (Azure upgrades the server in place and cannot undo it).`,
    },
  ];
}

function nobodyHearsOfAlerts({ evidenceWorkspace, alerts }: Environment): Problem[] {
  if (evidenceWorkspace === undefined || alerts.emails.length + alerts.actionGroups.length > 0) return [];
  return [
    {
      field: "alerts",
      sentence: "names nobody, so alerts show in the portal only; name a mail address or an action group.",
    },
  ];
}

/**
 * Every workload gets the project's application. If its rights are not enough, the application answers every request
 * with 503.
 */
function applicationsCannotWork({ webApps, agentVms }: Environment): Problem[] {
  return Object.entries({ webApps, agentVms }).flatMap(([list, workloads]) =>
    workloads.flatMap((workload, index) => {
      const missing = lacking(workload);
      if (missing.length === 0) return [];
      return [
        {
          field: `${list}[${index}].paths`,
          sentence: `the application of ${workload.name} will only report missing rights, because it also needs ${missing.join(", ")}; add these, or deploy your own application there.`,
        },
      ];
    }),
  );
}

/** Prints one sentence for each warning to stderr. */
export function printWarnings(environment: Environment): void {
  for (const { field, sentence } of environmentWarnings(environment)) {
    console.error(`Warning: environments/${environment.name}.json: ${field}: ${sentence}`);
  }
}
