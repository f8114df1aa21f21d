import { knownVaultChecksum } from "../cloud-init/common/vault-release";
import type { Problem, Read } from "./problem";
import { environmentSchema } from "./schema";

const shape = environmentSchema.shape;
const vault = shape.vault.unwrap().shape;
const mysql = shape.mysql.unwrap().shape;
const plan = shape.webAppPlan.unwrap().shape;

/** Rules for Vault, MySQL and the App Service plan. */
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

/** If the project knows the version's checksum, the file must not contain another one. */
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
      sentence: `is not the checksum of Vault ${version} (${edition}) that the project knows, ${known}; remove the field, and find out the source of the other checksum.`,
    },
  ];
}

/** Some fields are only for a single node, others only for a cluster. */
function clusterIsPossible(read: Read): Problem[] {
  const nodes = read(vault.nodes, "vault", "nodes") ?? 1;
  if (nodes === 1) return [];
  return [
    ...(read(vault.publicAddress, "vault", "publicAddress")
      ? [
          {
            field: "vault.publicAddress",
            sentence: `a cluster of ${nodes} nodes has only a private address; remove the field, or set vault.nodes to 1.`,
          },
        ]
      : []),
    ...(read(vault.zone, "vault", "zone")
      ? [
          {
            field: "vault.zone",
            sentence: `is the zone of a single node, but a cluster of ${nodes} nodes uses vault.zones; remove the field.`,
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
        sentence: `${threshold} shares are required, but only ${shares} exist (vault.recoveryShares); lower this number or raise the other.`,
      },
    ];
  }
  if (threshold === 1 && shares > 1) {
    return [
      {
        field,
        sentence: `a single share of ${shares} would be enough, which Vault refuses; choose 2 or more.`,
      },
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
      sentence: `a standby needs a General Purpose or Memory Optimized server, and ${sku} is burstable; set mysql.sku to a SKU such as GP_Standard_D2ds_v4.`,
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
      sentence: `${workers} workers are more than a plan ${sku} allows; choose ${most} or less, or a larger webAppPlan.sku.`,
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
        "zone redundancy needs a Premium plan with at least two workers; set webAppPlan.sku to a SKU such as P1v3 and webAppPlan.workers to 2.",
    },
  ];
}
