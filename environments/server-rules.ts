import { knownVaultChecksum } from "../cloud-init/common/vault-release";
import type { Problem, Read } from "./problem";
import { environmentSchema } from "./schema";

const shape = environmentSchema.shape;
const vault = shape.vault.unwrap().shape;
const mysql = shape.mysql.unwrap().shape;
const plan = shape.webAppPlan.unwrap().shape;

/** What Vault, MySQL and the App Service plan can be made as. */
export function serverRules(read: Read): Problem[] {
  return [
    ...checksumIsTheKnownOne(read),
    ...clusterIsPossible(read),
    ...recoveryThresholdIsReachable(read),
    ...certificateOutlivesItsRenewal(read),
    ...standbyIsPossible(read),
    ...workersArePossible(read),
    ...zoneRedundancyIsPossible(read),
  ];
}

/** A checksum that somebody was given for a version that the project knows better. */
function checksumIsTheKnownOne(read: Read): Problem[] {
  const sha256 = read(vault.sha256, "vault", "sha256");
  const version = read(vault.version, "vault", "version");
  const edition = read(vault.edition, "vault", "edition");
  if (sha256 === undefined || version === undefined || edition === undefined) return [];
  const known = knownVaultChecksum({ version, edition });
  if (known === undefined || known === sha256) return [];
  return [
    {
      field: "vault.sha256",
      sentence: `is not the checksum of Vault ${version} (${edition}) that the project knows, ${known}; remove the field, and find out where the other one came from.`,
    },
  ];
}

/** What one node may have, and a cluster has for itself. */
function clusterIsPossible(read: Read): Problem[] {
  const nodes = read(vault.nodes, "vault", "nodes") ?? 1;
  if (nodes === 1) return [];
  return [
    ...(read(vault.publicAddress, "vault", "publicAddress")
      ? [
          {
            field: "vault.publicAddress",
            sentence: `a cluster of ${nodes} nodes has a private address only; remove the field, or set vault.nodes to 1.`,
          },
        ]
      : []),
    ...(read(vault.zone, "vault", "zone")
      ? [
          {
            field: "vault.zone",
            sentence: `is the zone of a single node, and a cluster of ${nodes} nodes is spread over vault.zones; remove the field.`,
          },
        ]
      : []),
  ];
}

/** Vault refuses a threshold of 1 for more than one share. Source: Vault, `SealConfig.Validate`. */
function recoveryThresholdIsReachable(read: Read): Problem[] {
  const shares = read(vault.recoveryShares, "vault", "recoveryShares");
  const threshold = read(vault.recoveryThreshold, "vault", "recoveryThreshold");
  if (shares === undefined || threshold === undefined) return [];
  const field = "vault.recoveryThreshold";
  if (threshold > shares) {
    return [
      {
        field,
        sentence: `${threshold} shares are needed but only ${shares} are made (vault.recoveryShares); lower one or raise the other.`,
      },
    ];
  }
  if (threshold === 1 && shares > 1) {
    return [
      { field, sentence: `one of ${shares} shares would do alone, which Vault refuses; choose 2 or more.` },
    ];
  }
  return [];
}

function certificateOutlivesItsRenewal(read: Read): Problem[] {
  const tls = read(shape.vault, "vault")?.tls ?? read(vault.tls, "vault", "tls");
  if (tls?.source !== "generated" || tls.renewDaysBeforeExpiry < tls.validityInMonths * 28) return [];
  return [
    {
      field: "vault.tls.renewDaysBeforeExpiry",
      sentence: `${tls.renewDaysBeforeExpiry} days are not less than the certificate's life (vault.tls.validityInMonths is ${tls.validityInMonths}); choose fewer days or more months.`,
    },
  ];
}

/** Source: Azure Database for MySQL, high availability: General Purpose and Business Critical only. */
function standbyIsPossible(read: Read): Problem[] {
  const sku = read(mysql.sku, "mysql", "sku");
  if (!sku?.startsWith("B_") || !read(mysql.highAvailability, "mysql", "highAvailability")) return [];
  return [
    {
      field: "mysql.highAvailability",
      sentence: `a standby needs a General Purpose or Memory Optimized server, and ${sku} is burstable; set mysql.sku to GP_Standard_D2ds_v4 or the like.`,
    },
  ];
}

/** Source: App Service limits: 3 instances on Basic, 10 on Standard, 30 on Premium. */
function workersArePossible(read: Read): Problem[] {
  const sku = read(plan.sku, "webAppPlan", "sku");
  const workers = read(plan.workers, "webAppPlan", "workers") ?? 0;
  const most = sku?.startsWith("B") ? 3 : sku?.startsWith("S") ? 10 : 30;
  if (workers <= most) return [];
  return [
    {
      field: "webAppPlan.workers",
      sentence: `${workers} workers are more than a plan ${sku} has; choose ${most} or less, or a larger webAppPlan.sku.`,
    },
  ];
}

/** Source: App Service, reliability: zone redundancy needs a Premium plan and two workers. */
function zoneRedundancyIsPossible(read: Read): Problem[] {
  const sku = read(plan.sku, "webAppPlan", "sku");
  const workers = read(plan.workers, "webAppPlan", "workers");
  if (!read(plan.zoneRedundant, "webAppPlan", "zoneRedundant")) return [];
  if ((sku === undefined || sku.startsWith("P")) && (workers === undefined || workers > 1)) return [];
  return [
    {
      field: "webAppPlan.zoneRedundant",
      sentence:
        "zone redundancy needs a Premium plan with at least two workers; set webAppPlan.sku to P1v3 or the like and webAppPlan.workers to 2.",
    },
  ];
}
