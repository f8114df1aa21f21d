import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import { actionsByType } from "../../../scripts/deployment/preflight/azure-actions";
import { longTests } from "../../long-tests";
import { stackNames } from "../../stack-names";
import { sharedSystem } from "../../synthesis";
import { DeploymentScene, now, objectId, stateOf, subscriptionId, tenantId } from "./deployment-scene";
import { preflightAlone } from "./preflight-alone";

// A preflight in this process must not find the project's own deployments.
jest.mock("../../../scripts/deployment/stack-folder", () => ({
  projectFolder: "/nonexistent",
  stackFolder: (stack: string) => `/nonexistent/${stack}`,
}));

jest.mock("../../../scripts/deployment/run-command", () => ({
  runCommand: jest.requireActual("./answers-in-process").answerInProcess,
}));

// The tests take seconds on an idle machine. The deadline is for a busy one.
jest.setTimeout(120_000);
const scene = DeploymentScene.use();

const otherSubscription = "88888888-8888-4888-8888-888888888888";

/** The actions of a role: everything except its excluded actions. */
const without = (...notActions: string[]) => ({ value: [{ actions: ["*"], notActions }] });

/** [the problem, how to cause it, the sentence with its cure] */
type Mishap = readonly [name: string, cause: (scene: DeploymentScene) => void, sentence: RegExp];

/** [a capability of a VM size, its value without the feature, the feature] */
const lacking = [
  ["HyperVGenerations", "V1", "VMs of generation 2"],
  ["TrustedLaunchDisabled", "True", "trusted launch"],
  ["PremiumIO", "False", "premium disks"],
  ["MaxDataDiskCount", "0", "a data disk"],
  ["CpuArchitectureType", "Arm64", "x64 processors"],
  ["DiskControllerTypes", "NVMe", "SCSI disks, which the project expects of its generation"],
] as const;

/** Each group happens in one run, because the preflight reports everything at once. */
const mishaps: readonly (readonly Mishap[])[] = [
  [
    [
      "no Terraform",
      ({ imitations }) => imitations.uninstall("terraform"),
      /Terraform is not on the PATH\. Install 1\.11/,
    ],
    [
      "an old Azure CLI",
      ({ imitations }) => imitations.answer("az/version", { "azure-cli": "2.40.0" }),
      /Azure CLI 2\.40\.0 is older than 2\.90\.0, which Key Vault needs after 27 February 2027\. Run `az upgrade`/,
    ],
    [
      "a clock that is ahead",
      (it) => it.login({ expiresOn: now() + 3600 + 400 }),
      /clock is about 400 s ahead of Azure's.*timedatectl/,
    ],
  ],
  [
    [
      "an old Terraform",
      ({ imitations }) => imitations.answer("terraform/version", { terraform_version: "1.5.7" }),
      /Terraform 1\.5\.7 is older than 1\.11\.0/,
    ],
    [
      "another tenant's token",
      (it) => it.login({ claims: { tid: "66666666-6666-4666-8666-666666666666" } }),
      /token is of tenant 66666666.*Run `az login --tenant 44444444/,
    ],
  ],
  [
    [
      "no Azure CLI",
      ({ imitations }) => imitations.uninstall("az"),
      /Azure CLI \(az\) is not on the PATH\. Install it/,
    ],
  ],
  [
    [
      "no login",
      ({ imitations }) =>
        imitations.fail("az/account-show", "ERROR: Please run 'az login' to setup account."),
      /Nobody is logged in to Azure\. Run `az login`/,
    ],
  ],
  [
    [
      "an expired login",
      ({ imitations }) =>
        imitations.fail("az/account-get-access-token", "ERROR: AADSTS70043: The refresh token has expired"),
      /login to Azure has expired\. Run `az login`/,
    ],
  ],
  [
    [
      "a disabled subscription",
      ({ imitations }) =>
        imitations.answer("az/account-show", {
          id: subscriptionId,
          name: "Demo",
          tenantId,
          state: "Disabled",
          environmentName: "AzureCloud",
        }),
      /subscription Demo .* is Disabled\. Choose another/,
    ],
  ],
  [
    [
      "a login in another cloud",
      ({ imitations }) =>
        imitations.answer("az/account-show", {
          id: subscriptionId,
          name: "Demo",
          tenantId,
          state: "Enabled",
          environmentName: "AzureChinaCloud",
        }),
      /az works in the cloud AzureChinaCloud, .* is AzureCloud\. Run `az cloud set --name AzureCloud`, then `az login`\./,
    ],
  ],
  [
    [
      "a clock that is behind",
      (it) => it.login({ expiresOn: now() + 3600 - 400 }),
      /clock is about 400 s behind Azure's/,
    ],
    [
      "a person who is not a deployer",
      ({ project }) =>
        project.environment("demo", {
          deployers: [{ name: "Ada", objectId: "77777777-7777-4777-8777-777777777777" }],
          network: { deployerRanges: [{ name: "home", cidr: "20.30.40.0/24" }] },
        }),
      new RegExp(`You \\(object id ${objectId}\\) are not among the deployers of environments/demo\\.json`),
    ],
    [
      "a right that one stack lacks",
      ({ imitations }) => imitations.answer("az/rest", without("Microsoft.DBforMySQL/*")),
      /The stack mysql needs rights that the login does not hold \(Microsoft\.DBforMySQL\/flexibleServers\/.*--stack/,
    ],
    [
      "a size that the region lacks",
      ({ imitations }) => imitations.answer("az/vm-list-skus", []),
      /VM size Standard_D2s_v5 is not offered to this subscription in westeurope/,
    ],
    [
      "a MySQL size that the region lacks",
      ({ imitations }) =>
        imitations.answer("az/mysql-capabilities", { properties: { supportedFlexibleServerEditions: [] } }),
      /MySQL in westeurope does not offer B_Standard_B1ms to this subscription\. Choose another mysql\.sku/,
    ],
    [
      "an App Service plan that the region lacks",
      ({ imitations }) => imitations.answer("az/appservice-list-locations", [{ name: "North Europe" }]),
      /App Service in westeurope does not offer the plan B1 on Linux\. Choose another webAppPlan\.sku or location/,
    ],
    [
      "a deleted Log Analytics workspace of another region",
      ({ imitations }) =>
        imitations.answer(
          "az/monitor-log-analytics-workspace-list-deleted-workspaces",
          ["northeurope", "West Europe"].map((location) => ({
            id: "/subscriptions/1/resourcegroups/rg-demo-vault/providers/a/b/log-demo-vault",
            name: "log-demo-vault",
            location,
          })),
        ),
      /workspace log-demo-vault was deleted in northeurope less than 14 days ago.*\. Set location to northeurope/,
    ],
  ],
  [
    [
      "an environment with the example's values",
      ({ project }) => project.environment("demo", {}),
      /deployerRanges in environments\/demo\.json contains only examples \(203\.0\.113\.0\/24\)/,
    ],
    [
      "an expired token",
      (it) => it.login({ expiresOn: now() + 20, claims: { exp: now() + 20 } }),
      /login to Azure has expired or will expire soon\. To log in again, run `az login`/,
    ],
    [
      "too little quota",
      ({ imitations }) =>
        imitations.answer("az/vm-list-usage", [
          { name: { value: "cores" }, currentValue: 10, limit: 100 },
          { name: { value: "standardDSv5Family" }, currentValue: 7, limit: 10 },
        ]),
      /VMs need 4 cores of the quota standardDSv5Family in westeurope, of which 3 of 10 are free/,
    ],
    [
      "a MySQL version that the region lacks",
      ({ imitations }) =>
        imitations.answer("az/mysql-capabilities", {
          properties: {
            supportedFlexibleServerEditions: [{ supportedSkus: [{ name: "standard_b1ms" }] }],
            supportedServerVersions: [{ name: "8.0.21" }],
          },
        }),
      /MySQL in westeurope does not offer version 8\.4\. Set mysql\.version to 8\.0\.21/,
    ],
    [
      "a resource group of that name",
      ({ imitations }) => imitations.answer("az/group-exists", true),
      /resource group rg-demo-vault exists already, but not in the state of demo/,
    ],
    [
      "a custom role of that name",
      ({ imitations }) => imitations.answer("az/role-definition-list", [{ id: "/subscriptions/1/role" }]),
      /custom role Virtual Machine Reader \(demo\) exists already in the tenant \(\/subscriptions\/1\/role\)/,
    ],
  ],
  lacking.map(
    ([, , feature]): Mishap => [
      `a size without ${feature}`,
      ({ imitations }) =>
        imitations.answer("az/vm-list-skus", [
          {
            name: "Standard_D2s_v5",
            family: "f",
            capabilities: lacking.map(([name, value]) => ({ name, value })),
            locationInfo: [],
          },
        ]),
      new RegExp(`VM size Standard_D2s_v5 does not support ${feature}.*\\. Choose another size`),
    ],
  ),
  [
    [
      "a deployer without the app role",
      (it) => it.loginByApplication(["Vault.Read"]),
      /You do not have the app role Vault\.Deploy of the app registration 33333333.*assign it to you, and log in again with `az login`/,
    ],
  ],
  [
    [
      "a deployer without any app role",
      (it) => it.loginByApplication(undefined),
      /You do not have the app role Vault\.Deploy of the app registration 33333333/,
    ],
  ],
  [
    [
      "an app registration that does not exist",
      (it) => {
        it.loginByApplication([]);
        it.imitations.fail(
          "az/account-get-access-token-for-application",
          "ERROR: AADSTS500011: The resource principal named api://x was not found in the tenant",
        );
      },
      /Entra issues no token for the app registration 33333333.*AADSTS500011.*set up the app registration/,
    ],
  ],
  [
    [
      "a soft-deleted Key Vault",
      ({ imitations }) => {
        suffixChosen();
        imitations.answer("az/keyvault-list-deleted", [
          {
            name: "kv-demo-abc123",
            properties: { location: "westeurope", scheduledPurgeDate: "2027-02-01" },
          },
        ]);
      },
      /Key Vault kv-demo-abc123 was deleted, and keeps its name until 2027-02-01\. Restore it with `az keyvault recover --name kv-demo-abc123 --location westeurope` and import it/,
    ],
    [
      "a taken global name",
      ({ imitations }) => {
        suffixChosen();
        imitations.answer("az/check-name", { nameAvailable: false });
      },
      /Key Vault name kv-demo-rec-abc123 is taken, .*choose another: `ENVIRONMENT=demo npm run synth && .*cdktf\.out\/stacks\/vault-server state rm`/,
    ],
    [
      "a taken name of the MySQL server",
      ({ imitations }) => {
        suffixChosen("mysql");
        imitations.answer("az/check-name", { nameAvailable: false });
      },
      /MySQL server name mysql-demo-abc123 is taken/,
    ],
    [
      "a taken name of a web app",
      ({ imitations }) => {
        suffixChosen("web-app");
        imitations.answer("az/check-name", { nameAvailable: false });
      },
      /web app name app-demo-webapp-abc123 is taken/,
    ],
  ],
  [
    [
      "a Key Vault that a person deleted",
      ({ imitations }) => {
        const name = "kv-demo-abc123";
        const vault = {
          mode: "managed",
          type: "azurerm_key_vault",
          instances: [{ attributes: { name } }],
        };
        suffixChosen("vault-server", vault);
        imitations.answer("az/keyvault-list-deleted", [{ name, properties: { location: "westeurope" } }]);
      },
      /Key Vault kv-demo-abc123 was deleted, and keeps its name\. Restore it with `az keyvault recover --name kv-demo-abc123 --location westeurope`\.\n/,
    ],
  ],
  [
    [
      "a system in another subscription",
      (it) => it.imitations.answer("state/network", stateIn(otherSubscription)),
      /system demo is in the subscription 88888888-.*, but az works in 55555555-.* \(Demo\)\. Run `az account set --subscription 88888888-/,
    ],
  ],
  [
    [
      "a state that cannot be read",
      ({ imitations }) => imitations.fail("terraform/init", "Error: Failed to get existing workspaces: 404"),
      /state of the stack vm-reader-role cannot be read .*Failed to get existing workspaces/,
    ],
  ],
  [
    [
      "a busy Azure, after four requests",
      ({ imitations }) => imitations.fail("az/rest", "ERROR: Too Many Requests({}): Throttled"),
      /Azure currently accepts no more requests from this subscription\. Wait a minute/,
    ],
  ],
  [
    [
      "no network",
      ({ imitations }) =>
        imitations.fail("az/rest", "ERROR: HTTPSConnectionPool: Max retries exceeded: getaddrinfo failed"),
      /Azure cannot be reached from this computer\. Check its network/,
    ],
  ],
];

/** The state has the random characters, but no Key Vaults yet. */
function suffixChosen(stack = "vault-server", ...more: object[]): void {
  const suffix = {
    mode: "managed",
    type: "random_string",
    instances: [{ attributes: { result: "abc123" } }],
  };
  scene.imitations.answer(`state/${stack}`, stateOf(stack, {}, [suffix, ...more]));
}

/** A state with a network in a subscription. */
function stateIn(subscription: string, type = "azurerm_virtual_network"): object {
  const id = `/subscriptions/${subscription}/resourceGroups/rg-demo-vault/providers/a/b/c`;
  return stateOf("network", {}, [{ mode: "managed", type, instances: [{ attributes: { id } }] }]);
}

describe("The preflight of scripts/deploy", () => {
  const runs = mishaps.map((group) => ({ names: group.map(([name]) => name).join(", "), group }));

  it.each(runs)("finds $names", async ({ group }) => {
    for (const [, cause] of group) cause(scene);
    const { message } = await preflightAlone(scene);
    for (const [, , sentence] of group) expect(message).toMatch(sentence);
    expect(message).toContain("Nothing was changed");
  });

  it("looks for the program that TERRAFORM_BINARY_NAME names, such as OpenTofu's", async () => {
    const tofu = { TERRAFORM_BINARY_NAME: "tofu" };
    const { message } = await preflightAlone(scene, { env: tofu });
    expect(message).toContain("tofu, which TERRAFORM_BINARY_NAME names, is not on the PATH. Install it");
    expect(message).toContain("the preflight found one problem");
    scene.imitations.rename("terraform", "tofu");
    expect(await scene.run("deploy", ["--stack", "vm-reader-role", "--plan"], tofu)).toMatchObject({
      code: 0,
    });
  });

  it("finds an old Node.js", async () => {
    const older = join(scene.imitations.folder, "older.cjs");
    writeFileSync(older, 'Object.defineProperty(process.versions, "node", { value: "18.19.0" });');
    const { code, stderr } = await scene.run("deploy", [], { NODE_OPTIONS: `--require ${older}` });
    expect(code).toBe(1);
    expect(stderr).toContain("Node.js 18.19.0 is older than 20.18.1. Install a newer one");
  });

  it("finds a subscription that az does not work in", async () => {
    const ARM_SUBSCRIPTION_ID = otherSubscription;
    const { message } = await preflightAlone(scene, { env: { ARM_SUBSCRIPTION_ID } });
    expect(message).toMatch(/ARM_SUBSCRIPTION_ID names 88888888.*az account set --subscription 88888888/);
  });

  it("reports everything at once, on stderr and as JSON", async () => {
    const { imitations, project } = scene;
    project.environment("demo", {});
    imitations.answer("terraform/version", { terraform_version: "1.5.7" });
    imitations.answer("az/version", { "azure-cli": "2.40.0" });
    imitations.answer("az/rest", without("Microsoft.Authorization/*/write"));
    imitations.answer("az/group-exists", true);
    imitations.answer("az/vm-list-skus", []);
    scene.login({ expiresOn: now() + 5000 });
    const { code, stdout, stderr } = await scene.run("deploy", ["--json"]);
    expect(code).toBe(1);
    const { problems } = JSON.parse(stdout) as { problems: string[] };
    const beginnings = [
      "Terraform 1.5.7",
      "The Azure CLI 2.40.0",
      "This computer's clock",
      "network.deployerRanges",
    ];
    const rights = ["vm-reader-role", "network", "vault-server", "web-app", "agent-vm"].map(
      (stack) => `The stack ${stack} needs`,
    );
    const rest = [
      "The VM size",
      "The resource group rg-demo-vault exists",
      "The resource group rg-demo-vault-recovery",
    ];
    expect(
      problems.map((problem) => [...beginnings, ...rights, ...rest].find((one) => problem.startsWith(one))),
    ).toEqual([...beginnings, ...rights, ...rest]);
    expect(stderr).toContain("Nothing was changed");
    for (const problem of problems) expect(stderr).toContain(`  - ${problem}\n`);
    expect(imitations.runs).toEqual([]);
  });

  it("reports without a login all problems that need none", async () => {
    scene.imitations.fail("az/account-show", "ERROR: Please run 'az login'");
    scene.imitations.answer("terraform/version", { terraform_version: "1.5.7" });
    scene.project.environment("demo", {});
    const { message } = await preflightAlone(scene);
    expect(message).toMatch(/3 problems/);
    for (const one of ["Terraform 1.5.7", "Nobody is logged in", "only examples"])
      expect(message).toContain(one);
  });

  it("ignores a role in another subscription, and upper and lower case in an id", async () => {
    const { imitations } = scene;
    imitations.answer("state/mysql", stateIn(subscriptionId.toUpperCase()));
    imitations.answer("state/network", stateIn(otherSubscription, "azurerm_role_assignment"));
    expect((await preflightAlone(scene, { stacks: ["vm-reader-role"] })).message).toBe("");
  });

  it("finds an unregistered resource provider if the stack that registers it is left out", async () => {
    scene.imitations.deployed("vm-reader-role", "network");
    scene.imitations.answer("az/provider-list", []);
    const { message } = await preflightAlone(scene, { stacks: ["network"] });
    expect(message).toContain("az provider register --namespace Microsoft.KeyVault");
  });

  it("warns of an address that the environment does not admit, and continues", async () => {
    scene.login({ claims: { ipaddr: "20.99.99.99" } });
    const { code, stderr } = await scene.run("deploy", ["--stack", "vm-reader-role"]);
    expect(code).toBe(0);
    expect(stderr).toContain("Warning: Entra saw you log in from 20.99.99.99");
    expect(stderr).toContain("add 20.99.99.99/32");
  });

  it("does not compare that address if the deployer may reach private endpoints", async () => {
    scene.login({ claims: { ipaddr: "20.99.99.99" } });
    const warningsFor = async (subnets: object) => {
      const ranges = [
        { name: "home", cidr: "20.30.40.0/24" },
        { name: "vpn", cidr: "192.168.0.0/24" },
      ];
      scene.project.environment("demo", { network: { deployerRanges: ranges, subnets } });
      return (await preflightAlone(scene, { stacks: ["vm-reader-role"] })).warnings.join();
    };
    expect(await warningsFor({})).toContain("add 20.99.99.99/32");
    expect(await warningsFor({ privateEndpoints: "10.20.5.0/28" })).not.toContain("20.99.99.99");
  });

  it("warns of a Vault with known vulnerabilities, and continues", async () => {
    scene.project.environment("demo", {
      network: { deployerRanges: [{ name: "home", cidr: "20.30.40.0/24" }] },
      vault: { version: "1.21.4" },
    });
    const { message, warnings } = await preflightAlone(scene, { stacks: ["vm-reader-role"] });
    expect(message).toBe("");
    expect(warnings.join()).toContain("vault.version: 1.21.4 has known vulnerabilities");
  });

  it("checks no quota and no names if the VMs already exist", async () => {
    scene.imitations.deployed(...stackNames);
    scene.imitations.answer("az/vm-list-skus", []);
    scene.imitations.answer("az/group-exists", true);
    expect((await preflightAlone(scene)).message).toBe("");
  });

  const another = [["gets another size", { name: "vm-demo-vault-1", size: "Standard_D2s_v3" }]] as const;
  const added = [["is added to others", { name: "vm-demo-vault-0", size: "Standard_D2s_v5" }]] as const;
  it.each([...another, ...(longTests ? added : [])])(
    "finds a size that the region lacks if a VM %s",
    async (_, attributes) => {
      const { imitations } = scene;
      imitations.deployed(...stackNames);
      const machine = (instance: object) =>
        stateOf("vault-server", {}, [
          { mode: "managed", type: "azurerm_linux_virtual_machine", instances: [{ attributes: instance }] },
        ]);
      imitations.answer("az/vm-list-skus", []);
      imitations.answer("state/vault-server", machine(attributes));
      expect((await preflightAlone(scene)).message).toContain(
        "VM size Standard_D2s_v5 is not offered to this subscription",
      );
      imitations.answer("state/vault-server", machine({ name: "vm-demo-vault-1", size: "Standard_D2s_v5" }));
      expect((await preflightAlone(scene)).message).not.toContain("VM size");
    },
  );

  it("finds that the previously signed-in user is not the first named deployer", async () => {
    const { imitations, project } = scene;
    const deployers = [
      { name: "Ada", objectId: "77777777-7777-4777-8777-777777777777" },
      { name: "Me", objectId },
    ];
    const network = { deployerRanges: [{ name: "home", cidr: "20.30.40.0/24" }] };
    project.environment("demo", { deployers, network });
    imitations.deployed(...stackNames);
    const stateWith = (name: string) =>
      stateOf("network", {}, [
        {
          mode: "managed",
          type: "azurerm_role_assignment",
          name: `deployer-data-access_key-vault-crypto-officer-${name}_0A1B2C3D`,
          instances: [{ attributes: { principal_id: objectId } }],
        },
      ]);
    imitations.answer("state/network", stateWith("signed-in-user"));
    expect((await preflightAlone(scene)).message).toContain(
      `deployers: "signed-in-user" was ${objectId}, who is not the first`,
    );
    imitations.answer("state/network", stateWith(objectId));
    expect((await preflightAlone(scene)).message).not.toContain("is not the first");
    imitations.answer("state/network", stateWith("signed-in-user"));
    project.environment("demo", { deployers: [...deployers].reverse(), network });
    expect((await preflightAlone(scene)).message).not.toContain("is not the first");
  });

  it("finds a size of a newer generation without NVMe disks, and accepts a size with both kinds", async () => {
    const { imitations, project } = scene;
    project.environment("demo", {
      network: { deployerRanges: [{ name: "home", cidr: "20.30.40.0/24" }] },
      vault: { vmSize: "Standard_D2s_v6" },
      agentVms: [{ name: "agent", databaseRole: "short", vmSize: "Standard_D2s_v6" }],
    });
    const offer = (types: string) =>
      imitations.answer("az/vm-list-skus", [
        {
          name: "Standard_D2s_v6",
          family: "standardDSv6Family",
          capabilities: [{ name: "DiskControllerTypes", value: types }],
        },
      ]);
    offer("SCSI");
    expect((await preflightAlone(scene)).message).toContain(
      "VM size Standard_D2s_v6 does not support NVMe disks",
    );
    offer("SCSI,NVMe");
    expect((await preflightAlone(scene)).message).toBe("");
  });

  it("finds locks, a missing encryption feature and closed zones of a production environment", async () => {
    const lock = { ID: "lock-1", Who: "pipeline@runner", Created: "2026-11-21T10:00:00Z" };
    scene.project.environment(
      "production",
      {
        deployers: [{ name: "Me", objectId }],
        network: {
          deployerRanges: [{ name: "home", cidr: "20.30.40.0/24" }],
          subnets: {},
          addressSpace: "10.20.0.0/16",
        },
      },
      "production",
    );
    const { imitations } = scene;
    imitations.answer("az/storage-blob-list", [
      {
        name: "production/network.tfstate",
        properties: { lease: { state: "leased" } },
        metadata: { terraformlockid: Buffer.from(JSON.stringify(lock)).toString("base64") },
      },
    ]);
    imitations.answer("az/feature-show", { properties: { state: "NotRegistered" } });
    imitations.answer("az/mysql-capabilities", {
      properties: {
        supportedFlexibleServerEditions: [
          { supportedSkus: [{ name: "Standard_D2ds_v4", supportedHAMode: ["SameZone"] }] },
        ],
        supportedGeoBackupRegions: [],
      },
    });
    imitations.answer("az/vm-list-skus", [
      {
        name: "Standard_D4s_v5",
        family: "standardDSv5Family",
        capabilities: [
          { name: "vCPUs", value: "4" },
          { name: "EncryptionAtHostSupported", value: "False" },
        ],
        locationInfo: [{ zones: ["1", "2", "3"] }],
        restrictions: [{ type: "Zone", restrictionInfo: { zones: ["1"] } }],
      },
    ]);
    const { message } = await preflightAlone(scene, { environment: "production" });
    expect(message).toMatch(
      /state of network is locked by pipeline@runner since 2026-11-21.*force-unlock lock-1` \(in the pipeline: `gh workflow run main\.yml -f break_lock=lock-1`\)/,
    );
    expect(message).toContain("az feature register --namespace Microsoft.Compute --name EncryptionAtHost");
    expect(message).toContain("VM size Standard_D4s_v5 does not support encryption at host");
    expect(message).toContain(
      "MySQL in westeurope offers no standby in another zone for GP_Standard_D2ds_v4",
    );
    expect(message).toContain("MySQL in westeurope keeps no backups in another region");
    expect(message).toContain("not offered to this subscription in zone 1 of westeurope. Choose zone 2 or 3");
  });
});

describe("Wrong arguments are refused with a sentence:", () => {
  type Mistake = [what: string, args: string[], sentence: RegExp];
  const mistakes: Mistake[] = [
    ["an unknown environment", ["nowhere"], /environments\/nowhere\.json does not exist; choose from demo/],
    [
      "a stack whose dependency is missing",
      ["--stack", "mysql"],
      /Stack mysql depends on .*network.*, which is not deployed\. Add --stack/,
    ],
    ["an unknown option", ["--dry-run"], /Unknown option '--dry-run'\. See --help/],
  ];
  const more: Mistake[] = [
    [
      "an unknown stack",
      ["--stack", "nework"],
      /The environment has no stack "nework"\. Choose from vm-reader-role, network/,
    ],
    ["two environments", ["demo", "production"], /Name only one environment, not demo and production/],
    ["no time", ["--wait", "soon"], /--wait takes a whole number of seconds, not "soon"/],
  ];
  it.each([...mistakes, ...(longTests ? more : [])])("%s", async (_, args, sentence) => {
    const { code, stdout, stderr } = await scene.run("deploy", args);
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(sentence),
    });
  });
});

it.each(["demo", "production"])("every type of resource of %s is in the table of rights", (name) => {
  const stacks = [...sharedSystem(loadEnvironment(name)).values()];
  const types = new Set(stacks.flatMap((stack) => stack.resources().map(({ type }) => type)));
  expect(types.size).toBeGreaterThan(20);
  const unknown = [...types].filter((type) => type.startsWith("azurerm_") && !(type in actionsByType));
  expect(unknown).toEqual([]);
});
