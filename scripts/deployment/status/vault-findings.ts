import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { certificateDays } from "../../../environments/certificate-days";
import type { Environment } from "../../../environments/schema";
import type { VaultClient } from "../../../lib/vault-api/vault-client";
import { readAutopilotState } from "../autopilot-state";
import type { VaultAccess } from "../vault-access";
import { type Finding, look, note, unseen, well, wrong } from "./finding";

const sealStatus = z.object({
  initialized: z.boolean(),
  sealed: z.boolean(),
  version: z.string(),
  type: z.string(),
});

const leader = z.object({ leader_address: z.string().default(""), active_time: z.string().default("") });

const auditDevices = z.record(z.string(), z.unknown());

/** The required audit devices: from first boot, and from the stack vault-config. Without them the audit log has a gap. */
const AUDIT_DEVICES = ["first-boot/", "file/"];

const DAY_MS = 86_400_000;

/** Checks Vault's own answers: public ones, and answers to a deployer. */
export async function vaultFindings(access: VaultAccess, environment: Environment): Promise<Finding[]> {
  const certificate = certificateFinding(
    readFileSync(access.certificateFile, "utf8"),
    new Date(),
    certificateDays(environment.vault.tls),
  );
  const open = await look("Vault", () => access.asNobody(openFindings(environment)));
  const serves = open.some(({ what, state }) => what === "leader" && state === "well");
  if (!serves) {
    return [...open, certificate, unseen("nodes, audit", "Vault does not accept logins now.")];
  }
  const closed = await look("nodes, audit", () => access.asDeployer(deployerFindings(environment)));
  return [...open, certificate, ...closed];
}

/** Checks Vault's answers to requests without a token. */
const openFindings =
  (environment: Environment) =>
  async (client: VaultClient): Promise<Finding[]> => {
    const seal = sealStatus.parse(await client.request({ method: "GET", path: "sys/seal-status" }));
    if (!seal.initialized) {
      return [
        wrong(
          "Vault",
          "is not initialized. Its first boot is running, or has failed: `az vm boot-diagnostics get-boot-log` says which.",
        ),
      ];
    }
    if (seal.sealed) {
      return [wrong("Vault", 'is sealed. docs/operations.md, "Vault is sealed", says what to do.')];
    }
    const { leader_address, active_time } = leader.parse(
      await client.request({ method: "GET", path: "sys/leader" }),
    );
    return [
      well("Vault", `is unsealed (${seal.type})`),
      leader_address
        ? well(
            "leader",
            `${leader_address}${active_time.startsWith("0001") ? "" : `, since ${active_time.slice(0, 19)}Z`}`,
          )
        : wrong("leader", "Vault has no leader, because most nodes do not answer. Start their VMs."),
      versionFinding(seal.version, environment.vault.version),
    ];
  };

function versionFinding(runs: string, wanted: string): Finding {
  // Enterprise adds +ent.
  if (runs.split("+")[0] === wanted) return well("version", runs);
  return wrong("version", `${runs} runs, and the environment file says ${wanted}. Run scripts/deploy.`);
}

/** Checks Vault's answers to a deployer. */
const deployerFindings =
  (environment: Environment) =>
  async (client: VaultClient): Promise<Finding[]> => {
    const { nodes } = environment.vault;
    const servers = Object.entries((await readAutopilotState(client)).servers);
    const healthy = servers.filter(([, server]) => server.healthy);
    const list = servers
      .map(([id, server]) => `${id} ${server.status}${server.healthy ? "" : " (not healthy)"}`)
      .join(", ");
    const devices = Object.keys(auditDevices.parse((await client.read("sys/audit")) ?? {}));
    const missing = AUDIT_DEVICES.filter((device) => !devices.includes(device));
    return [
      healthy.length === nodes && servers.length === nodes
        ? well("nodes", list)
        : wrong("nodes", `${healthy.length} of ${nodes} are healthy: ${list}. Start the VMs of the others.`),
      missing.length === 0
        ? well("audit", `devices ${devices.join(", ")}`)
        : wrong(
            "audit",
            `the device ${missing.join(", ")} is missing. Run scripts/deploy, and find out who removed it.`,
          ),
      note("disk", "cannot be checked from here. On the VM: `df /var/lib/vault /var/log/vault`."),
    ];
  };

/** Checks Key Vault's newest certificate. Vault serves it within an hour. */
function certificateFinding(pem: string, now: Date, overdueDays: number): Finding {
  const ends = new Date(new X509Certificate(pem).validTo);
  const days = Math.floor((ends.getTime() - now.getTime()) / DAY_MS);
  const says = `ends on ${ends.toISOString().slice(0, 10)}, in ${days} days`;
  if (days >= overdueDays) return well("certificate", says);
  return wrong(
    "certificate",
    `${says}. Key Vault should have renewed it: docs/operations.md, "The certificate expired".`,
  );
}
