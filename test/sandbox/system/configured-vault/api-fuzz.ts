import { VaultClient } from "../../../../lib/vault-api/vault-client";
import { longTests } from "../../../long-tests";
import { readBack } from "../../vault-config/read-back";
import { rootTokenBy, storedKeys } from "../first-boots";
import type { RunningSandbox } from "../running-sandbox";
import { LoggedInWorkload } from "../workloads";
import { type ApiOperation, apiOf, notRefused } from "./api-fuzzer";
import { SpareAdministrator } from "./spare-administrator";

/** Operations that Vault's policies do not refuse, by the reason. */
type Explained = Readonly<Record<string, readonly string[]>>;

const logins = ["azure", "deployer", "jwt", "machine", "recovery"];
const jwtLogins = logins.filter((it) => it !== "azure");

const nobody: Explained = {
  "logins, which ask for a token of Entra": [
    ...logins.map((mount) => `POST /auth/${mount}/login`),
    "POST /sys/mfa/validate",
  ],
  "logins of the type oidc, which no role here has": jwtLogins.flatMap((mount) => [
    `GET /auth/${mount}/oidc/callback`,
    `POST /auth/${mount}/oidc/callback`,
    `POST /auth/${mount}/oidc/auth_url`,
  ]),
  "how Vault is: health, seal, leader, version, features, mounts that have asked to be listed (none)": [
    ...["health", "init", "leader", "seal-status", "replication/status"].map((it) => `GET /sys/${it}`),
    "GET /sys/replication/dr/status",
    "GET /sys/replication/performance/status",
    "GET /sys/replication/dr/secondary/license/status",
    "GET /sys/internal/specs/openapi",
    "POST /sys/internal/specs/openapi",
    ...["authenticated-messages", "feature-flags", "mounts", "namespaces", "unauthenticated-messages"].map(
      (it) => `GET /sys/internal/ui/${it}`,
    ),
  ],
  "public keys of Vault's own OIDC provider, of which nobody is a client": [
    "GET /identity/oidc/.well-known/keys",
    "GET /identity/oidc/.well-known/openid-configuration",
    "GET /identity/oidc/{child}/.well-known/keys",
    "GET /identity/oidc/{child}/.well-known/openid-configuration",
    "GET /identity/oidc/provider/{name}/.well-known/keys",
    "GET /identity/oidc/provider/{name}/.well-known/openid-configuration",
    "GET /identity/oidc/provider/{name}/userinfo",
    "POST /identity/oidc/provider/{name}/token",
    "POST /identity/oidc/provider/{name}/userinfo",
  ],
  "init and unseal: Vault is initialized, and Key Vault unseals it": ["POST /sys/init", "POST /sys/unseal"],
  "a new node of the cluster, which must answer with the unseal key": [
    "POST /sys/storage/raft/bootstrap/answer",
    "POST /sys/storage/raft/bootstrap/challenge",
  ],
  "a wrapping token, which is worth what it wraps; nobody here gets one": [
    "GET /sys/wrapping/lookup",
    "POST /sys/wrapping/lookup",
    "POST /sys/wrapping/rewrap",
    "POST /sys/wrapping/unwrap",
  ],
  "arithmetic on what the caller sends": ["POST /sys/decode-token"],
  "Enterprise only: here no such path": [
    "PATCH /sys/namespaces/{path}",
    ...["disable", "operation-token/delete", "promote", "recover", "reindex", "update-primary"].map(
      (it) => `POST /sys/replication/dr/secondary/${it}`,
    ),
  ],
};

/** Allowed by Vault's policy `default`. */
const everybody: Explained = {
  ...nobody,
  "one's own token": [
    "GET /auth/token/lookup-self",
    "POST /auth/token/renew-self",
    "POST /auth/token/revoke-self",
    "POST /sys/capabilities-self",
    "GET /sys/internal/ui/resultant-acl",
    "GET /sys/internal/ui/mounts/{path}",
  ],
  "a leaf that only this token can read": [
    "GET /cubbyhole/{path}",
    "GET /cubbyhole/{path}/",
    "LIST /cubbyhole/{path}/",
    "POST /cubbyhole/{path}",
    "DELETE /cubbyhole/{path}",
  ],
  "a lease whose random name is known": [
    "POST /sys/leases/lookup",
    "POST /sys/leases/renew",
    "POST /sys/renew",
  ],
  "arithmetic, and wrapping of one's own answers": [
    "POST /sys/tools/hash",
    "POST /sys/tools/hash/{urlalgorithm}",
    "POST /sys/wrapping/wrap",
    "POST /sys/control-group/request",
  ],
  "login at Vault's own OIDC provider, of which nobody is a client": [
    "GET /identity/oidc/provider/{name}/authorize",
    "POST /identity/oidc/provider/{name}/authorize",
  ],
};

const workload: Explained = {
  ...everybody,
  "the paths of the environment file": [
    "GET /database/creds/{name}",
    "GET /transit/keys/{name}",
    "POST /transit/decrypt/{name}",
    "POST /transit/encrypt/{name}",
    "POST /transit/hmac/{name}",
  ],
};

const managed = (method: string, ...paths: string[]) => paths.map((path) => `${method} /${path}`);

const deployer: Explained = {
  ...everybody,
  "what the stack vault-config manages": [
    ...["GET", "POST", "DELETE"].flatMap((method) => [
      ...managed(method, "sys/mounts/{path}", "sys/auth/{path}", "sys/policies/acl/{name}"),
      ...managed(method, "auth/azure/config", "auth/azure/role/{name}", "auth/jwt/role/{name}"),
      ...managed(method, "sys/quotas/rate-limit/{name}"),
      ...managed(method, "database/config/{name}", "database/roles/{name}", "transit/keys/{name}"),
    ]),
    ...["GET", "POST"].flatMap((method) => [
      ...managed(method, "sys/mounts/{path}/tune", "sys/mounts/auth/{path}/tune", "sys/auth/{path}/tune"),
      ...managed(method, "auth/jwt/config", "sys/storage/raft/autopilot/configuration"),
    ]),
    ...managed("POST", "sys/audit/{path}", "database/rotate-root/{name}"),
    ...managed("POST", "transit/keys/{name}/config", "transit/keys/{name}/rotate"),
    ...managed("DELETE", "sys/audit/{path}"),
  ],
  "nodes after the first leave a cluster, which their VMs' deletion does too": [
    "POST /sys/storage/raft/remove-peer",
  ],
  "the lists of that": [
    ...managed("GET", "sys/mounts", "sys/auth", "sys/audit"),
    ...managed("GET", "sys/storage/raft/autopilot/state", "sys/storage/raft/configuration"),
    ...["GET", "LIST"].flatMap((method) =>
      managed(
        method,
        ...["sys/policies/acl/", "auth/azure/role/", "auth/jwt/role/", "database/roles/", "transit/keys/"],
      ),
    ),
    ...managed("LIST", "database/config/"),
  ],
  "how everybody comes in, to be read": ["deployer", "machine", "recovery"].flatMap((mount) => [
    ...managed("GET", `auth/${mount}/config`, `auth/${mount}/role/`, `auth/${mount}/role/{name}`),
    ...managed("LIST", `auth/${mount}/role/`),
  ]),
  "the end of the database's users and of workloads' logins, and users that Vault gave up": [
    "POST /sys/leases/revoke-prefix/{prefix}",
    "POST /sys/leases/revoke",
    "GET /sys/leases",
  ],
  "the host's disks and the number of leases, which scripts/status shows": managed(
    "GET",
    "sys/host-info",
    "sys/metrics",
  ),
};

export const apiFuzz = (running: RunningSandbox): void =>
  describe("No operation of Vault's API passes without a reason", () => {
    let operations: readonly ApiOperation[];
    beforeAll(async () => {
      const { recovery_keys_base64: keys, recovery_threshold: threshold } = storedKeys(running.sandbox);
      const token = await rootTokenBy(running.sandbox, keys.slice(0, threshold));
      const root = new VaultClient(running.sandbox.vaultConnection(), token);
      operations = await apiOf(root);
      await root.logOut();
      expect(operations.length).toBeGreaterThan(500);
    });

    const expectExplained = (found: readonly string[], explained: Explained): void => {
      const expected = Object.values(explained).flat();
      expect(found.filter((it) => !expected.includes(it))).toEqual([]);
      // The reason for a refused operation is out of date.
      expect(expected.filter((it) => !found.includes(it))).toEqual([]);
    };

    it("for nobody", async () => {
      expectExplained(await notRefused(running.sandbox, operations, { fillIns: [{}] }), nobody);
    });

    // They differ only in their login.
    const agents: [string, string][] = [["agent", "short"]];
    it.each<[string, string]>([["webapp", "long"], ...(longTests ? agents : [])])(
      "for the workload %s",
      async (name, role) => {
        const { token, place: from } = await LoggedInWorkload.of(running.sandbox, name);
        const fillIns = [{}, { name: "customer-key" }, { name: role }];
        expectExplained(await notRefused(running.sandbox, operations, { token, from, fillIns }), workload);
      },
    );

    it("for a deployer", async () => {
      const before = await readBack(await running.deployer());
      const spare = await SpareAdministrator.create(running.sandbox);
      const { auth } = (await running.client().request({
        method: "POST",
        path: "auth/deployer/login",
        body: { role: "deployer", jwt: running.sandbox.deployerToken() },
      })) as { auth: { client_token: string } };
      const fillIns = [
        { prefix: "database/creds" },
        { name: "mysql", path: "database" },
        { name: "short", path: "transit" },
        { name: "workload-webapp", path: "azure" },
        { name: "deployer", path: "jwt" },
        { path: "file", name: "each-client" },
        { path: "first-boot" },
        { path: "deployer" },
      ];
      const found = await notRefused(running.sandbox, operations, { token: auth.client_token, fillIns });
      // These requests removed what vault-config manages.
      await spare.regain();
      expect(await readBack(await running.deployer())).toEqual(before);
      expectExplained(found, deployer);
    });
  });
