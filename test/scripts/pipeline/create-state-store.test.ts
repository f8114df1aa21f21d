import "./in-this-process";
import { loadEnvironment } from "../../../environments/load";
import { AzureCli } from "../../../scripts/deployment/azure-cli";
import { createStateStore } from "../../../scripts/deployment/pipeline/create-state-store";
import { emptyCloud } from "./cloud";
import { ImitatedPrograms, outcomeOf } from "./imitated-programs";
import { PipelineProject } from "./pipeline-project";

jest.setTimeout(60_000);

const container =
  "/subscriptions/SUB-ID/resourceGroups/rg-terraform-state/providers/Microsoft.Storage/storageAccounts/stterraformstate/blobServices/default/containers/vault-production";

let programs = new ImitatedPrograms();
beforeEach(() => {
  programs = new ImitatedPrograms();
  delete process.env.ARM_SUBSCRIPTION_ID;
});

/** Runs the script in this process. */
const run = (environment = "production") =>
  outcomeOf((say) =>
    createStateStore(
      loadEnvironment(environment),
      new AzureCli("AzureCloud", undefined, programs.runCommand),
      say,
    ),
  );

/** The calls that change something. */
const changes = () =>
  programs.calls.filter(([, ...words]) =>
    words.some((word) => ["create", "update", "delete"].includes(word)),
  );

describe("create-state-store", () => {
  it("creates a storage account that only Entra ID opens, with versions, soft delete, a lock and a container", async () => {
    const { status, stderr } = await run();
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining("Done.") });
    const { accounts, groups, locks } = programs.cloud;
    expect(groups).toEqual(["rg-terraform-state"]);
    expect(accounts).toEqual({
      stterraformstate: {
        group: "rg-terraform-state",
        kind: "StorageV2 Standard_ZRS",
        settings: "TLS1_2 false false true false",
        versions: "true 30 30",
        containers: { "vault-production": "off" },
      },
    });
    expect(locks).toEqual([
      {
        name: "keep-terraform-state",
        level: "CanNotDelete",
        resource: "stterraformstate",
        type: "Microsoft.Storage/storageAccounts",
      },
    ]);
  });

  it("asks az to change exactly this, with every option", async () => {
    await run();
    const account = "--name stterraformstate --resource-group rg-terraform-state";
    const of = "--resource-group rg-terraform-state";
    const right = (type: string, id: string) =>
      `role assignment create --assignee-object-id ${id} --assignee-principal-type ${type} --role Storage Blob Data Contributor --scope ${container} --output none --only-show-errors`;
    expect(changes().map(([, ...words]) => words.join(" "))).toEqual([
      "group create --name rg-terraform-state --location westeurope --output none --only-show-errors",
      `storage account create ${account} --location westeurope --kind StorageV2 --sku Standard_ZRS --min-tls-version TLS1_2 --allow-blob-public-access false --allow-shared-key-access false --https-only true --allow-cross-tenant-replication false --output none --only-show-errors`,
      `storage account blob-service-properties update --account-name stterraformstate ${of} --enable-versioning true --enable-delete-retention true --delete-retention-days 30 --enable-container-delete-retention true --container-delete-retention-days 30 --output none --only-show-errors`,
      `storage container-rm create --name vault-production --storage-account stterraformstate ${of} --public-access off --output none --only-show-errors`,
      `lock create --name keep-terraform-state --lock-type CanNotDelete ${of} --resource stterraformstate --resource-type Microsoft.Storage/storageAccounts --notes Holds Terraform's state of production: without it nobody can change or remove the system. --output none --only-show-errors`,
      right("ServicePrincipal", "11111111-1111-4111-8111-111111111111"),
      right("User", "22222222-2222-4222-8222-222222222222"),
    ]);
  });

  it("lets each deployer write in the container and nowhere else", async () => {
    await run();
    expect(
      programs.cloud.assignments.map(({ principal, type, role, scope }: Record<string, string>) => [
        principal,
        type,
        role,
        scope,
      ]),
    ).toEqual([
      [
        "11111111-1111-4111-8111-111111111111",
        "ServicePrincipal",
        "Storage Blob Data Contributor",
        container,
      ],
      ["22222222-2222-4222-8222-222222222222", "User", "Storage Blob Data Contributor", container],
    ]);
  });

  it("changes nothing in a second run", async () => {
    await run();
    const before = structuredClone(programs.cloud);
    programs.calls = [];
    const { status, stderr } = await run();
    expect(status).toBe(0);
    expect(changes()).toEqual([]);
    expect(programs.cloud).toEqual(before);
    expect(stderr).not.toMatch(/Created|Corrected|Switched on|^ {2}granted/m);
  });

  it("closes an account that someone opened to account keys", async () => {
    await run();
    Object.assign(programs.cloud.accounts.stterraformstate ?? {}, {
      settings: "TLS1_2 false true true false",
    });
    expect((await run()).stderr).toContain("Corrected storage account stterraformstate");
    expect(programs.cloud.accounts.stterraformstate?.settings).toBe("TLS1_2 false false true false");
  });

  it.each(["storage account create", "role assignment create"])(
    "reports in a sentence that %s failed, and continues from there in the next run",
    async (command) => {
      programs.cloud = {
        ...emptyCloud(),
        failures: { [command]: "ERROR: (AuthorizationFailed) The client may not." },
      };
      const first = await run();
      expect(first.status).toBe(1);
      expect(first.stderr).toMatch(
        /Could not .+: \(AuthorizationFailed\) The client may not\. Ask an owner of the subscription/,
      );
      expect(first.stderr).not.toContain("Done.");
      programs.cloud = { ...programs.cloud, failures: {} };
      expect((await run()).status).toBe(0);
    },
  );

  it.each([
    "group create",
    "storage account create",
    "storage account blob-service-properties update",
    "storage container-rm create",
    "lock create",
    "role assignment create",
  ])("interrupted at %s continues from there in the next run", async (command) => {
    programs.killedAt = command;
    const interrupted = await run();
    expect(interrupted.status).not.toBe(0);
    expect(interrupted.stderr).not.toContain("Done.");
    programs.killedAt = undefined;
    expect((await run()).stderr).toContain("Done.");
    const { accounts, locks, assignments } = programs.cloud;
    expect(accounts.stterraformstate).toMatchObject({
      versions: "true 30 30",
      containers: { "vault-production": "off" },
    });
    expect([locks.length, assignments.length]).toEqual([1, 2]);
  });

  it("rejects another subscription than the named one", async () => {
    process.env.ARM_SUBSCRIPTION_ID = "another";
    const { status, stderr } = await run();
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /names another, but az works in SUB-ID.+ Run `az account set --subscription another`/,
    );
    expect(changes()).toEqual([]);
  });

  it.each([
    ["nobody is logged in", { loggedOut: true }, /Nobody is logged in to Azure\. Run `az login`/],
    [
      "the name belongs to someone else",
      { takenNames: ["stterraformstate"] },
      /The name stterraformstate is taken/,
    ],
    [
      "the login has expired",
      { failures: { "storage account list": "ERROR: AADSTS700082: The refresh token has expired." } },
      /login to Azure has expired\. Run `az login`/,
    ],
    [
      "the account is in another resource group",
      { accounts: { stterraformstate: { group: "rg-other", settings: "", versions: "", containers: {} } } },
      /is in the resource group rg-other/,
    ],
  ])("changes nothing if %s", async (_, cloud, sentence) => {
    programs.cloud = { ...emptyCloud(), ...cloud };
    const { status, stderr } = await run();
    expect(status).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(changes()).toEqual([]);
  });

  it("shows the state block to write if an environment has local states", async () => {
    const { status, stderr } = await run("demo");
    expect(status).toBe(1);
    expect(stderr).toContain('"state": { "backend": "azurerm"');
  });
});

describe("scripts/create-state-store, as a person runs it,", () => {
  const project = new PipelineProject();
  beforeEach(() => {
    project.cloud = emptyCloud();
    project.calls = [];
  });
  afterAll(() => project.remove());
  const script = (args: string[], interruptAt?: string) =>
    project.start("scripts/create-state-store", args, { interruptAt });

  it("ends at Ctrl-C, and continues from there in the next run", async () => {
    const interrupted = await script(["production"], "lock create");
    expect(interrupted).toMatchObject({ status: 130, stdout: "" });
    expect(interrupted.stderr).toMatch(/Interrupted\. Run the same command again/);
    expect(interrupted.stderr).not.toContain("Done.");
    expect(await script(["production"])).toMatchObject({
      status: 0,
      stdout: "",
      stderr: expect.stringContaining("Done."),
    });
    expect(project.cloud.locks).toHaveLength(1);
  });

  it.each([
    [[], /^Usage: scripts\/create-state-store ENVIRONMENT\n$/],
    [["production", "demo"], /^Usage:/],
    [["production", "--what"], /^Usage:/],
    [["nowhere"], /environments\/nowhere\.json does not exist/],
  ])("rejects the arguments %j", async (args, sentence) => {
    const { status, stderr } = await project.run("scripts/create-state-store", args);
    expect(status).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(project.calls).toEqual([]);
  });
});
