import "./in-this-process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { waitFor } from "../../../lib/processes/wait-for";
import { terraformFailure } from "../../../scripts/deployment/terraform-failure";
import { itTakesLong, longTests } from "../../long-tests";
import { stackNames } from "../../stack-names";
import { DeploymentScene, stateOf } from "./deployment-scene";

// The tests take seconds on an idle machine. The deadline is for a busy one.
jest.setTimeout(120_000);
const scene = DeploymentScene.use();
const applyAll = stackNames.map((stack) => `apply ${stack}`);

describe("scripts/deploy", () => {
  it("turns a login of az into a working system: all stacks in order, Vault, a smoke test, the outputs; gives token and certificate only to vault-config, by environment variables, and ends its own logins", async () => {
    const env = { VAULT_SKIP_VERIFY: "true", VAULT_TOKEN: "mine", TF_LOG: "trace" };
    const { code, stdout, stderr } = await scene.start("deploy", [], env).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("failed after") });
    const { imitations, vault } = scene;
    expect(imitations.changes).toEqual(applyAll);
    expect(imitations.runs).toEqual(stackNames.flatMap((stack) => [`plan ${stack}`, `apply ${stack}`]));
    const initialized = imitations.calls.filter(({ args }) => args[1] === "init");
    expect(initialized).toHaveLength(stackNames.length);
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      `vault_https_addr = ${vault.address}`,
      "vault_ssh_addr = vaultadmin@localhost",
      `webapp_url = ${vault.address}`,
    ]);
    expect(stdout).not.toContain("cross-stack");
    for (const stack of stackNames) expect(stderr).toMatch(new RegExp(`stack ${stack} … done in [\\d.]+ s`));
    expect(vault.requests).toContain("GET /healthz");
    expect(imitations.note("vault-login")).toBe(
      ["plan token", "plan certificate", "apply token", "apply certificate", ""].join("\n"),
    );
    const runs = imitations.calls.filter(({ args }) => ["plan", "apply"].includes(args[1] ?? ""));
    const ofVault = runs.map(({ variables }) => variables.filter((name) => /VAULT|TF_LOG/.test(name)).sort());
    const before = runs.slice(0, -2).map(() => ["TF_LOG"]);
    const login = ["TERRAFORM_VAULT_AUTH_JWT", "VAULT_CACERT"];
    expect(ofVault).toEqual([...before, login, login]);
    const count = (request: string) => vault.requests.filter((one) => one === request).length;
    expect(count("POST /v1/auth/token/revoke-self")).toBe(count("POST /v1/auth/deployer/login"));
  });

  type Login = [script: "deploy" | "destroy", args: string[], verbs: string[]];
  const deploys: Login = ["deploy", ["--stack", "vault-config"], ["plan", "apply"]];
  const destroys: Login = ["destroy", ["--stack", "vault-config", "--confirm", "demo"], ["destroy"]];
  it.each(longTests ? [deploys, destroys] : [deploys])(
    "logs in to Vault with the environment's app registration, scripts/%s",
    async (script, args, verbs) => {
      scene.loginByApplication(["Vault.Deploy"]);
      scene.imitations.deployed(...stackNames);
      const { code, stderr } = await scene.run(script, args);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(scene.imitations.note("vault-login")).toBe(
        verbs.map((verb) => `${verb} token-for-application\n${verb} certificate\n`).join(""),
      );
    },
  );

  const mountInTheWay =
    "Error: error writing to Vault\nCode: 400. Errors:\n* path is already in use at database/";

  it("removes a database engine whose first removal stopped half way, and continues", async () => {
    scene.imitations.deployed(...stackNames);
    scene.imitations.fail("terraform/apply-vault-config", mountInTheWay);
    scene.vault.onRemoval = () => scene.imitations.answer("terraform/apply-vault-config", "");
    const { code, stderr } = await scene.run("deploy", ["--stack", "vault-config"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining("deleted the database engine, because an earlier run"),
    });
    expect(scene.vault.requests).toContain("DELETE /v1/sys/mounts/database");
  });

  itTakesLong("does not remove a database engine that answers, and says what to do", async () => {
    scene.imitations.deployed(...stackNames);
    scene.imitations.fail("terraform/apply-vault-config", mountInTheWay);
    const { code, stderr } = await scene.run("deploy", ["--stack", "vault-config"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("still has the mount database"),
    });
    expect(scene.vault.requests).not.toContain("DELETE /v1/sys/mounts/database");
  });

  it("ends expired database users that Vault gave up, and names the others", async () => {
    scene.imitations.deployed(...stackNames);
    scene.vault.givenUp = [{ lease_id: "database/creds/short/abc" }];
    const ended = await scene.run("deploy", ["--stack", "vault-config"]);
    expect(ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("1 revoked, which Vault had given up on"),
    });
    scene.vault.leaseProblem = "Error 1045 (28000)";
    const { code, stderr } = await scene.run("deploy", ["--stack", "vault-config"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /lease database\/creds\/short\/abc is still there \(Error 1045 \(28000\)\)\. Repair/,
      ),
    });
  });

  it("says how to unseal a sealed Vault", async () => {
    scene.imitations.deployed(...stackNames);
    scene.vault.health = [503];
    const { code, stderr } = await scene.run("deploy", ["--stack", "vault-config", "--wait", "2"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /Vault is sealed\. .*restart it, and .* enable the version of the key vault-unseal/,
      ),
    });
  });

  it("does not repeat a token that a program prints", async () => {
    scene.imitations.deployed(...stackNames);
    scene.imitations.fail("terraform/apply-vault-config", "Error: cannot log in with THE-TOKEN\n");
    const { code, stdout } = await scene.run("deploy", ["--json", "--stack", "vault-config"]);
    expect(code).toBe(1);
    expect(stdout).toContain("cannot log in with (hidden)");
  });

  itTakesLong("tests a web app that was deployed alone, if Vault is configured", async () => {
    scene.imitations.deployed(...stackNames.slice(0, -1));
    await scene.run("deploy", ["--stack", "web-app"]);
    expect(scene.vault.requests).not.toContain("GET /healthz");
    scene.imitations.deployed("vault-config");
    await scene.run("deploy", ["--stack", "web-app"]);
    expect(scene.vault.requests).toContain("GET /healthz");
  });

  it("gives Terraform the environment and the subscription, and applies the checked plan in the stack's folder", async () => {
    await scene.run("deploy", ["demo", "--stack", "vm-reader-role"], {
      TF_WORKSPACE: "another",
      TF_DATA_DIR: "/elsewhere",
      TF_CLI_ARGS_plan: "-destroy",
    });
    const { calls } = scene.imitations;
    const [plan] = calls.filter(({ args }) => args[1] === "plan");
    const [apply] = calls.filter(({ args }) => args[1] === "apply");
    const folder = `-chdir=${scene.project.folder}/cdktf.out/stacks/vm-reader-role`;
    const file = plan?.args.at(-1);
    expect(plan?.args).toEqual([
      folder,
      "plan",
      "-no-color",
      "-input=false",
      "-detailed-exitcode",
      "-out",
      file,
    ]);
    expect(apply?.args).toEqual([folder, "apply", "-no-color", "-input=false", file]);
    expect(apply?.variables).toEqual(
      expect.arrayContaining([
        "ENVIRONMENT",
        "ARM_SUBSCRIPTION_ID",
        "ARM_ENVIRONMENT",
        "TF_PLUGIN_CACHE_DIR",
      ]),
    );
    expect(apply?.variables.filter((name) => /WORKSPACE|DATA_DIR|CLI_ARGS/.test(name))).toEqual([]);
  });

  itTakesLong("waits until Vault is ready: first sealed, then without the deployers' login", async () => {
    scene.vault.health = [501, 503, 200];
    scene.vault.login = [{ status: 400, errors: ['role "deployer" could not be found'] }, { status: 200 }];
    scene.imitations.deployed(...stackNames);
    const { code } = await scene.run("deploy", ["--stack", "vault-config", "--wait", "10"]);
    expect(code).toBe(0);
  });

  it("gives vault-config a token from after the wait, not an earlier one", async () => {
    scene.imitations.deployed(...stackNames);
    const { vault } = scene;
    vault.login = [{ status: 400, errors: ['role "deployer" could not be found'] }];
    const ended = scene.run("deploy", ["--stack", "vault-config", "--wait", "10"]);
    const asked = () => vault.requests.includes("POST /v1/auth/deployer/login");
    await waitFor("the script to log in", asked, { deadlineMs: 20_000 });
    const before = scene.token;
    scene.login({ claims: { uti: "renewed" } });
    vault.login = [{ status: 200 }];
    expect(await ended).toMatchObject({ code: 0 });
    expect(scene.token).not.toBe(before);
    expect(scene.imitations.note("vault-login")).toContain("apply token\napply certificate\n");
  });

  it("waits for a web app that starts slowly, and names a web app that never starts", async () => {
    scene.vault.webApp = 503;
    scene.imitations.deployed(...stackNames);
    const { code, stderr } = await scene.run("deploy", ["--stack", "web-app", "--wait", "1"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /waiting for the web app webapp to answer 200 .*it answered 503.*az webapp log tail/,
    );
  });

  it("says at the deadline why it cannot reach Vault", async () => {
    scene.vault.stop();
    const { code, stderr } = await scene.run("deploy", ["--wait", "1"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /Timed out after 1 s waiting for Vault at .*ECONNREFUSED.*network\.deployerRanges/,
    );
    expect(scene.imitations.changes).toEqual(applyAll.slice(0, -1));
  });

  it("does not wait for a Vault that refuses this deployer permanently", async () => {
    scene.vault.login = [{ status: 400, errors: ['error validating claims: claim "oid" does not match'] }];
    scene.imitations.deployed(...stackNames);
    const { code, stderr } = await scene.run("deploy", ["--stack", "vault-config"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Vault refuses this login .*Log in as a deployer of the environment/);
  });

  itTakesLong.each([
    "invalid expiration time (exp) claim: token is expired",
    "invalid not before (nbf) claim: token not yet valid",
    "invalid issued at (iat) claim: token issued in the future",
  ])("names the clock when Vault refuses a token's time: %s", async (words) => {
    scene.imitations.deployed(...stackNames);
    scene.vault.login = [{ status: 400, errors: [`error validating token: ${words}`] }];
    const { code, stderr } = await scene.run("deploy", ["--stack", "vault-config"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /refuses the time of this login's token .* clock of Vault's VM or of this/,
      ),
    });
  });

  it("prints only the result on stdout with --json, and progress on stderr", async () => {
    const { stdout, stderr } = await scene.run("deploy", [
      "--json",
      "--stack",
      "vm-reader-role",
      "--stack",
      "network",
    ]);
    expect(JSON.parse(stdout)).toEqual({
      environment: "demo",
      ok: true,
      stacks: ["vm-reader-role", "network"].map((stack) => ({ stack, seconds: expect.any(Number) })),
      outputs: { resource_group: "rg-demo-vault" },
    });
    expect(stderr).toContain("stack network … done");
  });

  itTakesLong("also prints failures as JSON", async () => {
    scene.imitations.fail("terraform/apply-network", "Error: RequestDisallowedByPolicy\n");
    const { code, stdout } = await scene.run("deploy", ["--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      stacks: [{ stack: "vm-reader-role" }],
      problems: [expect.stringContaining("A policy of your organisation forbids a resource")],
    });
  });

  it("deploys one environment after another from one folder", async () => {
    const pointers = ["vm-reader-role", "network"].map((stack) =>
      join(scene.project.folder, "cdktf.out/stacks", stack, ".terraform/terraform.tfstate"),
    );
    for (const [index, state] of ["staging/vm-reader-role", "demo/network"].entries()) {
      const file = pointers[index] as string;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(
        file,
        JSON.stringify({ backend: { type: "local", config: { path: `../../../state/${state}.tfstate` } } }),
      );
    }
    await scene.run("deploy", ["--stack", "vm-reader-role", "--stack", "network"]);
    expect(pointers.map((file) => existsSync(file))).toEqual([false, true]);
  });

  it("shows the plans with --plan, changes nothing, and says which stacks must wait", async () => {
    scene.imitations.deployed("vm-reader-role");
    scene.imitations.answer(
      "terraform/plan",
      planOf(["create"], ["update"], ["delete", "create"], ["no-op"]),
    );
    const { code, stdout } = await scene.run("deploy", ["--plan"]);
    expect(code).toBe(0);
    expect(scene.imitations.runs).toEqual(["plan vm-reader-role", "plan network"]);
    expect(stdout).toContain("# network: 2 to add, 1 to change, 1 to destroy\n\nTerraform will perform");
    expect(stdout).toContain("# vault-server: can be planned once network is deployed");
  });

  itTakesLong("plans no stack that reads an output which an earlier stack does not have yet", async () => {
    scene.imitations.deployed(...stackNames);
    const state = stateOf("agent-vm") as { outputs: object };
    scene.imitations.answer("state/agent-vm", { ...state, outputs: {} });
    const { code, stdout } = await scene.run("deploy", ["--plan", "--stack", "vault-config", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).stacks).toEqual([{ stack: "vault-config", waitsFor: ["agent-vm"] }]);
  });

  itTakesLong("plans vault-config against the running Vault", async () => {
    scene.imitations.deployed(...stackNames);
    const { code, stdout } = await scene.run("deploy", ["--plan", "--stack", "vault-config", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).stacks).toEqual([
      {
        stack: "vault-config",
        changes: {},
        add: 0,
        change: 0,
        destroy: 0,
        text: "Terraform will perform the following actions:",
      },
    ]);
    expect(scene.imitations.note("vault-login")).toBe("plan token\nplan certificate\n");
  });
});

describe("scripts/deploy and data", () => {
  const server = "azurerm_mysql_flexible_server.server_1";
  beforeEach(() => {
    const { imitations } = scene;
    const type = "azurerm_mysql_flexible_server";
    imitations.answer(
      "deployed/mysql",
      stateOf("mysql", {}, [{ mode: "managed", type, instances: [{ attributes: { name: "mysql-demo" } }] }]),
    );
    imitations.deployed(...stackNames);
    imitations.answer("terraform/plan", {
      format_version: "1.2",
      resource_changes: [
        {
          address: server,
          mode: "managed",
          change: { actions: ["delete", "create"], before: {}, after: {}, replace_paths: [["storage"]] },
        },
      ],
    });
  });

  it("refuses a plan that replaces a resource with data, before it changes the stack", async () => {
    const { code, stderr } = await scene.run("deploy", ["--stack", "mysql"]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `The plan of mysql replaces ${server} because of storage, which deletes the databases and their backups. Undo`,
    );
    expect(stderr).toContain(`If the data may be lost, add --allow-loss '${server}'.`);
    expect(scene.imitations.runs).toEqual(["plan mysql"]);
  });

  it("continues if the person names the resource that may be lost", async () => {
    const { code } = await scene.run("deploy", ["--stack", "mysql", "--allow-loss", server]);
    expect(code).toBe(0);
    expect(scene.imitations.runs).toEqual(["plan mysql", "apply mysql"]);
  });

  itTakesLong("names in the plan what would be lost", async () => {
    const { code, stderr } = await scene.run("deploy", ["--stack", "mysql", "--plan"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining(`Warning: The plan of mysql replaces ${server}`),
    });
  });
});

describe("An interruption of scripts/deploy", () => {
  // Each takes seconds, and they differ only in how much there is to go on from.
  const interrupted = longTests ? stackNames : ["mysql"];
  it.each(interrupted)(
    "at %s lets Terraform finish, and the same command continues from there",
    async (stack) => {
      const { imitations } = scene;
      const before = stackNames.slice(0, stackNames.indexOf(stack));
      imitations.hang("apply", stack);
      const run = scene.start("deploy");
      await waitFor("Terraform to begin", () => imitations.note("hanging") !== "", { deadlineMs: 20_000 });
      run.child.kill("SIGINT");
      const { code, stderr } = await run.ended;
      expect({ code, stderr }).toMatchObject({ code: 130 });
      expect(stderr).toContain(`Interrupted, waiting for Terraform to finish its work on ${stack}`);
      expect(imitations.note("terraform-finished")).toBe(`apply ${stack} 1\n`);

      expect(stackNames.filter((name) => imitations.isDeployed(name))).toEqual(before);
      const interrupted = [...before, stack].map((name) => `apply ${name}`);

      imitations.hang("apply", stack, false);
      expect(await scene.run("deploy")).toMatchObject({ code: 0 });
      expect(imitations.changes).toEqual([...interrupted, ...applyAll]);
    },
  );

  it("of the whole process group, as in a terminal, and a second time, sends Terraform a single signal", async () => {
    const { imitations } = scene;
    imitations.hang("apply", "network");
    const run = scene.start("deploy", ["--stack", "network", "--stack", "vm-reader-role"]);
    await waitFor("Terraform to begin", () => imitations.note("hanging") !== "", { deadlineMs: 20_000 });
    process.kill(-(run.child.pid as number), "SIGINT");
    await waitFor("the first word", () => run.stderr().includes("Interrupted"), { deadlineMs: 5000 });
    process.kill(-(run.child.pid as number), "SIGINT");
    const { code, stderr } = await run.ended;
    expect(code).toBe(130);
    expect(stderr).toContain("Still waiting for Terraform");
    expect(imitations.note("terraform-finished")).toBe("apply network 1\n");
  });

  it("by kill -9 leaves no plan, because a plan contains the state's values", async () => {
    const { imitations } = scene;
    imitations.hang("apply", "network");
    const run = scene.start("deploy", ["--stack", "network"]);
    await waitFor("Terraform to begin", () => imitations.note("hanging") !== "", { deadlineMs: 20_000 });
    expect(scene.temporaryFiles).not.toEqual([]);
    run.child.kill("SIGKILL");
    await waitFor("the plan to go", () => scene.temporaryFiles.length === 0, { deadlineMs: 20_000 });
    process.kill(Number(imitations.note("hanging").split(" ").at(-1)), "SIGINT");
    await run.ended;
  });

  it("during the checks in Azure changes nothing, and ends the script at once", async () => {
    const { imitations } = scene;
    imitations.hangs("az/vm-list-skus");
    const run = scene.start("deploy", ["--json"]);
    await waitFor("az to be asked", () => imitations.note("hanging") !== "", { deadlineMs: 20_000 });
    process.kill(-(run.child.pid as number), "SIGINT");
    const { code, stdout, stderr } = await run.ended;
    expect({ code, stderr }).toEqual({
      code: 130,
      stderr: expect.stringContaining("Interrupted. Run the same command again to continue."),
    });
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, problems: ["Interrupted."] });
    expect(imitations.runs).toEqual([]);
  });

  it("during the wait for Vault ends the script at once", async () => {
    scene.vault.health = [503];
    scene.imitations.deployed(...stackNames.slice(0, -1));
    const run = scene.start("deploy", ["--stack", "vault-config"]);
    await waitFor("the script to ask Vault", () => scene.vault.requests.length > 0, { deadlineMs: 20_000 });
    run.child.kill("SIGTERM");
    const { code, stderr } = await run.ended;
    expect(code).toBe(143);
    expect(stderr).toContain("Interrupted. Run the same command again to continue.");
  });
});

describe("A failure of Terraform is reported with its cure:", () => {
  const lock = `Error: Error acquiring the state lock

Error message: state blob is already locked
Lock Info:
  ID:        6a1b2c3d-0000-1111-2222-333344445555
  Path:      demo/network
  Operation: OperationTypeApply
  Who:       ada@laptop
  Created:   2026-11-21 10:00:00 UTC
`;
  it.each([
    [
      "an interrupted run's state lock",
      lock,
      /locked by ada@laptop since 2026-11-21.*force-unlock 6a1b2c3d-0000-1111-2222-333344445555/,
    ],
    [
      "Key Vault's firewall",
      "Error: Forbidden\nClient address is not authorized and caller is not a trusted\nservice. Client address: 198.51.100.7",
      /refuses this computer's address 198\.51\.100\.7\. Add 198\.51\.100\.7\/32/,
    ],
    [
      "a missing right",
      "Error: the client 'x' does not have authorization to perform action\n'Microsoft.Network/virtualNetworks/write' over scope '/subscriptions/1'",
      /does not have the right Microsoft\.Network\/virtualNetworks\/write on \/subscriptions\/1/,
    ],
    [
      "a taken name",
      'Error: VaultAlreadyExists: The vault name "kv" is already in use',
      /resource has a name that network chose.*ENVIRONMENT=demo npm run synth && .* state list \| .* state rm/,
    ],
    [
      "a resource that the state does not know",
      'Error: A resource with the ID "/subscriptions/1/rg" already exists - to be managed',
      /\/subscriptions\/1\/rg exists already, but not in the state/,
    ],
    [
      "an expired login",
      "Error: AADSTS700082: The refresh token has expired",
      /login to Azure has expired\. Run `az login`/,
    ],
    ["protected data", "Error: Instance cannot be destroyed", /protectData/],
    [
      "a password of MySQL that Vault lost",
      "Error: error configuring database connection: error verifying - ping: Error 1045 (28000): Access denied for user 'vaultadmin'@'10.0.1.4'",
      /Set mysql\.passwordVersion in environments\/demo\.json to 2, and run `scripts\/deploy demo`/,
    ],
    [
      "a mount that an interrupted destroy left",
      "Error: error writing to Vault: Error making API request.\nCode: 400. Errors:\n* path is already in use at database/",
      /start MySQL \(`az mysql flexible-server start`\), and run `scripts\/deploy demo`, which deletes it\. Otherwise .*`vault secrets disable database`/,
    ],
    [
      "a mount that somebody created",
      "Error: error writing to Vault: Error making API request.\nCode: 400. Errors:\n* path is already in use at transit/",
      /already has the mount transit.*`vault secrets disable transit`, and then `scripts\/deploy demo`/,
    ],
    ["a state in another place", "Error: Backend configuration changed", /Run `scripts\/migrate-state demo`/],
    ["a size that is not offered", "Error: SkuNotAvailable: the size", /does not offer a VM of that size/],
    [
      "a full zone",
      "Error: ZonalAllocationFailed: We do not have",
      /no capacity .* in the zone\. Choose another zone/,
    ],
    ["a full region", "Error: AllocationFailed: Allocation failed", /no capacity in the region/],
    ["MySQL that a region lacks", "Error: ProvisionNotSupportedForRegion", /no capacity in the region/],
    [
      "another kind of disks",
      "Error: InvalidParameter: The VM size 'Standard_L2aos_v4' cannot boot with OS image or disk. Please check that\n│ disk controller types supported by the OS image or disk is one of",
      /size has another disk controller \(SCSI or NVMe\) than its operating system's disk\. Choose another size/,
    ],
    ["a quota", "Error: QuotaExceeded: Operation could not", /quota is used up\. Request more in the portal/],
    [
      "a quota of cores",
      "Error: OperationNotAllowed: Operation could not be completed as it results in exceeding\n│ approved Total Regional Cores quota.",
      /quota is used up/,
    ],
    [
      "a policy",
      'Error: RequestDisallowedByPolicy: Resource \'vnet\' was disallowed by policy. "policyDefinitionDisplayName": "Require a tag"',
      /A policy of your organisation forbids a resource \(Require a tag\)\. Ask the policy's owner/,
    ],
    [
      "a storage account's firewall",
      "Error: unexpected status 403 (403 This request is not authorized to perform this operation.) with AuthorizationFailure: This request is not authorized to perform this operation.",
      /The storage account refuses this computer's address\. Add it to network\.deployerRanges/,
    ],
    [
      "a storage account's firewall, in the words of az",
      "ERROR: The request may be blocked by network rules of storage account. Please check network rule set using 'az storage account show -n accountname --query networkRuleSet'.",
      /The storage account refuses this computer's address/,
    ],
    [
      "a role for blobs that is still missing",
      "Error: 403 AuthorizationPermissionMismatch: This request is not authorized to perform this operation using this permission.",
      /The storage account refuses the login\. A role assignment takes some minutes/,
    ],
    [
      "a quota of public addresses",
      "Error: PublicIPCountLimitReached: Cannot create more than 20 public IP addresses for this subscription",
      /quota is used up/,
    ],
    [
      "a quota of App Service",
      "Error: This region has quota of 0 instances for your subscription. Try selecting different region or SKU.",
      /quota is used up/,
    ],
    [
      "App Service without room",
      "Error: No available instances to satisfy this request. App Service is attempting to increase capacity.",
      /no capacity in the region/,
    ],
    [
      "MySQL in a region that is closed to the subscription",
      "Error: LocationIsOfferRestricted: Subscriptions are restricted from provisioning in location 'westeurope'.",
      /no capacity in the region/,
    ],
    [
      "encryption at host, which nobody registered",
      "Error: InvalidParameter: The property 'securityProfile.encryptionAtHost' is not valid because the 'Microsoft.Compute/EncryptionAtHost' feature is not enabled for this subscription.",
      /az feature register --namespace Microsoft\.Compute --name EncryptionAtHost/,
    ],
    ["a reserved word", "Error: ReservedResourceName: windows", /contains a word that Azure reserves/],
    [
      "a deployer's subnet without a service endpoint",
      "Error: unexpected status 400 (400 Bad Request) with error: SubnetsHaveNoServiceEndpointsConfigured: Subnets snet-runners of virtual network vnet do not have ServiceEndpoints for Microsoft.KeyVault resources configured.",
      /network\.deployerSubnets has no service endpoint Microsoft\.KeyVault\. Add it \(`az network/,
    ],
    [
      "an audit device whose request was interrupted",
      `Error: error enabling audit backend: Error making API request.\n\nURL: PUT https://vault.example:8200/v1/sys/audit/file\nCode: 400. Errors:\n\n* failed to register "file" audit backend "file/": backend already\n│ registered 'file/': invalid configuration\n\n  with vault_audit.audit_file,\n`,
      /lists or forgets it at its next start\. Restart the leader's VM .*`scripts\/status demo` names the leader/,
    ],
    [
      "a Key Vault without a public address",
      'Error: keyvault.BaseClient#GetKey: StatusCode=403 Code="Forbidden" Message="Connection is not an approved private link and caller was ignored because bypass is not set to \'AzureServices\' and PublicNetworkAccess is set to \'Disabled\'." InnerError={"code":"ForbiddenByConnection"}',
      /accepts only requests to its private endpoint\. Run the same command again from a private network/,
    ],
    ["a busy server", "Error: ServerIsBusy: Cannot complete", /still busy with an earlier change/],
    [
      "leftovers of Azure or people in a resource group",
      "Error: deleting Resource Group: the Resource Group still contains Resources.\n* `/subscriptions/1/resourceGroups/rg/providers/a/b/c`\nThis feature",
      /still contains resources that no stack of demo created \(\/subscriptions\/1\/resourceGroups\/rg\/providers\/a\/b\/c\)\. Delete them/,
    ],
    [
      "anything else",
      "Error: the moon\n│ is full\n╵",
      /^Terraform failed with network: the moon is full\. Correct that, and run the same command again\.$/,
    ],
  ])("%s", (_, message, sentence) => {
    expect(terraformFailure({ environment: "demo", stack: "network" }, message)).toMatch(sentence);
  });

  it("and ends the run there, with exit code 1", async () => {
    scene.imitations.deployed("vm-reader-role");
    scene.imitations.fail("terraform/apply-network", lock);
    const { code, stderr } = await scene.run("deploy", ["--stack", "network", "--stack", "vault-server"]);
    expect(code).toBe(1);
    expect(stderr.trim().split("\n").at(-1)).toMatch(/locked by ada@laptop.*force-unlock 6a1b2c3d/);
    expect(scene.imitations.changes).toEqual(["apply network"]);
  });
});

/** A plan in which a resource undergoes each of these actions. */
function planOf(...actions: string[][]): object {
  return {
    format_version: "1.2",
    resource_changes: actions.map((some, index) => ({
      address: `terraform_data.resource_${index}`,
      mode: "managed",
      change: { actions: some, before: {}, after: {} },
    })),
  };
}
