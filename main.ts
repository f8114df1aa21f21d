import { join } from "node:path";
import { App } from "cdktf";
import type { Construct } from "constructs";
import { copyProviderLocks } from "./constructs/terraform/provider-locks";
import { skipTokenStackTraces } from "./constructs/terraform/token-stack-traces";
import { exitOnEnvironmentError } from "./environments/exit-on-environment-error";
import { loadEnvironment } from "./environments/load";
import type { Environment } from "./environments/schema";
import { printWarnings } from "./environments/warnings";
import { AgentVmStack } from "./stacks/agent-vm";
import { MysqlStack } from "./stacks/mysql";
import { NetworkStack } from "./stacks/network";
import { VaultConfigStack } from "./stacks/vault-config";
import { VaultServerStack } from "./stacks/vault-server";
import { VmReaderRoleStack } from "./stacks/vm-reader-role";
import { WebAppStack } from "./stacks/web-app";

/** Builds the whole system: seven stacks in deployment order. Each stack gets the earlier stacks that it needs. */
export function buildSystem(app: Construct, environment: Environment): void {
  const roles = new VmReaderRoleStack(app, "vm-reader-role", environment);
  const network = new NetworkStack(app, "network", environment);
  const vaultServer = new VaultServerStack(app, "vault-server", environment, network, roles);
  const mysql = new MysqlStack(app, "mysql", environment, network, vaultServer);
  const webApp = new WebAppStack(app, "web-app", environment, network, vaultServer, mysql);
  const agentVm = new AgentVmStack(app, "agent-vm", environment, network, vaultServer, mysql);
  new VaultConfigStack(app, "vault-config", environment, network, vaultServer, mysql, webApp, agentVm);
}

/** Writes the stacks' JSON to `outdir`. The default is cdktf's own folder (CDKTF_OUTDIR, else `cdktf.out`). */
export function synthesize(environment: Environment, outdir?: string): App {
  skipTokenStackTraces();
  const app = new App({ stackTraces: false, outdir });
  buildSystem(app, environment);
  app.synth();
  copyProviderLocks(join(app.outdir, "stacks"));
  return app;
}

/** The program that cdktf.json runs. ENVIRONMENT selects the environment. */
export function main(): void {
  exitOnEnvironmentError(() => {
    const environment = loadEnvironment(process.env.ENVIRONMENT ?? "demo");
    printWarnings(environment);
    synthesize(environment);
  });
}

if (require.main === module) main();
