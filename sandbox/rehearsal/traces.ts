import { readFileSync } from "node:fs";
import { fetch, ProxyAgent } from "undici";
import { z } from "zod";
import type { Environment } from "../../environments/schema";
import type { Progress } from "../../lib/processes/progress";
import { messageOf, UserError } from "../../lib/processes/user-error";
import type { VaultClient } from "../../lib/vault-api/vault-client";
import type { Azure } from "../azure/azure";
import { administrative } from "../azure/model/diagnostic-logs";
import type { Machine } from "../machine/machine";
import { securityWorkspace } from "./empty-azure";
import type { Rehearsal } from "./rehearsal";

/** A log, under its name in docs/security.md. */
type Log =
  | "Activity log"
  | "Key Vault's log"
  | "App Service's audit log"
  | "Package store's log"
  | "Vault's audit log"
  | "Journal of the VMs";

/** The category of a log in the evidence workspace. */
const categories: Partial<Record<Log, string>> = {
  "Activity log": administrative,
  "Key Vault's log": "AuditEvent",
  "App Service's audit log": "AppServiceAuditLogs",
  "Package store's log": "StorageWrite",
};

/** The VMs' unit that installs the application's package. */
const packageUnit = "app-package.service";

/** The system in which a malicious deployer works. */
export interface TraceScene {
  readonly azure: Azure;
  readonly environment: Pick<Environment, "evidenceWorkspace">;
  /** Vault's VM. */
  readonly vault: Machine;
  /** The VMs that run the application. */
  readonly agents: ReadonlyMap<string, Machine>;
  /** Object id of the deployer. */
  readonly person: string;
  /** The deployer's login to Vault. */
  readonly deployer: () => Promise<VaultClient>;
}

type SendAsDeployer = (method: string, url: string, body?: object | Buffer) => Promise<Buffer>;

/** Something harmful that a deployer can do. docs/security.md says how it shows. */
export interface HarmfulAct {
  /** The text of the table in docs/security.md. */
  readonly what: string;
  readonly shows: Readonly<Partial<Record<Log, readonly string[]>>>;
  /** Does the harm without disturbing the running system. */
  readonly work: (scene: TraceScene, send: SendAsDeployer) => Promise<void>;
}

/** All acts, in the order of the table in docs/security.md. */
export const harmfulActs: readonly HarmfulAct[] = [
  {
    what: "Write a policy and a role in Vault for themselves, log in with that role, read secrets",
    shows: { "Vault's audit log": ["sys/policies/acl", "auth/jwt/role", "auth/jwt/login"] },
    work: async ({ azure, person, deployer }) => {
      const audience = "https://management.core.windows.net/";
      const jwt = azure.tokenForPerson(person, audience);
      const vault = await deployer();
      const put = (path: string, body: Record<string, unknown>) =>
        vault.request({ method: "PUT", path, body });
      await put("sys/policies/acl/workload-mine", {
        policy: 'path "database/creds/*" { capabilities = ["read"] }',
      });
      await put("auth/jwt/role/mine", {
        role_type: "jwt",
        user_claim: "oid",
        bound_audiences: [audience],
        bound_claims: { oid: person },
        token_policies: ["workload-mine"],
      });
      await put("auth/jwt/login", { role: "mine", jwt });
      for (const path of ["auth/jwt/role/mine", "sys/policies/acl/workload-mine"])
        await vault.request({ method: "DELETE", path });
      await vault.logOut();
    },
  },
  {
    what: "Point Vault's database connection at their own MySQL server on Azure, which then sees the administrator log in; or write their own statements into a database role",
    shows: { "Vault's audit log": ["database/config", "database/roles"] },
    work: async ({ deployer }) => {
      const vault = await deployer();
      const connection = {
        plugin_name: "mysql-database-plugin",
        connection_url: "{{username}}:{{password}}@tcp(theirs.mysql.database.azure.com:3306)/?tls=true",
        username: "vaultadmin",
      };
      // Vault keeps its connection, because it cannot reach this one.
      await refused(vault.request({ method: "PUT", path: "database/config/mysql", body: connection }));
      const role = { db_name: "mysql", creation_statements: ["CREATE USER '{{name}}'@'%'"] };
      await vault.request({ method: "PUT", path: "database/roles/mine", body: role });
      await vault.request({ method: "DELETE", path: "database/roles/mine" });
      await vault.logOut();
    },
  },
  {
    what: "Assign themselves a role in Azure, for example on the recovery keys",
    shows: { "Activity log": ["roleAssignments/write"], "Key Vault's log": ["SecretGet"] },
    work: async ({ azure, person }, send) => {
      const vault = keyVaultWith(azure, (inside) => inside.secret("vault-recovery-keys") !== undefined);
      const secretsUser = "4633458b-17de-408a-b874-0445c86b69e6";
      const assignment = `${arm}${vault.id}/secrets/vault-recovery-keys/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}?api-version=2022-04-01`;
      const roleDefinitionId = `/subscriptions/${azure.resources.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${secretsUser}`;
      await send("PUT", assignment, {
        properties: { principalId: person, principalType: "User", roleDefinitionId },
      });
      await send(
        "GET",
        `https://${vault.name}.vault.azure.net/secrets/vault-recovery-keys?${keyVaultVersion}`,
      );
      await send("DELETE", assignment);
    },
  },
  {
    what: "Change user data, which Vault's VM applies as root within a minute, or run a command on the VM. Both give full control of that VM and its Vault",
    shows: { "Activity log": ["virtualMachines/write", "runCommand/action", "extensions/write"] },
    work: async ({ azure, vault }, send) => {
      const machine = azure.resources
        .ofType("Microsoft.Compute/virtualMachines")
        .find(({ name }) => name === vault.name);
      if (!machine) throw new UserError(`Azure has no VM named ${vault.name}.`);
      const { id, location, properties = {} } = machine;
      const version = "api-version=2024-07-01";
      // The VM's current user data, so that it continues to run.
      const userData = properties["userData"] ?? Buffer.from("#cloud-config\n").toString("base64");
      await send("PATCH", `${arm}${id}?${version}`, { properties: { userData } });
      await send("POST", `${arm}${id}/runCommand?${version}`, {
        commandId: "RunShellScript",
        script: ["id"],
      });
      const extension = {
        publisher: "Microsoft.Azure.Extensions",
        type: "CustomScript",
        typeHandlerVersion: "2.1",
      };
      // A VM accepts extensions only if the environment asks for one. The attempt shows anyway.
      await refused(
        send("PUT", `${arm}${id}/extensions/mine?${version}`, { location, properties: extension }),
      );
      await send("DELETE", `${arm}${id}/extensions/mine?${version}`);
    },
  },
  {
    what: "Take a snapshot of the data disk and unwrap Vault's root key",
    shows: { "Activity log": ["snapshots/write"], "Key Vault's log": ["KeyUnwrap"] },
    work: async ({ azure }, send) => {
      const [disk] = azure.resources.ofType("Microsoft.Compute/disks");
      if (!disk) throw new UserError("The system has no disk to take a snapshot of.");
      const snapshot = `${arm}${disk.id.replace(/\/disks\/.*/, "/snapshots/mine")}?api-version=2024-03-02`;
      await send("PUT", snapshot, {
        location: disk.location,
        properties: { creationData: { createOption: "Copy", sourceResourceId: disk.id } },
      });
      const key = `https://${mainKeyVault(azure).name}.vault.azure.net/keys/vault-unseal`;
      const wrapped = await send("POST", `${key}/wrapkey?${keyVaultVersion}`, {
        alg: "RSA-OAEP-256",
        value: Buffer.from("root key").toString("base64url"),
      });
      const { value } = JSON.parse(wrapped.toString()) as { value: string };
      await send("POST", `${key}/unwrapkey?${keyVaultVersion}`, { alg: "RSA-OAEP-256", value });
      await send("DELETE", snapshot);
    },
  },
  {
    what: "Read the TLS private key and impersonate Vault inside the network",
    shows: { "Key Vault's log": ["SecretGet"] },
    work: async ({ azure }, send) => {
      const { name } = mainKeyVault(azure);
      await send("GET", `https://${name}.vault.azure.net/secrets/vault-tls?${keyVaultVersion}`);
    },
  },
  {
    what: "Change the application's package or settings",
    shows: {
      "Activity log": ["sites/config/write"],
      "App Service's audit log": ["Authorization"],
      "Package store's log": ["PutBlob"],
      "Journal of the VMs": ["app-package"],
    },
    work: async ({ azure, agents }, send) => {
      const [site] = azure.resources.ofType("Microsoft.Web/sites");
      if (!site) throw new UserError("The system has no web app whose settings could change.");
      const settings = `${arm}${site.id}/config/appsettings`;
      const version = "api-version=2023-12-01";
      const before = JSON.parse((await send("POST", `${settings}/list?${version}`, {})).toString()) as object;
      await send("PUT", `${settings}?${version}`, before);
      await send("GET", `https://${site.name}.scm.azurewebsites.net/api/deployments`);
      const [agent] = agents.values();
      const account = azure.resources
        .ofType("Microsoft.Storage/storageAccounts")
        .find(({ id }) => id.includes(`/${resourceGroupOf(site.id)}/`));
      if (!agent || !account) throw new UserError("No VM runs the application.");
      const blob = `https://${account.name}.blob.core.windows.net/app/app.zip`;
      await send("PUT", blob, withRemark(await send("GET", blob)));
      await agent.run(packageUnit);
    },
  },
  {
    what: "Delete a Key Vault, key or secret",
    shows: { "Activity log": ["vaults/delete"], "Key Vault's log": ["KeyDelete", "SecretDelete"] },
    work: async ({ azure }, send) => {
      const { id, name, location } = mainKeyVault(azure);
      // The deployer's own Key Vault, because the name of a deleted one stays taken.
      const own = `mine-${crypto.randomUUID().slice(0, 8)}`;
      const url = `https://${name}.vault.azure.net`;
      await send("POST", `${url}/keys/${own}/create?${keyVaultVersion}`, { kty: "RSA", key_size: 2048 });
      await send("DELETE", `${url}/keys/${own}?${keyVaultVersion}`);
      await send("PUT", `${url}/secrets/${own}?${keyVaultVersion}`, { value: "mine" });
      await send("DELETE", `${url}/secrets/${own}?${keyVaultVersion}`);
      const vault = `${arm}${id.replace(/\/[^/]+$/, `/kv-${own}`)}?api-version=2023-07-01`;
      const { tenantId } = azure.resources;
      await send("PUT", vault, {
        location: location ?? "westeurope",
        properties: { tenantId, enableRbacAuthorization: true },
      });
      await send("DELETE", vault);
    },
  },
  {
    what: "Remove a lock, then delete the data disk or MySQL",
    shows: { "Activity log": ["locks/delete"] },
    work: async ({ azure }, send) => {
      const [disk] = azure.resources.ofType("Microsoft.Compute/disks");
      const lock = `${arm}${disk?.id}/providers/Microsoft.Authorization/locks/mine?api-version=2020-05-01`;
      await send("PUT", lock, { properties: { level: "CanNotDelete" } });
      await send("DELETE", lock);
    },
  },
  {
    what: "Delete a diagnostic setting, so that nothing receives a log",
    shows: { "Activity log": ["diagnosticSettings/delete"] },
    work: async ({ azure }, send) => {
      const { id } = mainKeyVault(azure);
      const setting = azure.resources.ofType(settingType).find((one) => one.id.startsWith(`${id}/`));
      const url = `${arm}${setting?.id ?? `${id}/providers/${settingType}/gone`}?api-version=2021-05-01-preview`;
      await send("DELETE", url);
      if (setting) await send("PUT", url, { properties: setting.properties });
    },
  },
];

/** Azure's type of a diagnostic setting. */
export const settingType = "Microsoft.Insights/diagnosticSettings";

/** Tries all ways in a system that sends its logs to the security team's workspace. */
export async function findTraces(rehearsal: Rehearsal, progress: Progress): Promise<void> {
  const step = (what: string, work: () => Promise<void>) => progress.longStep(what, work);
  rehearsal.edit((environment) => {
    environment.evidenceWorkspace = securityWorkspace;
  });
  await step("scripts/deploy, with an evidence workspace", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  await step("second plan: nothing to change", () => rehearsal.expectPlan({}));
  for (const way of harmfulActs) {
    await step(`shows: ${way.what}`, async () => {
      const missing = await missingTraces(way, rehearsal);
      if (missing.length > 0) throw new UserError(missing.join("\n"));
    });
  }
  await rehearsal.smokeTest();
}

/** Tries a way and looks for its traces. Returns a line for each missing trace. */
export async function missingTraces({ what, shows, work }: HarmfulAct, scene: TraceScene): Promise<string[]> {
  const since = new Date().toISOString();
  const auditLog = await auditLogOf(scene);
  const auditedBefore = readFileSync(auditLog, "utf8").length;
  const journals = [...scene.agents.values()].map((agent) => {
    const before = agent.output(packageUnit).length;
    return () => agent.output(packageUnit).slice(before);
  });
  await work(scene, asDeployer(scene));
  const journal = journals.map((added) => added()).join("\n");
  const audited = readFileSync(auditLog, "utf8").slice(auditedBefore);
  const isThere = (log: Log, trace: string): boolean => {
    if (log === "Vault's audit log") return inVaultsLog(audited, trace, scene.person);
    if (log === "Journal of the VMs") return journal.includes(`${trace}:`);
    return arrived(scene, since, categories[log] ?? "", trace);
  };
  return (Object.entries(shows) as [Log, readonly string[]][]).flatMap(([log, traces]) =>
    traces
      .filter((trace) => !isThere(log, trace))
      .map((trace) => `"${what}" does not show: ${log}, ${trace}.`),
  );
}

/** The path of the audit log of the stack vault-config, as Vault reports it. */
async function auditLogOf({ deployer }: TraceScene): Promise<string> {
  const vault = await deployer();
  const devices = await vault.request({ method: "GET", path: "sys/audit" });
  await vault.logOut();
  return z.object({ options: z.object({ file_path: z.string() }) }).parse(devices["file/"]).options.file_path;
}

function arrived(
  { azure, environment, person }: TraceScene,
  since: string,
  category: string,
  trace: string,
): boolean {
  return azure.diagnosticLogs
    .in(environment.evidenceWorkspace ?? "")
    .some(
      (record) =>
        record.time >= since &&
        record.category === category &&
        record.caller === person &&
        `/${record.operation}`.toLowerCase().endsWith(`/${trace}`.toLowerCase()),
    );
}

/** Finds a path in Vault's log. A login's person is in its response, and that of any other request in its request. */
function inVaultsLog(lines: string, path: string, person: string): boolean {
  return lines.split("\n").some((line) => {
    if (line === "") return false;
    const { request, auth } = JSON.parse(line) as { request: { path: string }; auth?: unknown };
    return `${request.path}/`.startsWith(`${path}/`) && JSON.stringify(auth ?? "").includes(person);
  });
}

const arm = "https://management.azure.com";
const keyVaultVersion = "api-version=7.4";

/** The audience of a token, by the end of a host's name. */
const audiences: Readonly<Record<string, string>> = {
  "management.azure.com": "https://management.core.windows.net/",
  "vault.azure.net": "https://vault.azure.net",
  "blob.core.windows.net": "https://storage.azure.com",
  "scm.azurewebsites.net": "https://appservice.azure.com",
};

/** Sends a deployer's requests to Azure. A body that is not bytes goes as JSON. @throws UserError if Azure rejects one */
function asDeployer({ azure, person }: TraceScene): SendAsDeployer {
  const dispatcher = new ProxyAgent({ uri: azure.proxyUrlFor(), requestTls: { ca: azure.caPem } });
  return async (method, url, body) => {
    const { hostname } = new URL(url);
    const [, audience] = Object.entries(audiences).find(([domain]) => hostname.endsWith(domain)) ?? [];
    if (audience === undefined) throw new UserError(`Nobody has a token for ${hostname}.`);
    const answer = await fetch(url, {
      method,
      dispatcher,
      headers: {
        Authorization: `Bearer ${azure.tokenForPerson(person, audience)}`,
        "x-ms-version": "2021-12-02",
        ...(Buffer.isBuffer(body)
          ? { "x-ms-blob-type": "BlockBlob" }
          : { "Content-Type": "application/json" }),
      },
      body: Buffer.isBuffer(body) || body === undefined ? body : JSON.stringify(body),
    });
    const content = Buffer.from(await answer.arrayBuffer());
    if (answer.ok) return content;
    throw new UserError(`Azure refuses ${method} ${url}: ${content.toString()}`);
  };
}

/** Ignores a rejection: the attempt shows even then. */
const refused = (request: Promise<unknown>): Promise<unknown> =>
  request.catch((error: unknown) => messageOf(error));

type Inside = ReturnType<Azure["keyVault"]>;

function keyVaultWith(azure: Azure, holds: (inside: Inside) => boolean) {
  const found = azure.resources
    .ofType("Microsoft.KeyVault/vaults")
    .find(({ name }) => holds(azure.keyVault(name)));
  if (!found) throw new UserError("No Key Vault contains the requested item.");
  return found;
}

const mainKeyVault = (azure: Azure) =>
  keyVaultWith(azure, (inside) => inside.certificate("vault-tls") !== undefined);

const resourceGroupOf = (id: string): string => id.split("/")[4] ?? "";

/** The same files in another zip. Its last record ends with a comment, after the comment's length. */
function withRemark(zip: Buffer): Buffer {
  const remark = Buffer.from("changed");
  const length = Buffer.alloc(2);
  length.writeUInt16LE(remark.length);
  return Buffer.concat([zip.subarray(0, -2), length, remark]);
}
