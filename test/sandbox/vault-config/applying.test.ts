import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findTerraform } from "../../../lib/terraform/terraform-program";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import { type Applied, HttpApplier } from "../../../sandbox/vault-config/http-applier";
import { TerraformApplier } from "../../../sandbox/vault-config/terraform-applier";
import type { VaultResource } from "../../../sandbox/vault-config/vault-resource";
import { endExpiredLeases } from "../../../scripts/deployment/expired-leases";
import { describeWithVaultAndDatabase, vaultOrDatabaseMissing } from "../programs-there";
import { ConnectProxy } from "./connect-proxy";
import { describeWithTerraform } from "./programs";
import { readBack, type VaultReadBack } from "./read-back";
import { type AuditedRequest, RunningSystem, type RunningVault } from "./running-system";

jest.setTimeout(180_000);

let system: RunningSystem;
let resources: VaultResource[];

if (!vaultOrDatabaseMissing()) {
  beforeAll(async () => {
    system = await RunningSystem.start();
    resources = system.resources();
  });
  afterAll(() => system.stop());
}

describeWithVaultAndDatabase("Applying vault-config with Vault's HTTP API", () => {
  let vault: RunningVault;
  let applier: HttpApplier;
  let secretsRead = 0;
  let stateFile: string;
  /** The resources with the password's second version. */
  let raised: VaultResource[];
  /** What the first run did. */
  let first: Applied;

  const newApplier = () =>
    new HttpApplier({
      connection: vault.connection,
      readSecret: async () => {
        secretsRead++;
        return system.password;
      },
      stateFile,
    });

  beforeAll(async () => {
    vault = await system.startVault("http");
    stateFile = join(system.folder, "http.json");
    applier = newApplier();
    raised = change(resources, (it) =>
      it.type === "vault_database_secret_backend_connection"
        ? { mysql: { ...(it.arguments["mysql"] as object), password_wo_version: 2 } }
        : {},
    );
    await system.resetPassword();
    first = await applier.apply(resources);
    expect(rotations(vault)).toBe(1);
  });

  /** Removes what is applied now, and applies the resources again. */
  const beginAgain = async (now: readonly VaultResource[]) => {
    await applier.apply(deletionAllowed(now, true));
    const path = "sys/leases/revoke-prefix/database";
    await vault.root.request({ method: "PUT", path, body: { sync: true } });
    await applier.destroy();
    expect(Object.keys((await vault.root.read("sys/mounts")) ?? {})).not.toContain("transit/");
    await system.resetPassword();
    return applier.apply(resources);
  };

  it("writes every resource, with only the deployer's rights", () => {
    const { written, unchanged, removed } = first;
    expect([written, unchanged, removed]).toEqual([resources.map(({ address }) => address), [], []]);
  });

  it("rotates root, so the first password no longer opens the database", async () => {
    expect(await system.opens("vaultadmin", system.password)).toBe(false);
    const { username, password } = await vault.root.request({ method: "GET", path: "database/creds/short" });
    expect(await system.opens(String(username), String(password))).toBe(true);
  });

  it("ends a lease after a person dropped its user", async () => {
    const { username } = await vault.root.request({ method: "GET", path: "database/creds/short" });
    await system.dropUser(String(username));
    const path = "sys/leases/revoke-prefix/database/creds/short";
    await vault.root.request({ method: "PUT", path, body: { sync: true } });
  });

  it("lets a deployer list the leases that Vault gave up, and end a lease of the database", async () => {
    const deployer = await VaultClient.loggedIn(vault.connection);
    expect(await endExpiredLeases(deployer)).toEqual({ ended: [], left: {} });
    const { username, password } = await vault.root.request({ method: "GET", path: "database/creds/short" });
    const path = "sys/leases/lookup/database/creds/short";
    const { keys } = (await vault.root.request({ method: "LIST", path })) as { keys: string[] };
    const revoke = (lease_id: string) =>
      deployer.request({ method: "PUT", path: "sys/leases/revoke", body: { lease_id, sync: true } });
    for (const key of keys) await revoke(`database/creds/short/${key}`);
    expect(await system.opens(String(username), String(password))).toBe(false);
    await expect(revoke("auth/deployer/login/x")).rejects.toThrow("403");
    await deployer.logOut();
  });

  it("writes nothing and requests no password in a second run", async () => {
    const before = [vault.logLength, secretsRead, rotations(vault)] as const;
    for (const again of [applier, newApplier()]) {
      const { written, unchanged } = await again.apply(resources);
      expect([written, unchanged.length]).toEqual([[], resources.length]);
    }
    expect([vault.writes(before[0]), secretsRead, rotations(vault)]).toEqual([[], before[1], before[2]]);
  });

  it("records the applied resources without secrets", () => {
    const noted = readFileSync(stateFile, "utf8");
    expect(noted).not.toContain(system.password);
    expect(noted).not.toContain(vault.connection.jwt);
  });

  it("recreates only removed resources", async () => {
    await vault.root.request({ method: "DELETE", path: "database/roles/short" });
    const { written } = await applier.apply(resources);
    expect(written).toEqual([
      expect.stringMatching(/^vault_database_secret_backend_role\.database_role-short/),
    ]);
  });

  it("changes existing resources if possible, and keeps the rotated password", async () => {
    const before = vault.logLength;
    const changed = change(resources, (it) => {
      if (it.type === "vault_policy") return { policy: `# changed\n${it.arguments["policy"]}` };
      if (it.type === "vault_mount") return { description: "changed" };
      if (it.type === "vault_database_secret_backend_connection") {
        return { mysql: { ...(it.arguments["mysql"] as object), max_open_connections: 4 } };
      }
      return {};
    });
    const { written } = await applier.apply(changed);
    expect(written).toHaveLength(5);
    expect(vault.writes(before).filter(({ operation }) => operation === "delete")).toEqual([]);
    expect(vault.writes(before).filter(({ data }) => data && "password" in data)).toEqual([]);
    expect(await vault.root.read("sys/mounts/transit")).toMatchObject({ description: "changed" });
    expect(await vault.root.read("database/creds/short")).toMatchObject({ username: expect.any(String) });
    await applier.apply(resources);
  });

  it("writes and rotates the password again after a higher version", async () => {
    await system.resetPassword();
    const { written } = await applier.apply(raised);
    expect(written).toEqual(
      expect.arrayContaining([expect.stringMatching(/^vault_generic_endpoint\.database_rotate-root/)]),
    );
    expect(await system.opens("vaultadmin", system.password)).toBe(false);
    expect(await vault.root.read("database/creds/short")).toMatchObject({ username: expect.any(String) });
    await beginAgain(raised);
  });

  it("removes resources that are no longer in the list", async () => {
    const { written, removed } = await applier.apply(
      resources.filter(({ address }) => !address.includes("role-long")),
    );
    expect([written, removed]).toEqual([[], [expect.stringContaining("role-long")]]);
    expect(await vault.root.read("database/roles/long")).toBeUndefined();
    await applier.apply(resources);
  });

  it("does not remove a protected transit key", async () => {
    const lost = resources.filter(({ address }) => !address.includes("key-archive-key"));
    await applier.apply(deletionAllowed(resources, false));
    await expect(applier.apply(deletionAllowed(lost, false))).rejects.toThrow(
      /key-archive-key.*: Vault refused DELETE transit\/keys\/archive-key with 400: .*deletion is not allowed/,
    );
    expect(await vault.root.read("transit/keys/archive-key")).toBeDefined();
    await applier.apply(resources);
  });

  it.each([
    ["type", { type: "vault_kv_secret_v2", address: "vault_kv_secret_v2.x" }, "vault_kv_secret_v2"],
    ["argument", { arguments: { name: "x", policy: "", made_up: 1 } }, "made_up"],
    ["lifecycle rule", { lifecycle: { prevent_destroy: true } }, "lifecycle.prevent_destroy"],
  ])("refuses an unknown %s before it writes anything", async (_, difference, named) => {
    const before = vault.logLength;
    const policy = resources.find(({ type }) => type === "vault_policy") as VaultResource;
    await expect(applier.apply([...resources, { ...policy, ...difference }])).rejects.toThrow(named);
    expect(vault.writes(before)).toEqual([]);
  });

  it.each([
    ["encrypted data", "POST", "transit/decrypt/customer-key"],
    ["database users", "GET", "database/creds/short"],
    ["its own rights", "PUT", "sys/policies/acl/deployer"],
  ] as const)("is refused %s", async (_, method, path) => {
    const client = await VaultClient.loggedIn(vault.connection);
    const body = method === "GET" ? {} : { body: { ciphertext: "vault:v1:x", policy: "" } };
    await expect(client.request({ method, path, ...body })).rejects.toMatchObject({ status: 403 });
    await client.logOut();
  });

  it("quotes Vault's reason when a token is not the deployer's", async () => {
    const stranger = new HttpApplier({
      connection: { ...vault.connection, jwt: `${vault.connection.jwt.slice(0, -8)}AAAAAAAA` },
      readSecret: async () => "",
    });
    await expect(stranger.apply(resources)).rejects.toThrow(
      /^Vault refused POST auth\/deployer\/login with 400: .*signature/,
    );
  });

  it("sends nothing to a server that it cannot verify", async () => {
    const { keyPem: _, ...connection } = {
      ...vault.connection,
      keyPem: "",
      tlsServerName: "vault.example.com",
    };
    const applier = new HttpApplier({ connection, readSecret: async () => "" });
    await expect(applier.apply(resources)).rejects.toThrow(
      /failed, POST auth\/deployer\/login: .*vault\.example\.com/,
    );
  });

  it("removes everything and applies it again", async () => {
    expect((await beginAgain(resources)).written).toHaveLength(resources.length);
  });
});

describeWithTerraform("Applying vault-config with Terraform and with Vault's HTTP API", () => {
  let byTerraform: RunningVault;
  let byHttp: RunningVault;
  let terraform: TerraformApplier;
  let first: VaultReadBack;
  let folder: string;
  /** What both ways sent for the same resources. */
  let sent: { byTerraform: AuditedRequest[]; byHttp: AuditedRequest[] };

  beforeAll(async () => {
    await system.resetPassword();
    [byTerraform, byHttp] = await Promise.all([
      system.startVault("by-terraform"),
      system.startVault("by-http"),
    ]);
    folder = join(system.folder, "configuration");
    terraform = new TerraformApplier({
      terraform: await findTerraform(),
      folder,
      connection: byTerraform.connection,
      readSecret: async () => system.password,
    });
    resources = deletionAllowed(resources, true);
    await terraform.apply(resources);
    expect(rotations(byTerraform)).toBe(1);
    expect(await system.opens("vaultadmin", system.password)).toBe(false);
    first = await readBack(byTerraform.root);
    await applyOverHttp();
    sent = { byTerraform: byTerraform.writes(), byHttp: byHttp.writes() };
  });

  it("applies with Terraform, and the second plan is empty", async () => {
    await terraform.apply(resources); // another test may have set another address
    expect(await terraform.planIsEmpty()).toMatchObject({ empty: true });
  });

  /** Interrupts the first run. */
  async function applyOverHttp(): Promise<void> {
    await system.resetPassword();
    let interrupted = false;
    const applier = new HttpApplier({
      connection: byHttp.connection,
      readSecret: async () => {
        if (interrupted) return system.password;
        interrupted = true;
        throw new Error("Key Vault is down");
      },
    });
    await expect(applier.apply(resources)).rejects.toThrow("Key Vault is down");
    const { written, unchanged } = await applier.apply(resources);
    expect([written.length > 0, unchanged.length > 0]).toEqual([true, true]);
  }

  it("creates the same Vault over HTTP, even after an interruption", async () => {
    const other = await readBack(byHttp.root);
    expect(other).toEqual(first);
    expect(Object.keys(first)).toEqual(
      expect.arrayContaining([
        ...[
          "sys/policies/acl/workload-webapp",
          "auth/azure/role/agent-role",
          "auth/jwt/config",
          "auth/jwt/role/webapp-role",
        ],
        ...[
          "database/config/mysql",
          "database/roles/long",
          "transit/keys/archive-key",
          "sys/mounts/auth/azure/tune",
        ],
      ]),
    );
  });

  it("is readable for the deployer", async () => {
    const client = await VaultClient.loggedIn(byHttp.connection);
    expect(await readBack(client)).toEqual(first);
    await client.logOut();
  });

  it("sends the same requests", () => {
    expect(comparable(sent.byHttp)).toEqual(comparable(sent.byTerraform));
  });

  it("writes the password and the deployer's token to no file", () => {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      (it) => it.isFile() && !it.parentPath.includes("/.terraform/providers/"),
    );
    expect(files.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["main.tf.json", "terraform.tfstate"]),
    );
    for (const { parentPath, name } of files) {
      const content = readFileSync(join(parentPath, name), "utf8");
      expect([name, content.includes(system.password), content.includes(byTerraform.connection.jwt)]).toEqual(
        [...[name, false, false]],
      );
    }
  });

  it("reaches Vault through a proxy, and verifies the configured name", async () => {
    const proxy = await ConnectProxy.start(new URL(byTerraform.connection.address));
    const connection = {
      ...byTerraform.connection,
      address: "https://vault.example.com:8200",
      proxyUrl: proxy.url,
      tlsServerName: "localhost",
    };
    const viaProxy = new TerraformApplier({
      terraform: await findTerraform(),
      folder,
      connection,
      readSecret: async () => system.password,
    });
    try {
      await viaProxy.apply(resources);
      expect(await viaProxy.planIsEmpty()).toMatchObject({ empty: true });
      const client = await VaultClient.loggedIn(connection);
      expect(await client.read("sys/mounts/transit")).toMatchObject({ type: "transit" });
      await client.logOut();
      expect(new Set(proxy.asked)).toEqual(new Set(["vault.example.com:8200"]));
    } finally {
      await proxy.stop();
    }
  });

  it("destroys and applies again", async () => {
    await terraform.apply(resources); // nothing is new, only the address is set again
    await terraform.destroy();
    expect(await byTerraform.root.read("sys/policies/acl/workload-webapp")).toBeUndefined();
    await system.resetPassword();
    await terraform.apply(resources);
    expect(await readBack(byTerraform.root)).toEqual(first);
  });

  it("quotes Vault's reason when Vault refuses", async () => {
    const stranger = new TerraformApplier({
      terraform: await findTerraform(),
      folder: join(system.folder, "stranger"),
      connection: { ...byTerraform.connection, jwt: "no.token.atall" },
      readSecret: async () => system.password,
    });
    await expect(stranger.apply(resources)).rejects.toThrow(
      /^terraform apply failed in .*auth\/deployer\/login/,
    );
  });
});

/**
 * Removes the provider's misspelt argument, which Vault ignores, empty values, and the order, which Terraform
 * chooses.
 */
function comparable(requests: readonly AuditedRequest[]): string[] {
  const body = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    // Newer providers omit an empty client secret.
    const entries = Object.entries(value).filter(
      ([name, it]) =>
        name !== "min_encryption_versoin" && it !== null && !(name === "client_secret" && it === ""),
    );
    return Object.fromEntries(
      entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, it]) => [name, body(it)]),
    );
  };
  return requests
    .map(({ operation, path, data }) => `${operation} ${path} ${JSON.stringify(body(data ?? {}))}`)
    .sort();
}

function rotations(vault: RunningVault): number {
  return vault.writes().filter(({ path }) => path === "database/rotate-root/mysql").length;
}

/** Sets whether transit keys may be deleted, as protectData does. */
function deletionAllowed(all: readonly VaultResource[], deletion_allowed: boolean): VaultResource[] {
  return change(all, ({ type }) => (type === "vault_transit_secret_backend_key" ? { deletion_allowed } : {}));
}

function change(
  all: readonly VaultResource[],
  difference: (resource: VaultResource) => Record<string, unknown>,
): VaultResource[] {
  return all.map((it) => ({ ...it, arguments: { ...it.arguments, ...difference(it) } }));
}
