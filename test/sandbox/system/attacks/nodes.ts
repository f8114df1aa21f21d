import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import type { Machine } from "../../../../sandbox/machine/machine";
import { selfSigned } from "../../../scripts/deployment/vault-imitation";
import type { VaultReply } from "../vault-caller";
import { type Outcome, type Scene, stranger } from "./scene";

/** An attack on a node: its description, the expected refusal (status and words), and the attempt. */
export type NodeAttack = readonly [
  what: string,
  refusal: RegExp,
  attempt: (scene: Scene, node: Machine) => Promise<Outcome | VaultReply>,
];

type Who = "nobody" | keyof Scene["tokens"];

/** `request` is METHOD path. It bypasses the load balancer, and does not come from a workload's address. */
const asked = (who: Who, what: string, request: string, refusal: RegExp, body?: unknown): NodeAttack => [
  `${who}: ${what}: ${request}`,
  refusal,
  (scene, { address: at }) => {
    const [method, path = ""] = request.split(" ");
    const token = who === "nobody" ? undefined : scene.tokens[who];
    return scene.vault({ method, path, body, token, at });
  },
];

const denied = /^403 .*permission denied/;
const noSeal = /^403 .*permission denied|^500 vault cannot seal when in standby mode/;
const init = { recovery_shares: 1, recovery_threshold: 1 };

export const nodeAttacks: readonly NodeAttack[] = [
  asked("nobody", "initializes it", "PUT sys/init", /^400 .*already initialized/, init),
  asked(
    "nobody",
    "answers a challenge that was not given",
    "PUT sys/storage/raft/bootstrap/answer",
    /^[45]\d\d /,
    { server_id: "vault-9", cluster_addr: "https://127.0.0.1:8201", answer: "AAAA", non_voter: false },
  ),
  asked("nobody", "reads the nodes", "GET sys/storage/raft/configuration", denied),
  asked("nobody", "takes a node out", "POST sys/storage/raft/remove-peer", denied, { server_id: "vault-2" }),
  asked("nobody", "seals it", "PUT sys/seal", noSeal),
  asked("nobody", "makes the active node give up", "PUT sys/step-down", denied),
  asked("nobody", "begins a root token", "PUT sys/generate-root/attempt", /^403 /, {}),
  asked("nobody", "begins a rekey", "PUT sys/rekey/init", /^403 /, {}),
  asked("deployer", "takes the first node out", "POST sys/storage/raft/remove-peer", denied, {
    server_id: "vault-1",
  }),
  asked("deployer", "demotes a node", "POST sys/storage/raft/demote", denied, { server_id: "vault-2" }),
  asked("deployer", "takes a snapshot", "GET sys/storage/raft/snapshot", denied),
  asked("deployer", "seals it", "PUT sys/seal", noSeal),
  asked("deployer", "makes the active node give up", "PUT sys/step-down", denied),
  // The token is bound to the machine's own address, which a standby forwards.
  asked("agent", "uses a stolen token", "GET auth/token/lookup-self", denied),
  asked("webApp", "uses a stolen token", "GET auth/token/lookup-self", denied),
  [
    "agent: uses a stolen token, and claims to come from the machine",
    denied,
    (scene, { address: at }) =>
      scene.vault({
        path: "auth/token/lookup-self",
        token: scene.tokens.agent,
        headers: { "X-Forwarded-For": scene.sandbox.agents.get(scene.machine)?.address ?? "127.0.0.1" },
        at,
      }),
  ],
  ["nobody: speaks to the cluster's port without a certificate", /^0 /, (_, node) => clusterPort(node, {})],
  [
    "nobody: speaks to the cluster's port with their own certificate",
    /^0 /,
    (_, node) => withCertificate(`fw-${stranger}`, (certificate) => clusterPort(node, certificate)),
  ],
  [
    "nobody: speaks to the cluster's port with the API's name",
    /^0 /,
    ({ sandbox }, node) =>
      withCertificate(sandbox.vaultServerName, (certificate) =>
        clusterPort(node, { ...certificate, servername: sandbox.vaultServerName }),
      ),
  ],
];

/** Speaks Raft's own protocol to a node's cluster port. Returns status 0 if there is no connection. */
function clusterPort({ address }: Machine, options: tls.ConnectionOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    const refused = (reason: string) => resolve({ status: 0, reason });
    const secured = tls.connect({
      socket: connect({ host: address, port: 8201 }),
      ALPNProtocols: ["raft_storage_v1"],
      rejectUnauthorized: false,
      ...options,
    });
    // A TLS 1.3 server refuses a certificate only after the handshake.
    secured.once("error", ({ message }) => refused(message));
    secured.once("close", () => refused("closed without an answer"));
    secured.once("secureConnect", () => secured.write(Buffer.from([0])));
    secured.once("data", () => resolve({ status: 200, reason: "it answered" }));
  });
}

async function withCertificate(
  name: string,
  work: (certificate: { cert: Buffer; key: Buffer }) => Promise<Outcome>,
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "stranger-"));
  try {
    const [certificate, key] = [join(folder, "c.pem"), join(folder, "k.pem")];
    selfSigned(certificate, key, name);
    return await work({ cert: readFileSync(certificate), key: readFileSync(key) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A Vault that the cluster does not know. It has everything that a stranger can have: the program, the nodes' addresses, their certificate, and the name
 * of a node.
 */
export function strangersConfiguration(
  folder: string,
  {
    nodes,
    serverName,
    certificate,
    port,
  }: { nodes: readonly Machine[]; serverName: string; certificate: string; port: number },
): string {
  const file = join(folder, "vault.hcl");
  const joins = nodes.map(
    ({ address }) => `
  retry_join {
    leader_api_addr       = "https://${address}:8200"
    leader_ca_cert_file   = "${certificate}"
    leader_tls_servername = "${serverName}"
  }`,
  );
  writeFileSync(
    file,
    `disable_mlock = true
api_addr = "http://127.0.0.1:${port}"
cluster_addr = "https://127.0.0.1:${port + 1}"
listener "tcp" {
  address     = "127.0.0.1:${port}"
  tls_disable = true
}
storage "raft" {
  path    = "${folder}"
  node_id = "vault-2"${joins.join("")}
}
`,
  );
  return file;
}
