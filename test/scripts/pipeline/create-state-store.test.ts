import { emptyCloud } from "./cloud";
import { PipelineProject } from "./pipeline-project";

jest.setTimeout(60_000);

const project = new PipelineProject();
const script = "scripts/create-state-store";
const container =
  "/subscriptions/SUB-ID/resourceGroups/rg-terraform-state/providers/Microsoft.Storage/storageAccounts/stterraformstate/blobServices/default/containers/vault-production";

beforeEach(() => {
  project.cloud = emptyCloud();
  project.calls = [];
});
afterAll(() => project.remove());

/** Calls that change something. */
const changes = () =>
  project.calls.filter(([, ...words]) => words.some((word) => ["create", "update", "delete"].includes(word)));

describe("create-state-store", () => {
  it("makes a storage account that only Entra ID opens, with versions, soft delete, a lock and a container", async () => {
    const { status, stderr } = await project.run(script, ["production"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining("Done.") });
    const { accounts, groups, locks } = project.cloud;
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
    await project.run(script, ["production"]);
    const account = "--name stterraformstate --resource-group rg-terraform-state";
    const of = "--resource-group rg-terraform-state";
    const right = (type: string, id: string) =>
      `role assignment create --assignee-object-id ${id} --assignee-principal-type ${type} --role Storage Blob Data Contributor --scope ${container} --output none`;
    expect(changes().map(([, ...words]) => words.join(" "))).toEqual([
      "group create --name rg-terraform-state --location westeurope --output none",
      `storage account create ${account} --location westeurope --kind StorageV2 --sku Standard_ZRS --min-tls-version TLS1_2 --allow-blob-public-access false --allow-shared-key-access false --https-only true --allow-cross-tenant-replication false --output none`,
      `storage account blob-service-properties update --account-name stterraformstate ${of} --enable-versioning true --enable-delete-retention true --delete-retention-days 30 --enable-container-delete-retention true --container-delete-retention-days 30 --output none`,
      `storage container-rm create --name vault-production --storage-account stterraformstate ${of} --public-access off --output none`,
      `lock create --name keep-terraform-state --lock-type CanNotDelete ${of} --resource stterraformstate --resource-type Microsoft.Storage/storageAccounts --notes Holds Terraform's state of production: without it nobody can change or remove the system. --output none`,
      right("ServicePrincipal", "11111111-1111-4111-8111-111111111111"),
      right("User", "22222222-2222-4222-8222-222222222222"),
    ]);
  });

  it("lets each deployer write in the container and nowhere else", async () => {
    await project.run(script, ["production"]);
    expect(
      project.cloud.assignments.map(({ principal, type, role, scope }: Record<string, string>) => [
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
    await project.run(script, ["production"]);
    const before = structuredClone(project.cloud);
    project.calls = [];
    const { status, stderr } = await project.run(script, ["production"]);
    expect(status).toBe(0);
    expect(changes()).toEqual([]);
    expect(project.cloud).toEqual(before);
    expect(stderr).not.toMatch(/Made|Mended|given/);
  });

  it("closes an account that somebody opened to account keys", async () => {
    await project.run(script, ["production"]);
    Object.assign(project.cloud.accounts.stterraformstate ?? {}, {
      settings: "TLS1_2 false true true false",
    });
    expect((await project.run(script, ["production"])).stderr).toContain(
      "Mended: storage account stterraformstate",
    );
    expect(project.cloud.accounts.stterraformstate?.settings).toBe("TLS1_2 false false true false");
  });

  it.each(["storage account create", "role assignment create"])(
    "says in a sentence that %s failed, and goes on from there in the next run",
    async (command) => {
      project.cloud = {
        ...emptyCloud(),
        failures: { [command]: "ERROR: (AuthorizationFailed) The client may not." },
      };
      const first = await project.run(script, ["production"]);
      expect(first.status).toBe(1);
      expect(first.stderr).toMatch(
        /Could not .+: \(AuthorizationFailed\) The client may not\. Ask an owner of the subscription/,
      );
      expect(first.stderr).not.toContain("Done.");
      project.cloud = { ...project.cloud, failures: {} };
      expect((await project.run(script, ["production"])).status).toBe(0);
    },
  );

  it.each([
    "group create",
    "storage account create",
    "storage account blob-service-properties update",
    "storage container-rm create",
    "lock create",
    "role assignment create",
  ])("interrupted at %s goes on from there in the next run", async (interruptAt) => {
    const interrupted = await project.run(script, ["production"], { interruptAt });
    expect(interrupted.status).not.toBe(0);
    expect(interrupted.stderr).not.toContain("Done.");
    expect((await project.run(script, ["production"])).stderr).toContain("Done.");
    const { accounts, locks, assignments } = project.cloud;
    expect(accounts.stterraformstate).toMatchObject({
      versions: "true 30 30",
      containers: { "vault-production": "off" },
    });
    expect([locks.length, assignments.length]).toEqual([1, 2]);
  });

  it("refuses another subscription than the one that is named", async () => {
    const env = { ARM_SUBSCRIPTION_ID: "another" };
    const { status, stderr } = await project.run(script, ["production"], { env });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /names another, but az works in SUB-ID; run az account set --subscription another/,
    );
    expect(changes()).toEqual([]);
  });

  it.each([
    ["nobody is logged in", { loggedOut: true }, /You are not logged in to Azure; run az login/],
    [
      "the name is somebody else's",
      { takenNames: ["stterraformstate"] },
      /The name stterraformstate is taken/,
    ],
    [
      "the login has expired",
      { failures: { "storage account list": "ERROR: AADSTS700082: The refresh token has expired." } },
      /Log in again: az login\./,
    ],
    [
      "the account is in another resource group",
      { accounts: { stterraformstate: { group: "rg-other", settings: "", versions: "", containers: {} } } },
      /is in the resource group rg-other/,
    ],
  ])("changes nothing where %s", async (_, cloud, sentence) => {
    project.cloud = { ...emptyCloud(), ...cloud };
    const { status, stderr } = await project.run(script, ["production"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(changes()).toEqual([]);
  });

  it("shows the state block to write where an environment has local states", async () => {
    const { status, stderr } = await project.run(script, ["demo"]);
    expect(status).toBe(1);
    expect(stderr).toContain('"state": { "backend": "azurerm"');
  });

  it.each([
    [[], /Usage:/],
    [["nowhere"], /environments\/nowhere\.json does not exist/],
  ])("refuses the arguments %j", async (args, sentence) => {
    const { status, stderr } = await project.run(script, args);
    expect(status).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(project.calls).toEqual([]);
  });
});
