import type { DeploymentRun } from "./deployment-run";
import { webAppsAnswer } from "./smoke-test";
import type { VaultAccess } from "./vault-access";

/** Seconds for web apps to start after their deployment. */
const webAppDeadline = 300;

/** Tests the stacks that this run deployed. Web apps need a configured Vault. */
export async function trySystem(deployment: DeploymentRun): Promise<void> {
  const { interruption, progress, stacks, states, options } = deployment;
  const configured = stacks.some(({ name }) => name === "vault-config");
  if (configured) {
    const access = await deployment.vaultAccess();
    await progress.step("smoke test: Vault", (report) =>
      access.untilReady({ seconds: 30, interruption, report }),
    );
    await endExpiredLeases(deployment, access);
  }
  const webApp = stacks.find(({ name }) => name === "web-app");
  if (webApp && states.get("vault-config")?.isDeployed) {
    const seconds = Math.min(webAppDeadline, options.wait);
    await progress.step("smoke test: web apps", () =>
      webAppsAnswer(webApp, deployment.stateOf("web-app"), { seconds, interruption }),
    );
  }
}

/** Retries revocations of expired leases. Vault gives up after six attempts. */
async function endExpiredLeases({ progress }: DeploymentRun, access: VaultAccess): Promise<void> {
  const { ended, left } = await progress.step("Vault: expired database users", () =>
    access.endExpiredLeases(),
  );
  if (ended.length > 0) progress.line(`  ${ended.length} revoked, which Vault had given up on`);
  for (const [id, reason] of Object.entries(left)) {
    progress.line(
      `Warning: the expired database user of the lease ${id} is still there (${reason}). Repair MySQL or its connection in Vault, and run the same command again.`,
    );
  }
}
