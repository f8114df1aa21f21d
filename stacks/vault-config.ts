import { DataAzurermClientConfig } from "@cdktf/provider-azurerm/lib/data-azurerm-client-config";
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { useAzurerm } from "../constructs/azure/azurerm-provider";
import { KeptPassword } from "../constructs/azure/kept-password";
import { AuditLog } from "../constructs/vault/audit-log";
import { AzureAuth } from "../constructs/vault/azure-auth";
import { JwtAuth } from "../constructs/vault/jwt-auth";
import { MysqlDatabaseEngine } from "../constructs/vault/mysql-database-engine";
import { RaftAutopilot } from "../constructs/vault/raft-autopilot";
import { RateLimit } from "../constructs/vault/rate-limit";
import { TransformEngine } from "../constructs/vault/transform-engine";
import { TransitEngine } from "../constructs/vault/transit-engine";
import { useVault } from "../constructs/vault/vault-provider";
import { WorkloadPolicy } from "../constructs/vault/workload-policy";
import { policyPaths } from "../environments/policy-paths";
import type { Environment } from "../environments/schema";
import type { AgentVmStack } from "./agent-vm";
import { EnvironmentStack } from "./environment-stack";
import type { MysqlStack } from "./mysql";
import type { NetworkStack } from "./network";
import type { VaultServerStack } from "./vault-server";
import type { WebAppStack } from "./web-app";

/** The configuration of the running Vault: who can log in, what each can do, and which secrets Vault creates. */
export class VaultConfigStack extends EnvironmentStack {
  private readonly policies: ReadonlyMap<string, string>;

  constructor(
    scope: Construct,
    id: string,
    private readonly environment: Environment,
    private readonly network: NetworkStack,
    vaultServer: VaultServerStack,
    mysql: MysqlStack,
    webApp: WebAppStack,
    agentVm: AgentVmStack,
  ) {
    super(scope, id, environment, ["azurerm", "vault"]);
    useAzurerm(this);
    useVault(this, { address: vaultServer.httpsAddress });
    const { tenantId, subscriptionId } = new DataAzurermClientConfig(this, "deployer");

    new AuditLog(this, "audit");
    new RateLimit(this, "rate-limit");
    const { nodes } = environment.vault;
    if (nodes > 1) new RaftAutopilot(this, "raft", { nodes });
    this.policies = this.createPolicies();
    this.admitVms(new AzureAuth(this, "azure", { tenantId }), subscriptionId, agentVm);
    this.admitWebApps(new JwtAuth(this, "jwt", { tenantId }), webApp);
    this.createDatabaseEngine(vaultServer, mysql);
    new TransitEngine(this, "transit", { keys: environment.transitKeys, protect: environment.protectData });
    if (environment.vault.edition === "enterprise") {
      new TransformEngine(this, "transform", { protect: environment.protectData });
    }

    new TerraformOutput(this, "workload_roles", {
      value: Object.fromEntries([...this.policies.keys()].map((workload) => [workload, `${workload}-role`])),
    });
  }

  /** Creates one policy per workload, with its paths and its database role's credentials. */
  private createPolicies(): ReadonlyMap<string, string> {
    const capabilities = policyPaths(this.environment);
    const { webApps, agentVms } = this.environment;
    return new Map(
      [...webApps, ...agentVms].map(({ name, paths, databaseRole }) => {
        const allowed = databaseRole ? [...paths, `database/creds/${databaseRole}`] : paths;
        const policy = new WorkloadPolicy(this, `policy-${name}`, {
          workload: name,
          paths: new Map(allowed.map((path) => [path, capabilities.get(path) ?? "read"])),
        });
        return [name, policy.name];
      }),
    );
  }

  private admitVms(auth: AzureAuth, subscriptionId: string, { principalIds }: AgentVmStack): void {
    for (const { name, tokenTtl, tokenMaxTtl } of this.environment.agentVms) {
      auth.addRole({
        workload: name,
        policy: this.policies.get(name) ?? name,
        subscriptionId,
        resourceGroup: this.network.resourceGroup.name,
        principalIds: principalIds.get(name) ?? [],
        boundCidr: this.environment.network.subnets.agents,
        tokenTtl,
        tokenMaxTtl,
      });
    }
  }

  private admitWebApps(auth: JwtAuth, { principalIds }: WebAppStack): void {
    for (const { name, tokenTtl, tokenNumUses } of this.environment.webApps) {
      auth.addRole({
        workload: name,
        policy: this.policies.get(name) ?? name,
        principalId: principalIds.get(name) ?? "",
        boundCidr: this.environment.network.subnets.webApp,
        tokenTtl,
        tokenNumUses,
      });
    }
  }

  private createDatabaseEngine({ keyVault }: VaultServerStack, { password, server }: MysqlStack): void {
    const kept = new KeptPassword(this, "mysql-password", {
      keyVaultId: keyVault.id,
      secretName: password.secretName,
    });
    new MysqlDatabaseEngine(this, "database", {
      host: server.host,
      databaseName: server.databaseName,
      administrator: this.environment.mysql.administratorLogin,
      password: kept.value,
      passwordVersion: this.environment.mysql.passwordVersion,
      roles: this.environment.databaseRoles,
    });
  }
}
