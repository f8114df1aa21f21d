import { z } from "zod";
import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import { UserError } from "../../../lib/processes/user-error";
import { AzureCli } from "../azure-cli";
import { DeploymentProblems } from "../deployment-problems";
import { readArgumentsOf, runScript, say } from "../run-script";
import { AzureSetup, type Say } from "./azure-setup";
import { requirePrograms } from "./required-programs";

const help = `Usage: scripts/create-state-store ENVIRONMENT

Creates the storage account that an environment's state block names, and grants its deployers access. Only Entra ID logins work on it.
A second run changes only what differs.
`;

const retentionDays = 30;

/** `scripts/create-state-store`. */
export async function main(): Promise<void> {
  await runScript(async (interruption) => {
    const { environment: name } = readArgumentsOf(help, {});
    await requirePrograms("az");
    const environment = loadEnvironment(name);
    await createStateStore(environment, new AzureCli(environment.azureCloud, interruption.signal), say);
  });
}

/** @throws {UserError} when the environment keeps its states elsewhere, or when Azure refuses something */
export async function createStateStore(environment: Environment, az: AzureCli, say: Say): Promise<void> {
  const place = placeOf(environment);
  await new StateStore(environment, place, await AzureSetup.open(az, say)).create();
  say(
    `Done. New rights work after a few minutes. To move state out of local files, run: scripts/migrate-state ${environment.name}`,
  );
}

export type StatePlace = Extract<Environment["state"], { backend: "azurerm" }>;

/** @throws {UserError} when the environment keeps its states in local files */
function placeOf({ name, state }: Environment): StatePlace {
  if (state.backend === "azurerm") return state;
  throw new UserError(`environments/${name}.json keeps its state in local files. Add a state block first, for example
  "state": { "backend": "azurerm", "resourceGroup": "rg-terraform-state", "storageAccount": "st<unique>", "container": "vault-${name}" }`);
}

/** The path of the container's rights in Azure. */
export function containerScope(
  subscriptionId: string,
  { resourceGroup, storageAccount, container }: StatePlace,
): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Storage/storageAccounts/${storageAccount}/blobServices/default/containers/${container}`;
}

const accountSettings = z.object({
  minimumTlsVersion: z.string().nullish(),
  allowBlobPublicAccess: z.boolean().nullish(),
  allowSharedKeyAccess: z.boolean().nullish(),
  enableHttpsTrafficOnly: z.boolean().nullish(),
  allowCrossTenantReplication: z.boolean().nullish(),
});

const retention = z.object({ enabled: z.boolean().nullish(), days: z.number().nullish() }).nullish();

class StateStore {
  private readonly inGroup: readonly string[];

  constructor(
    private readonly environment: Environment,
    private readonly place: StatePlace,
    private readonly azure: AzureSetup,
  ) {
    this.inGroup = ["--resource-group", place.resourceGroup];
  }

  async create(): Promise<void> {
    const exists = await this.findAccount();
    await this.azure.ensureResourceGroup(this.place.resourceGroup, this.environment.location);
    if (exists) await this.closeAccount();
    else await this.createAccount();
    await this.keepVersions();
    await this.createContainer();
    await this.lockAccount();
    await this.admitDeployers();
  }

  /** @throws {DeploymentProblems} when the name is taken, or when the account is in another resource group */
  private async findAccount(): Promise<boolean> {
    const { resourceGroup, storageAccount } = this.place;
    const accounts = await this.azure.read(
      "look for the storage account",
      z.array(z.object({ name: z.string(), resourceGroup: z.string() })),
      ...["storage", "account", "list"],
    );
    const found = accounts.find(({ name }) => name === storageAccount);
    // Azure returns the names of resource groups in any case.
    if (found && found.resourceGroup.toLowerCase() !== resourceGroup.toLowerCase())
      throw nothingChanged(
        `The storage account ${storageAccount} is in the resource group ${found.resourceGroup}. Set state.resourceGroup to that name.`,
      );
    if (found) return true;
    const { nameAvailable } = await this.azure.read(
      "ask whether the name is free",
      z.object({ nameAvailable: z.boolean() }),
      ...["storage", "account", "check-name", "--name", storageAccount],
    );
    if (nameAvailable) return false;
    throw nothingChanged(
      `The name ${storageAccount} is taken, in another subscription or by someone else. Choose another state.storageAccount.`,
    );
  }

  /** Account keys are off, so that everyone reads the state under their own name. */
  private readonly settings = [
    ...["--min-tls-version", "TLS1_2"],
    ...["--allow-blob-public-access", "false"],
    ...["--allow-shared-key-access", "false"],
    ...["--https-only", "true"],
    ...["--allow-cross-tenant-replication", "false"],
  ];

  private async createAccount(): Promise<void> {
    const { storageAccount } = this.place;
    await this.azure.change(
      `create the storage account ${storageAccount}`,
      ...["storage", "account", "create", "--name", storageAccount, ...this.inGroup],
      ...["--location", this.environment.location, "--kind", "StorageV2", "--sku", "Standard_ZRS"],
      ...this.settings,
    );
    this.azure.say(`Created storage account ${storageAccount}.`);
  }

  private async closeAccount(): Promise<void> {
    const { storageAccount } = this.place;
    const found = await this.azure.read(
      "read the storage account",
      accountSettings,
      ...["storage", "account", "show", "--name", storageAccount, ...this.inGroup],
    );
    if (
      found.minimumTlsVersion === "TLS1_2" &&
      found.allowBlobPublicAccess === false &&
      found.allowSharedKeyAccess === false &&
      found.enableHttpsTrafficOnly === true &&
      found.allowCrossTenantReplication === false
    ) {
      this.azure.say(`Storage account ${storageAccount} already exists.`);
      return;
    }
    await this.azure.change(
      `correct the storage account ${storageAccount}`,
      ...["storage", "account", "update", "--name", storageAccount, ...this.inGroup, ...this.settings],
    );
    this.azure.say(
      `Corrected storage account ${storageAccount}: it allowed account keys, public blobs or old TLS.`,
    );
  }

  /** Keeps old and deleted versions, so that people can restore them. */
  private async keepVersions(): Promise<void> {
    const service = ["storage", "account", "blob-service-properties"];
    const of = ["--account-name", this.place.storageAccount, ...this.inGroup];
    const found = await this.azure.read(
      "read the blob service's settings",
      z.object({
        isVersioningEnabled: z.boolean().nullish(),
        deleteRetentionPolicy: retention,
        containerDeleteRetentionPolicy: retention,
      }),
      ...[...service, "show", ...of],
    );
    const days = [found.deleteRetentionPolicy?.days, found.containerDeleteRetentionPolicy?.days];
    if (found.isVersioningEnabled && days.every((one) => one === retentionDays)) {
      this.azure.say(`Versioning, and soft delete for ${retentionDays} days, are already on.`);
      return;
    }
    await this.azure.change(
      "switch on versioning and soft delete",
      ...[...service, "update", ...of, "--enable-versioning", "true"],
      ...["--enable-delete-retention", "true", "--delete-retention-days", String(retentionDays)],
      ...["--enable-container-delete-retention", "true"],
      ...["--container-delete-retention-days", String(retentionDays)],
    );
    this.azure.say(`Switched on versioning, and soft delete for ${retentionDays} days.`);
  }

  /** Uses Resource Manager, because rights on the data plane come below and take minutes to work. */
  private async createContainer(): Promise<void> {
    const { container, storageAccount } = this.place;
    const of = ["--name", container, "--storage-account", storageAccount, ...this.inGroup];
    const { exists } = await this.azure.read(
      "look for the container",
      z.object({ exists: z.boolean() }),
      ...["storage", "container-rm", "exists", ...of],
    );
    if (exists) {
      this.azure.say(`Container ${container} already exists.`);
      return;
    }
    await this.azure.change(
      `create the container ${container}`,
      ...["storage", "container-rm", "create", ...of, "--public-access", "off"],
    );
    this.azure.say(`Created container ${container}.`);
  }

  private async lockAccount(): Promise<void> {
    const type = ["--resource-type", "Microsoft.Storage/storageAccounts"];
    const of = [...this.inGroup, "--resource", this.place.storageAccount, ...type];
    const locks = await this.azure.read(
      "read the locks",
      z.array(z.object({ level: z.string() })),
      ...["lock", "list", ...of],
    );
    if (locks.some(({ level }) => level === "CanNotDelete")) {
      this.azure.say("The lock against deletion already exists.");
      return;
    }
    const notes = `Holds Terraform's state of ${this.environment.name}: without it nobody can change or remove the system.`;
    await this.azure.change(
      "lock the storage account",
      ...["lock", "create", "--name", "keep-terraform-state", "--lock-type", "CanNotDelete", ...of],
      ...["--notes", notes],
    );
    this.azure.say("Created a lock against deletion.");
  }

  private async admitDeployers(): Promise<void> {
    const scope = containerScope(this.azure.subscriptionId, this.place);
    this.azure.say("Deployers' rights on the container:");
    for (const { objectId, type } of this.environment.deployers) {
      const principal = objectId === "signed-in-user" ? await this.signedInUser() : objectId;
      await this.azure.ensureRole({ principal, type, role: "Storage Blob Data Contributor", scope });
    }
  }

  private async signedInUser(): Promise<string> {
    const user = z.object({ id: z.string() });
    return (await this.azure.read("read who is logged in", user, "ad", "signed-in-user", "show")).id;
  }
}

function nothingChanged(problem: string): DeploymentProblems {
  return new DeploymentProblems("Nothing was changed", [problem]);
}
