import { z } from "zod";
import { knownVaultChecksum } from "../../cloud-init/common/vault-release";
import { DEFAULT_VAULT, OLDEST_VAULT, SUPPORTED_VAULT } from "../../cloud-init/vault-server/vault-version";
import { duration } from "../duration";
import type { Problem } from "../problem";
import type { Read } from "../read";
import { atMost, systemLimit, systemMaxTtl } from "./lifetime";
import { certificateOutlivesItsRenewal, tls } from "./vault-certificate";
import { snapshots } from "./vault-snapshots";
import { unsealKey } from "./vault-unseal-key";
import { availabilityZone, virtualMachine } from "./virtual-machine";

export const vault = z
  .strictObject({
    version: z
      .string()
      .regex(
        SUPPORTED_VAULT,
        `is not a supported Vault version; write a release of 2.x, such as ${DEFAULT_VAULT} (1.21.x works with a warning).`,
      )
      .default(DEFAULT_VAULT)
      .describe(
        `Vault's exact version for the server and for Vault Agent: 2.x, or ${OLDEST_VAULT} and later 1.21. A version with known vulnerabilities causes a warning with their names.`,
      ),
    sha256: z
      .string()
      .regex(
        /^[0-9a-f]{64}$/,
        "is not a SHA-256 checksum; write the 64 hexadecimal digits that `vault_<version>_SHA256SUMS` has for linux_amd64.zip.",
      )
      .optional()
      .describe(
        "Checksum of the release archive for linux_amd64, for a version that the project's table does not know. Without it, the VMs rely only on HashiCorp's signature.",
      ),
    edition: z
      .enum(["community", "enterprise"], "is not an edition; write community or enterprise.")
      .default("community")
      .describe(
        "Enterprise adds the `transform` engine and needs a licence in Key Vault under the secret name `vault-license`.",
      ),
    nodes: z
      .union(
        [z.literal(1), z.literal(3), z.literal(5)],
        "is not a size for a Raft cluster; choose 1, 3 or 5 (an even number tolerates as many failures as the odd number below it).",
      )
      .default(1)
      .describe(
        "Number of Vault nodes. 3 or 5 nodes are a Raft cluster behind a private load balancer. It can lose one or two nodes without an outage.",
      ),
    vmSize: virtualMachine.vmSize.describe("Size of the nodes' VMs."),
    zone: availabilityZone.optional().describe("Availability zone of a single node's VM, disk and address."),
    zones: z
      .array(availabilityZone)
      .min(1, "is empty; name at least one zone, or leave the field out.")
      .refine((zones) => new Set(zones).size === zones.length, "names a zone twice; name each once.")
      .default(["1", "2", "3"])
      .describe("Availability zones of a cluster. The nodes use them in turn."),
    osDiskGb: virtualMachine.osDiskGb,
    dataDiskGb: z
      .int()
      .min(4, "is too small for Raft; choose 4 or more.")
      .max(32_767, "is larger than the maximum of a managed disk; choose 32767 or less.")
      .default(32)
      .describe("Data disk, in GiB. It outlives the VM."),
    encryptionAtHost: virtualMachine.encryptionAtHost,
    publicAddress: z
      .boolean()
      .default(false)
      .describe("Give Vault a public address with a DNS label. It is open only to the named ranges."),
    tls,
    keyVaultSku: z
      .enum(["standard", "premium"], "is not a Key Vault SKU; write standard or premium.")
      .default("standard")
      .describe("`premium` keeps the unseal key in a hardware security module."),
    unsealKey,
    snapshots,
    firstBoot: z
      .enum(["initialize", "adopt"], "is not a first-boot mode; write initialize or adopt.")
      .default("initialize")
      .describe(
        "`initialize` creates a new Vault on a new data disk. `adopt` uses an existing Vault on a restored or moved disk.",
      ),
    recoveryShares: z
      .int()
      .min(1, "is less than one share; choose 1 or more.")
      .max(255, "is more than 255 shares; choose 255 or less.")
      .default(5)
      .describe("Number of shares of the recovery key."),
    recoveryThreshold: z
      .int()
      .min(1, "is less than one share; choose 1 or more.")
      .max(255, "is more than 255 shares; choose 255 or less.")
      .default(3)
      .describe("Number of shares that are needed together."),
    automaticRebootTime: z
      .string()
      .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "is not a time of day; write it as 03:30 (UTC).")
      .default("03:30")
      .describe(
        "Time of day (UTC) at which a VM reboots if a security update requires it. Vault unseals itself afterwards.",
      ),
    deployerTokenTtl: duration.default("1h").describe("Lifetime of a deployer's Vault token."),
    minTlsVersion: z
      .enum(["1.2", "1.3"], "is not a TLS version that Vault may accept; write 1.2 or 1.3.")
      .default("1.2")
      .describe("The oldest TLS version that clients can use."),
  })
  .prefault({})
  .describe("The Vault server.");

const { shape } = vault.unwrap();

/** Rules for the Vault server. */
export function vaultRules(read: Read): Problem[] {
  return [
    ...checksumIsTheKnownOne(read),
    ...clusterIsPossible(read),
    ...recoveryThresholdIsReachable(read),
    ...certificateOutlivesItsRenewal(read),
    ...deployersTokensEnd(read),
  ];
}

/** If the project knows the version's checksum, the file must not contain another one. */
function checksumIsTheKnownOne(read: Read): Problem[] {
  const sha256 = read(shape.sha256, "vault", "sha256");
  const version = read(shape.version, "vault", "version");
  const edition = read(shape.edition, "vault", "edition");
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
  const nodes = read(shape.nodes, "vault", "nodes") ?? 1;
  if (nodes === 1) return [];
  return [
    ...(read(shape.publicAddress, "vault", "publicAddress")
      ? [
          {
            field: "vault.publicAddress",
            sentence: `a cluster of ${nodes} nodes has only a private address; remove the field, or set vault.nodes to 1.`,
          },
        ]
      : []),
    ...(read(shape.zone, "vault", "zone")
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
  const shares = read(shape.recoveryShares, "vault", "recoveryShares");
  const threshold = read(shape.recoveryThreshold, "vault", "recoveryThreshold");
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

function deployersTokensEnd(read: Read): Problem[] {
  const ttl = read(shape.deployerTokenTtl, "vault", "deployerTokenTtl");
  return atMost("vault.deployerTokenTtl", ttl, systemMaxTtl, systemLimit);
}
