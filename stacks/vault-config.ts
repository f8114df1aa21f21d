import { DataAzurermClientConfig } from "@cdktf/provider-azurerm/lib/data-azurerm-client-config";
import type { Construct } from "constructs";
import { useAzurerm } from "../constructs/azure/azurerm-provider";
import { KeptPassword } from "../constructs/azure/kept-password";
import { addOutputs } from "../constructs/terraform/outputs";
import { AuditLog } from "../constructs/vault/audit-log";
import { AzureAuth } from "../constructs/vault/azure-auth";
import { JwtAuth } from "../constructs/vault/jwt-auth";
import { MysqlDatabaseEngine } from "../constructs/vault/mysql-database-engine";
import { RaftAutopilot } from "../constructs/vault/raft-autopilot";
import { RateLimit } from "../constructs/vault/rate-limit";
import { TransformEngine } from "../constructs/vault/transform-engine";
import { TransitEngine } from "../constructs/vault/transit-engine";
import { useVault } from "../constructs/vault/vault-provider";
import { admitVms, admitWebApps } from "../constructs/vault/workload-logins";
import { createWorkloadPolicies } from "../constructs/vault/workload-policies";
import { cloudOf } from "../environments/azure-clouds";
import type { Environment } from "../environments/schema";
import type { AgentVmStack } from "./agent-vm";
import { EnvironmentStack } from "./environment-stack";
import type { MysqlStack } from "./mysql";
import type { NetworkStack } from "./network";
import type { VaultServerStack } from "./vault-server";
import type { WebAppStack } from "./web-app";

/** The configuration of the running Vault: who can log in, what each can do, and which secrets Vault creates. */
export class VaultConfigStack extends EnvironmentStack {
  constructor(
    scope: Construct,
    id: string,
    environment: Environment,
    network: NetworkStack,
    vaultServer: VaultServerStack,
    mysql: MysqlStack,
    webApp: WebAppStack,
    agentVm: AgentVmStack,
  ) {
    super(scope, id, environment, ["azurerm", "vault"]);
    const cloud = cloudOf(environment);
    useAzurerm(this, { cloud });
    useVault(this, { address: vaultServer.httpsAddress });
    const { tenantId, subscriptionId } = new DataAzurermClientConfig(this, "deployer");

    new AuditLog(this, "audit");
    new RateLimit(this, "rate-limit");
    const { nodes } = environment.vault;
    if (nodes > 1) new RaftAutopilot(this, "raft", { nodes });
    const policies = createWorkloadPolicies(this, environment);
    admitVms(new AzureAuth(this, "azure", { tenantId, cloud }), environment, policies, {
      subscriptionId,
      resourceGroup: network.resourceGroup.name,
      principalIds: agentVm.principalIds,
    });
    admitWebApps(new JwtAuth(this, "jwt", { tenantId, cloud }), environment, policies, webApp.principalIds);
    this.createDatabaseEngine(environment, vaultServer, mysql);
    new TransitEngine(this, "transit", { keys: environment.transitKeys, protect: environment.protectData });
    if (environment.vault.edition === "enterprise") {
      new TransformEngine(this, "transform", { protect: environment.protectData });
    }

    const vaultRoles = [...policies.keys()].map((workload) => [workload, `${workload}-role`]);
    addOutputs(this, { workload_roles: [Object.fromEntries(vaultRoles), "Vault's role for each workload"] });
  }

  private createDatabaseEngine(
    { mysql, databaseRoles }: Environment,
    { keys }: VaultServerStack,
    { password, server }: MysqlStack,
  ): void {
    const kept = new KeptPassword(this, "mysql-password", {
      keyVaultId: keys.keyVault.id,
      secretName: password.secretName,
    });
    new MysqlDatabaseEngine(this, "database", {
      host: server.host,
      databaseName: server.databaseName,
      administrator: mysql.administratorLogin,
      password: kept.value,
      passwordVersion: mysql.passwordVersion,
      roles: databaseRoles,
    });
  }
}
