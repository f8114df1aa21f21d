import { type AzureCloudName, azureClouds } from "../../environments/azure-clouds";
import { loadEnvironment } from "../../environments/load";
import { filesOf } from "../cloud-init/machine";
import { asObject, changed, type SynthesizedStack, synthesizeSystem, withoutMetadata } from "../synthesis";

const clouds = Object.keys(azureClouds) as AzureCloudName[];
const regions = {
  AzureCloud: "westeurope",
  AzureUSGovernment: "usgovvirginia",
  AzureChinaCloud: "chinanorth3",
};

/** The demo with its state in Azure, and a web app that people sign in to. */
function systemIn(cloud: AzureCloudName): ReadonlyMap<string, SynthesizedStack> {
  return synthesizeSystem(
    changed(loadEnvironment("demo"), (environment) => {
      environment.azureCloud = cloud;
      environment.location = regions[cloud];
      environment.network.subnets.privateEndpoints = "10.20.5.0/28";
      const state = { resourceGroup: "rg-state", storageAccount: "ststate", container: "vault" };
      environment.state = { backend: "azurerm", ...state };
      const clientId = "77777777-7777-4777-8777-777777777777";
      for (const webApp of environment.webApps)
        Object.assign(webApp, { requireLogin: true, login: { clientId } });
    }),
  );
}

function stackIn(cloud: AzureCloudName, stack: string): SynthesizedStack {
  return systemIn(cloud).get(stack) as SynthesizedStack;
}

/** The files of the first VM with this user data, without comments. */
function filesIn(cloud: AzureCloudName, stack: "vault-server" | "agent-vm"): ReadonlyMap<string, string> {
  const texts = Object.values(stackIn(cloud, stack).locals).filter(
    (value): value is string => typeof value === "string" && value.startsWith("#cloud-config"),
  );
  const files = [...filesOf(texts[0] ?? "")];
  return new Map(files.map(([path, text]) => [path, text.replaceAll(/^\s*#.*\n/gm, "")]));
}

describe.each(clouds)("In %s", (cloud) => {
  const names = azureClouds[cloud];
  const isPublic = cloud === "AzureCloud";

  it("each stack names the cloud to azurerm and to the backend of the state", () => {
    const terraform = isPublic ? undefined : names.terraform;
    for (const [, stack] of systemIn(cloud)) {
      const [azurerm] = asObject(stack.json["provider"])["azurerm"] as unknown[];
      expect(asObject(azurerm)["environment"]).toBe(terraform);
      const backend = asObject(asObject(asObject(stack.json["terraform"])["backend"])["azurerm"]);
      expect(backend["environment"]).toBe(terraform);
    }
  });

  it("Vault's seal knows the cloud", () => {
    const environment = filesIn(cloud, "vault-server").get("/etc/vault.d/vault.env") ?? "";
    expect(/^AZURE_ENVIRONMENT=(.*)$/m.exec(environment)?.[1]).toBe(
      isPublic ? undefined : names.vaultEnvironment,
    );
  });

  it("first boot accepts the cloud's tokens", () => {
    const files = filesIn(cloud, "vault-server");
    const unit = files.get("/etc/systemd/system/vault-first-boot.service") ?? "";
    expect(unit).toContain(`ENTRA_ISSUER_BASE=${names.tokenIssuer}\n`);
    const audiences = [names.serviceManagement, names.resourceManager].flatMap((url) => [
      url,
      url.slice(0, -1),
    ]);
    for (const path of ["vault-first-boot", "vault-access"])
      expect(files.get(`/etc/systemd/system/${path}.service`)).toContain(
        `LOGIN_AUDIENCES=${audiences.join(",")}\n`,
      );
    expect(files.get("/usr/local/sbin/vault-first-boot")).toContain(
      `bound_audiences: ["${names.resourceManager}"]`,
    );
    expect(files.get("/usr/local/lib/vault-vm/machine-login.sh")).toContain(
      `MANAGEMENT=${names.resourceManager}\n`,
    );
  });

  it("deployers may configure Vault for this cloud only", () => {
    const policy = filesIn(cloud, "vault-server").get("/etc/vault.d/deployer-policy.hcl") ?? "";
    expect(policy).toContain(
      `"resource" = ["${names.resourceManager}"], "environment" = ["", "${names.vaultEnvironment}"]`,
    );
    expect(policy).toContain(`"bound_issuer" = ["${names.tokenIssuer}/*"]`);
    expect(policy).toContain(`["*.${names.mysqlDomain}:3306)/?tls=true"]`);
  });

  it("VMs with Vault Agent request the cloud's tokens", () => {
    const files = filesIn(cloud, "agent-vm");
    expect(files.get("/etc/vault-agent.d/agent.hcl")).toContain(`resource = "${names.resourceManager}"`);
    expect(files.get("/usr/local/sbin/app-package")).toContain(`STORAGE=${names.storageResource} `);
  });

  it("Vault's roles accept the cloud's tokens", () => {
    const stack = stackIn(cloud, "vault-config");
    expect(stack.only("vault_azure_auth_backend_config").attributes).toMatchObject({
      resource: names.resourceManager,
      ...(!isPublic && { environment: names.vaultEnvironment }),
    });
    expect(stack.only("vault_jwt_auth_backend").get("bound_issuer")).toContain(`${names.tokenIssuer}/`);
    for (const role of stack.resources("vault_jwt_auth_backend_role"))
      expect(role.get("bound_audiences")).toEqual([names.resourceManager]);
  });

  it("web apps request the cloud's tokens, and people sign in there", () => {
    const [app] = stackIn(cloud, "web-app").resources("azurerm_linux_web_app");
    expect(asObject(app?.get("app_settings"))["VAULT_TOKEN_RESOURCE"]).toBe(names.resourceManager);
    const login = asObject(asObject(app?.get("auth_settings_v2"))["active_directory_v2"]);
    expect(login["tenant_auth_endpoint"]).toContain(`${names.login}/`);
    const credentials = asObject(stackIn(cloud, "web-app").outputs.get("webapp_federated_credentials"));
    expect(credentials["webapp"]).toMatchObject({ audiences: [names.tokenExchange] });
  });

  it("MySQL's zone and a public address have the cloud's domains", () => {
    const zone = stackIn(cloud, "network").only("azurerm_private_dns_zone", "mysql-dns/zone");
    expect(zone.get("name")).toBe(`vault-demo.private.${names.mysqlDomain}`);
    const { outputs } = stackIn(cloud, "vault-server");
    expect(outputs.get("vault_ssh_addr")).toMatch(
      new RegExp(`\\.${regions[cloud]}\\.${names.publicAddressDomain.replaceAll(".", "\\.")}$`),
    );
  });

  it("private endpoints have the cloud's zones", () => {
    const zone = (subresource: string) =>
      stackIn(cloud, "network")
        .only("azurerm_private_dns_zone", `${subresource}-endpoint-dns/zone`)
        .get("name");
    // The service's own name is an alias of this one. Source: Azure, "Private endpoint private DNS zone values".
    expect(zone("vault")).toBe(`privatelink.${names.keyVaultDomain.replace("vault.", "vaultcore.")}`);
    expect(zone("blob")).toBe(`privatelink.blob.${names.storageDomain}`);
  });

  it("no stack and no VM names another cloud", () => {
    const others = clouds.filter((other) => other !== cloud).flatMap((other) => foreignTo(cloud, other));
    const texts = [...systemIn(cloud)].flatMap(([name, { json }]) => [
      [name, JSON.stringify(withoutMetadata({ ...json, locals: undefined }))] as const,
    ]);
    const files = (["vault-server", "agent-vm"] as const).flatMap((vm) => [...filesIn(cloud, vm)]);
    const found = [...texts, ...files].flatMap(([place, text]) =>
      others.filter((name) => text.includes(name)).map((name) => `${place}: ${name}`),
    );
    expect(found).toEqual([]);
  });
});

/** The names of another cloud that this cloud does not share. */
function foreignTo(cloud: AzureCloudName, other: AzureCloudName): string[] {
  const own = new Set<unknown>(Object.values(azureClouds[cloud]).flat());
  const { vaultEnvironment, resourceManager, serviceManagement, login, tokenIssuer, ...rest } =
    azureClouds[other];
  const { mysqlDomain, publicAddressDomain, domains } = rest;
  return (
    [
      ...[vaultEnvironment, resourceManager, serviceManagement, login, tokenIssuer],
      ...[mysqlDomain, publicAddressDomain, ...domains],
    ]
      .filter((name) => !own.has(name))
      // The US Government's issuer and the resource of Azure Storage have domains of the public cloud.
      .filter((name) => !["windows.net", "azure.com"].includes(name))
  );
}
