import { existsSync, readFileSync, statSync } from "node:fs";
import http from "node:http";
import { connect } from "node:net";
import { createConnection } from "mysql2/promise";
import { loadEnvironment } from "../../../environments/load";
import { waitFor } from "../../../lib/processes/wait-for";
import type { Machine } from "../../../sandbox/machine/machine";
import { itTakesLong, longTests } from "../../long-tests";
import { describeWithVaultAndDatabase } from "../programs-there";
import { useSandbox } from "./running-sandbox";

const AGENT = "vault-agent.service";
const SINK = "/ramdisk/.vaulttoken";
const SOCKET = "/ramdisk/app/agent.sock";
const CONFIGURATION = "/ramdisk/app/config.json";

/** Deadline of a wait on a busy machine, in milliseconds. */
const deadlineMs = 60_000;

/** The demo's environment, with credentials that live for seconds, so that a test sees several. */
function environment() {
  const demo = loadEnvironment("demo");
  const short = { ...demo.databaseRoles["short"], defaultTtl: "5s", maxTtl: "10s" };
  return { ...demo, databaseRoles: { ...demo.databaseRoles, short } } as typeof demo;
}

interface Credentials {
  host: string;
  name: string;
  user: string;
  password: string;
}

describeWithVaultAndDatabase("The agent VM", () => {
  const running = useSandbox({ environment: environment(), upTo: "agent-vm" });
  const workload = () => {
    const [first] = running.sandbox.agentWorkloads();
    return first as NonNullable<typeof first>;
  };
  const agent = () => running.sandbox.agents.get(workload().machine) as Machine;
  const modeOf = (path: string) => statSync(agent().path(path)).mode & 0o7777;
  const rendered = (): Credentials =>
    JSON.parse(readFileSync(agent().path(CONFIGURATION), "utf8")).database as Credentials;
  const token = () => readFileSync(agent().path(SINK), "utf8");

  /** Opens MySQL over TLS and verifies the server's certificate. Rejects if MySQL refuses. */
  const open = async ({ host, name, user, password }: Credentials): Promise<void> => {
    const connection = await createConnection({
      // mysql2 checks the certificate's name. The stream decides the address.
      host: "localhost",
      stream: () => connect(running.sandbox.database.port, host),
      user,
      password,
      database: name,
      ssl: {
        ca: readFileSync(running.sandbox.caFile, "utf8"),
        rejectUnauthorized: true,
        verifyIdentity: true,
      },
    });
    await connection.query("SELECT 1");
    await connection.end();
  };

  /** Waits for other credentials that open MySQL. */
  const renderedAfter = (old: Credentials): Promise<Credentials> =>
    waitFor(
      "new credentials that open MySQL",
      async () => {
        const now = rendered();
        if (now.user === old.user) return undefined;
        await open(now);
        return now;
      },
      { deadlineMs },
    );

  /** Sends a request through the agent's listener, as an application on the VM does. */
  const ask = (path: string, { method = "GET", body = "", header = true } = {}) =>
    new Promise<{ status?: number; body: { data?: Record<string, unknown>; errors?: string[] } }>(
      (resolve, reject) => {
        const headers = header ? { "X-Vault-Request": "true" } : {};
        const request = http.request(
          { socketPath: agent().path(SOCKET), path: `/v1/${path}`, method, headers, agent: false },
          (response) => {
            let text = "";
            response.setEncoding("utf8").on("data", (chunk) => {
              text += chunk;
            });
            response.on("end", () =>
              resolve({ status: response.statusCode, body: text.startsWith("{") ? JSON.parse(text) : {} }),
            );
          },
        );
        request.on("error", reject).end(body);
      },
    );

  it("logs in with its identity, and gets a token with its role's policy that no other VM can use", async () => {
    const { policies, path, meta, bound_cidrs } = await running
      .client(token(), workload().machine)
      .request({ method: "GET", path: "auth/token/lookup-self" });
    expect({ policies, path, bound_cidrs }).toEqual({
      policies: ["default", "workload-agent"],
      path: "auth/azure/login",
      bound_cidrs: [running.sandbox.environment.network.subnets.agents],
    });
    expect(meta).toMatchObject({ role: workload().role });
    await expect(
      running.client(token()).request({ method: "GET", path: "auth/token/lookup-self" }),
    ).rejects.toThrow("403");
  });

  it("has a listener that only the application's group can open, and none on a port", () => {
    expect(modeOf(SOCKET)).toBe(0o660);
    const configuration = readFileSync(agent().path("/etc/vault-agent.d/agent.hcl"), "utf8");
    expect(configuration).not.toMatch(/listener "tcp"|:\d{4}"/);
    const group = /socket_group\s*=\s*"(\d+)"/.exec(configuration)?.[1];
    expect(statSync(agent().path(SOCKET)).gid).toBe(Number(group));
  });

  it("keeps the token and the configuration from other users", () => {
    expect(modeOf(SINK) & 0o137).toBe(0); // 0640 or tighter
    expect(modeOf(CONFIGURATION)).toBe(0o640);
    expect(modeOf("/ramdisk") & 0o027).toBe(0o001);
    expect(modeOf("/ramdisk/app") & 0o007).toBe(0);
  });

  it("writes secrets only into memory", () => {
    const { password } = rendered();
    const log = agent().output(AGENT);
    expect(log).toContain("rendered");
    expect([password, token()].filter((secret) => log.includes(secret))).toEqual([]);
  });

  it("renders new credentials before the old ones expire, and each set works while it is in the file", async () => {
    const versions = [rendered()];
    while (versions.length < (longTests ? 3 : 2)) {
      const before = versions.at(-1) as Credentials;
      const now = await waitFor("the next version", () => nextAfter(before), { deadlineMs, intervalMs: 200 });
      // The replaced credentials still work, because they had not expired.
      await open(before);
      versions.push(now);
    }
    expect(refusals).toEqual([]);
    const [first] = versions as [Credentials];
    await waitFor("the first credentials to expire", () => open(first).then(() => false, isDenied), {
      deadlineMs,
    });
  });

  /** Waits for new credentials. The old ones must work until then. */
  const nextAfter = async (before: Credentials): Promise<Credentials | undefined> => {
    const failure = await open(before).then(
      () => undefined,
      (error: Error) => error,
    );
    const now = rendered();
    if (now.user !== before.user) return now;
    // waitFor continues after an error, so this remembers that MySQL refused credentials that were in the file.
    if (failure) refusals.push(`${before.user}: ${failure.message}`);
    expect(refusals).toEqual([]);
    return undefined;
  };
  const refusals: string[] = [];

  it("serves requests with its own token", async () => {
    const { status, body } = await ask("auth/token/lookup-self");
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ policies: ["default", "workload-agent"], path: "auth/azure/login" });
  });

  it("refuses requests without the header X-Vault-Request, which a foreign web page cannot send", async () => {
    const { status, body } = await ask("auth/token/lookup-self", { header: false });
    expect([status, body.data]).toEqual([412, undefined]);
  });

  it.each([
    ["PUT", "transit/encrypt/customer-key", 200],
    ["PUT", "transit/encrypt/archive-key", 403],
    ["GET", "database/creds/short", 200],
    ["GET", "database/creds/long", 403],
    ["GET", "database/config/mysql", 403],
    ["GET", "sys/mounts", 403],
    ["PUT", "auth/token/create", 403],
  ])("serves only what its policy allows: %s %s returns %i", async (method, path, expected) => {
    const body = method === "PUT" ? JSON.stringify({ plaintext: "AAAA" }) : "";
    expect((await ask(path, { method, body })).status).toBe(expected);
  });

  // The next test stops Vault for longer.
  itTakesLong("continues after a kill of Vault", async () => {
    const before = rendered();
    const vault = running.sandbox.vault;
    const pid = vault.pid("vault.service");
    vault.kill("vault.service", "SIGKILL");
    await waitFor("another Vault", () => ![undefined, pid].includes(vault.pid("vault.service")), {
      deadlineMs,
    });
    await renderedAfter(await renderedAfter(before));
    expect(agent().isActive(AGENT)).toBe(true);
  });

  it("continues after a while without Vault", async () => {
    const { vault } = running.sandbox;
    const before = rendered();
    await vault.stop("vault.service");
    const seen = agent().output(AGENT).length;
    await waitFor("the agent to notice", () => /\[(?:ERROR|WARN)\]/.test(agent().output(AGENT).slice(seen)), {
      deadlineMs,
    });
    await vault.start("vault.service");
    await renderedAfter(before);
  });

  it("recovers without help after a reboot, which empties its memory", async () => {
    const before = { credentials: rendered(), token: token() };
    await agent().reboot();
    await waitFor("the sink", () => existsSync(agent().path(SINK)) && token() !== before.token, {
      deadlineMs,
    });
    await waitFor("the configuration", () => existsSync(agent().path(CONFIGURATION)), { deadlineMs });
    expect(rendered().user).not.toBe(before.credentials.user);
    await open(rendered());
    expect(modeOf(CONFIGURATION)).toBe(0o640);
    await waitFor("its listener", async () => (await ask("auth/token/lookup-self")).status === 200, {
      deadlineMs,
    });
  });

  it("continues when Vault serves a renewed certificate", async () => {
    const { sandbox } = running;
    const settings = readFileSync(agent().path("/etc/vault-agent.d/agent.env"), "utf8");
    const [, keyVault = "", name = ""] =
      /VAULT_CERTIFICATE_URL=.?https:\/\/([^.]+)\.[^/]+\/certificates\/([\w-]+)/.exec(settings) ?? [];
    const trusted = () => readFileSync(agent().path("/run/vault-agent/vault-ca.pem"), "utf8");
    const before = { trusted: trusted(), pid: agent().pid(AGENT) };
    await sandbox.azure.renewCertificate(keyVault, name);
    expect((await sandbox.vault.run("vault-certificate.service")).code).toBe(0);
    await sandbox.refreshVaultCertificate();
    const { code, output } = await agent().run("vault-ca-certificate.service");
    expect([code, output]).toEqual([0, expect.stringContaining("Vault Agent trusts the certificate")]);
    // The newest certificate comes first, then the previous one.
    expect(trusted()).toBe(`${readFileSync(sandbox.vaultCertificateFile, "utf8").trim()}\n${before.trusted}`);
    await waitFor("another Vault Agent", () => ![undefined, before.pid].includes(agent().pid(AGENT)), {
      deadlineMs,
    });
    await renderedAfter(rendered());
    const again = await agent().run("vault-ca-certificate.service");
    expect([again.code, again.output]).toEqual([0, ""]);
  });

  // The two tests before reboot the VM, and renew the certificate.
  itTakesLong(
    "comes back after a reboot between Key Vault's renewal of the certificate and Vault's",
    async () => {
      const { sandbox } = running;
      const settings = readFileSync(agent().path("/etc/vault-agent.d/agent.env"), "utf8");
      const [, keyVault = "", name = ""] =
        /VAULT_CERTIFICATE_URL=.?https:\/\/([^.]+)\.[^/]+\/certificates\/([\w-]+)/.exec(settings) ?? [];
      const before = {
        served: readFileSync(sandbox.vaultCertificateFile, "utf8").trim(),
        user: rendered().user,
      };
      await sandbox.azure.renewCertificate(keyVault, name);
      await agent().reboot();
      const trusted = () => readFileSync(agent().path("/run/vault-agent/vault-ca.pem"), "utf8");
      await waitFor("the configuration", () => existsSync(agent().path(CONFIGURATION)), { deadlineMs });
      expect(trusted()).toContain(before.served);
      expect(trusted().trim()).not.toBe(before.served);
      expect(rendered().user).not.toBe(before.user);
      await sandbox.vault.run("vault-certificate.service");
      await sandbox.refreshVaultCertificate();
      await renderedAfter(rendered());
    },
  );
});

function isDenied(error: NodeJS.ErrnoException): boolean {
  if (error.code === "ER_ACCESS_DENIED_ERROR") return true;
  throw error;
}
