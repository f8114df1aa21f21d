import { loadEnvironment } from "../../../../environments/load";
import type { RunningSandbox } from "../running-sandbox";
import { askVault } from "../vault-caller";
import { LoggedInWorkload, login } from "../workloads";

/** Vault's policy `default` lets everybody who can log in read their own token. */
const everybody = ["GET auth/token/lookup-self"];

const plaintext = Buffer.from("hello").toString("base64");

const everything = [
  ...everybody,
  ...["customer-key", "archive-key"].flatMap((key) => [
    ...["encrypt", "decrypt", "hmac", "rewrap", "datakey/plaintext", "sign"].map(
      (operation) => `POST transit/${operation}/${key}`,
    ),
    `GET transit/export/encryption-key/${key}`,
    `GET transit/keys/${key}`,
    `DELETE transit/keys/${key}`,
    `POST transit/keys/${key}/rotate`,
  ]),
  "LIST transit/keys",
  "POST transit/encrypt/new-key",
  "GET database/creds/short",
  "GET database/creds/long",
  "GET database/creds/migration",
  "GET database/roles/short",
  "POST database/roles/new-role",
  "GET database/config/mysql",
  "POST database/rotate-root/mysql",
  "LIST database/roles",
  "GET sys/mounts",
  "GET sys/auth",
  "GET sys/audit",
  "DELETE sys/audit/file",
  "GET sys/policies/acl/deployer",
  "LIST sys/policies/acl",
  "PUT sys/policies/acl/workload-webapp",
  "PUT sys/leases/revoke-prefix/database",
  "GET auth/jwt/config",
  "GET auth/jwt/role/webapp-role",
  "POST auth/jwt/role/webapp-role",
  "GET auth/azure/role/agent-role",
  "GET auth/deployer/role/deployer",
  "POST auth/token/create",
  "GET sys/storage/raft/snapshot",
  "PUT sys/seal",
  "GET sys/metrics",
];

/** @param name the environment of the system */
export const policies = (running: RunningSandbox, name = "demo"): void =>
  describe(`The policies of ${name} for every workload with its own login, from its own address,`, () => {
    const ciphertexts = new Map<string, string>();
    const { webApps, agentVms } = loadEnvironment(name);
    const workloads = [...webApps, ...agentVms].map(({ name, paths, databaseRole }) => ({
      name,
      // The requests that the environment file allows.
      requests: [...paths, ...(databaseRole ? [`database/creds/${databaseRole}`] : [])].map(requestFor),
    }));

    beforeAll(async () => {
      const webApp = await LoggedInWorkload.of(running.sandbox, "webapp");
      for (const key of ["customer-key", "archive-key"]) {
        const { body } = await webApp.ask(`POST transit/encrypt/${key}`, { plaintext });
        ciphertexts.set(key, body.data.ciphertext);
      }
    });

    it.each(workloads)("allow $name only its paths", async ({ name, requests }) => {
      expect(everything).toEqual(expect.arrayContaining(requests));
      const caller = await LoggedInWorkload.of(running.sandbox, name);
      const answers: string[] = [];
      for (const request of everything) {
        const body = request.startsWith("POST transit/") ? bodyFor(request) : undefined;
        answers.push(`${request}: ${(await caller.ask(request, body)).status}`);
      }
      const allowed = new Set([...everybody, ...requests]);
      expect(answers).toEqual(everything.map((request) => `${request}: ${allowed.has(request) ? 200 : 403}`));
    });

    it("do not let a workload log in with another workload's role", async () => {
      for (const { name } of workloads) {
        for (const { name: other } of workloads.filter((it) => it.name !== name)) {
          const { status, errors } = await login(running.sandbox, name, `${other}-role`);
          expect(`${name} as ${other}: ${status} ${errors}`).toMatch(
            /: (400 .*invalid subject|400 role ".*" could not be found|400 invalid role name|500 service principal not authorized)/,
          );
        }
      }
    });

    it("allow nothing without a token", async () => {
      for (const request of everything) {
        const [method, path = ""] = request.split(" ");
        expect(await askVault(running.sandbox, undefined, { method, path })).toMatchObject({ status: 403 });
      }
    });

    function bodyFor(request: string) {
      const key = request.split("/").at(-1) ?? "";
      return { plaintext, input: plaintext, ciphertext: ciphertexts.get(key) };
    }
  });

/** Credentials and metadata need GET. Cryptography needs POST. */
function requestFor(path: string): string {
  return /^(database\/creds|transit\/keys)\//.test(path) ? `GET ${path}` : `POST ${path}`;
}
