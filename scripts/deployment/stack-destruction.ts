import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import { VaultRefusal } from "../../lib/vault-api/vault-client";
import type { AzureCli } from "./azure-cli";
import { withVaultLogin } from "./child-environment";
import type { DeploymentProgress } from "./deployment-progress";
import type { Interruption } from "./interruption";
import { deleteAzuresLeftovers } from "./leftovers";
import { OlderPolicy, withDeployersPolicy } from "./older-policy";
import type { StackState } from "./stack-state";
import { waitForSubnets } from "./subnet-release";
import { terraform } from "./terraform";
import { subnetsAreHeld } from "./terraform-failure";
import { VaultAccess } from "./vault-access";

export interface StackDestructionProps {
  environment: Environment;
  /** Terraform's environment variables. */
  env: NodeJS.ProcessEnv;
  az: AzureCli;
  states: ReadonlyMap<string, StackState>;
  progress: DeploymentProgress;
  warn: (sentence: string) => void;
  interruption: Interruption;
  /** How long to wait until App Service and MySQL release their subnets. */
  subnetSeconds: number;
}

/** Destroys stacks, and first does what Terraform cannot. */
export class StackDestruction {
  constructor(private readonly props: StackDestructionProps) {}

  async destroy(stack: string): Promise<void> {
    if (stack === "vault-config") return this.destroyVaultConfig();
    if (stack === "network") await this.clearNetwork();
    await this.runTerraform(stack, this.props.env);
  }

  /** Revokes the database credentials while Vault can still reach MySQL, then destroys Vault's configuration. */
  private async destroyVaultConfig(): Promise<void> {
    const { environment, env, az, states, progress } = this.props;
    const vaultServer = states.get("vault-server");
    if (!vaultServer) throw new UserError("The environment has no stack vault-server.");
    const access = await progress.step("Vault: certificate from Key Vault", () =>
      VaultAccess.open(az, environment, vaultServer),
    );
    try {
      await progress.step("Vault: database credentials revoked", () =>
        this.revokeLeases(access, vaultServer),
      );
      await withDeployersPolicy(environment, vaultServer, async () => {
        const token = await access.token();
        await this.runTerraform("vault-config", withVaultLogin(env, access, token), [token]);
      });
    } finally {
      access.close();
    }
  }

  private async revokeLeases(access: VaultAccess, vaultServer: StackState): Promise<void> {
    try {
      await withDeployersPolicy(this.props.environment, vaultServer, () => access.revokeDatabaseLeases());
    } catch (error) {
      if (error instanceof OlderPolicy) throw error;
      if (error instanceof VaultRefusal && error.status < 500 && error.status !== 403) {
        throw new UserError(
          `${error.message} Vault could not remove its users from MySQL. Nothing was destroyed. Check that MySQL runs (\`az mysql flexible-server start\`), and run the same command again.`,
        );
      }
      throw new UserError(
        `${(error as Error).message} If this Vault will never answer again, forget its configuration (docs/deploy.md, "When Vault is lost"), and run the same command again.`,
      );
    }
  }

  /** Deletes what Azure added to the resource group, warns of what somebody else created there, and waits for the subnets. */
  private async clearNetwork(): Promise<void> {
    const { az, states, progress, warn, interruption, subnetSeconds } = this.props;
    const network = states.get("network");
    if (!network) return;
    const others = await deleteAzuresLeftovers(az, network);
    if (others.length > 0) {
      warn(
        `The resource group holds resources that no stack created, so Azure cannot delete it yet: ${others.join(", ")}. Delete them if nobody needs them (\`az resource delete --ids ID\`).`,
      );
    }
    const held = await progress.step("subnets released by App Service and MySQL", () =>
      waitForSubnets(az, network, interruption, subnetSeconds),
    );
    if (held.length > 0) warn(subnetsAreHeld(held.join(", ")));
  }

  private async runTerraform(
    stack: string,
    env: NodeJS.ProcessEnv,
    secrets: readonly string[] = [],
  ): Promise<void> {
    const { progress, interruption } = this.props;
    await progress.longStep(`stack ${stack} destroyed`, (report) =>
      terraform({ stack, env, interruption, report, secrets }, [
        "destroy",
        "-auto-approve",
        "-input=false",
        "-no-color",
      ]),
    );
  }
}
