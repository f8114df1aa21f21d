import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { DISK_PERCENT, LEASES } from "../../../environments/alert-limits";
import { certificateDays } from "../../../environments/certificate-days";
import type { Environment } from "../../../environments/schema";
import type { VaultClient } from "../../../lib/vault-api/vault-client";
import { readAutopilotState } from "../autopilot-state";
import { withDeployersPolicy } from "../older-policy";
import type { StackState } from "../stack-state";
import type { VaultAccess } from "../vault-access";
import { type Finding, look, unseen, well, wrong } from "./finding";

const sealStatus = z.object({
  initialized: z.boolean(),
  sealed: z.boolean(),
  version: z.string(),
  type: z.string(),
});

const leader = z.object({ leader_address: z.string().default(""), active_time: z.string().default("") });

const auditDevices = z.record(z.string(), z.unknown());

/** Source: Vault's API, sys/host-info. */
const hostInfo = z.object({
  disk: z.array(z.object({ path: z.string(), usedPercent: z.number() })).nullish(),
});

/** Source: Vault's API, sys/metrics. */
const metrics = z.object({ Gauges: z.array(z.object({ Name: z.string(), Value: z.number() })) });

/** The disks of a node, by the folder on which Vault's host has them. */
const DISKS: Readonly<Record<string, string>> = { "/": "system", "/var/lib/vault": "data" };

/** The required audit devices: from first boot, and from the stack vault-config. Without them the audit log has a gap. */
const AUDIT_DEVICES = ["first-boot/", "file/"];

const DAY_MS = 86_400_000;

/** Checks Vault's own answers: public ones, and answers to a deployer. */
export async function vaultFindings(
  access: VaultAccess,
  environment: Environment,
  vaultServer: StackState,
): Promise<Finding[]> {
  const certificate = certificateFinding(
    readFileSync(access.certificateFile, "utf8"),
    new Date(),
    certificateDays(environment.vault.tls),
  );
  const open = await look("Vault", () => access.asNobody(openFindings(environment)));
  const serves = open.some(({ what, state }) => what === "leader" && state === "well");
  if (!serves) {
    return [...open, certificate, unseen("nodes, audit, disks, leases", "Vault does not accept logins now.")];
  }
  const closed = await look("nodes, audit, disks, leases", () =>
    access.asDeployer((client) => deployerFindings(client, environment, vaultServer)),
  );
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

/** Checks Vault's answers to a deployer. @param vaultServer the stack's state, if there is one */
export async function deployerFindings(
  client: VaultClient,
  environment: Environment,
  vaultServer?: StackState,
): Promise<Finding[]> {
  const check = (what: string, find: () => Promise<Finding[]>) =>
    look(what, () => withDeployersPolicy(environment, vaultServer, find));
  const parts = await Promise.all([
    check("nodes", () => nodeFindings(client, environment)),
    check("audit", () => auditFindings(client)),
    check("disks", () => diskFindings(client)),
    check("leases", () => leaseFindings(client)),
  ]);
  return parts.flat();
}

async function nodeFindings(client: VaultClient, environment: Environment): Promise<Finding[]> {
  const { nodes } = environment.vault;
  const servers = Object.entries((await readAutopilotState(client)).servers);
  const healthy = servers.filter(([, server]) => server.healthy);
  const list = servers
    .map(([id, server]) => `${id} ${server.status}${server.healthy ? "" : " (not healthy)"}`)
    .join(", ");
  if (healthy.length === nodes && servers.length === nodes) return [well("nodes", list)];
  return [wrong("nodes", `${healthy.length} of ${nodes} are healthy: ${list}. Start the VMs of the others.`)];
}

async function auditFindings(client: VaultClient): Promise<Finding[]> {
  const devices = Object.keys(auditDevices.parse((await client.read("sys/audit")) ?? {}));
  const missing = AUDIT_DEVICES.filter((device) => !devices.includes(device));
  if (missing.length === 0) return [well("audit", `devices ${devices.join(", ")}`)];
  return [
    wrong(
      "audit",
      `the device ${missing.join(", ")} is missing. Run scripts/deploy, and find out who removed it.`,
    ),
  ];
}

/** Checks the disks of the active node, because the other nodes send this request to it. */
async function diskFindings(client: VaultClient): Promise<Finding[]> {
  const { disk } = hostInfo.parse(await client.read("sys/host-info"));
  const disks = (disk ?? []).flatMap(({ path, usedPercent }) => {
    const name = DISKS[path];
    return name === undefined ? [] : [{ name, percent: Math.round(usedPercent) }];
  });
  if (disks.length === 0) return [unseen("disks", "Vault does not know its host's disks.")];
  const says = `of the active node: ${disks.map(({ name, percent }) => `${name} ${percent}% full`).join(", ")}`;
  if (disks.every(({ percent }) => percent <= DISK_PERCENT)) return [well("disks", says)];
  return [
    wrong(
      "disks",
      `${says}. Find out what fills it (\`du -x\` on the VM). To enlarge it, raise vault.dataDiskGb or vault.osDiskGb and deploy.`,
    ),
  ];
}

async function leaseFindings(client: VaultClient): Promise<Finding[]> {
  const { Gauges } = metrics.parse(await client.request({ method: "GET", path: "sys/metrics" }));
  const gauge = (name: string) => Gauges.find(({ Name }) => Name === `vault.expire.${name}`)?.Value;
  const [leases, givenUp] = [gauge("num_leases"), gauge("num_irrevocable_leases")];
  if (leases === undefined || givenUp === undefined) {
    return [unseen("leases", "Vault has not counted them since its start. Ask again in a minute.")];
  }
  if (givenUp > 0) {
    return [
      wrong(
        "leases",
        `Vault has given up revoking ${givenUp} of ${leases}, so their database users still work. Check MySQL, and run scripts/deploy, which revokes them.`,
      ),
    ];
  }
  if (leases <= LEASES) return [well("leases", `${leases}, and ${LEASES} are allowed`)];
  return [
    wrong(
      "leases",
      `${leases} are more than ${LEASES}. Vault's audit log shows which client logs in or requests credentials most often.`,
    ),
  ];
}

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
