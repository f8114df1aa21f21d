import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { loadEnvironment } from "../../../environments/load";
import { terraformConfiguration } from "../../../sandbox/vault-config/terraform-configuration";
import type { VaultResource } from "../../../sandbox/vault-config/vault-resource";
import { readSystem } from "../../../scripts/deployment/system";
import { pageCommands } from "../../docs/page-commands";
import { describeWithVault, vaultThere } from "../../sandbox/programs-there";
import { useSandbox } from "../../sandbox/system/running-sandbox";
import { describeWithTerraform } from "../../sandbox/vault-config/programs";
import { tokenLike } from "../../token-like";
import { DeploymentScene, objectId, stateOf, subscriptionId } from "./deployment-scene";

const scene = DeploymentScene.use();

describeWithVault("Against the sandbox's Vault", () => {
  const running = useSandbox({ upTo: "azure" });
  beforeAll(() => running.sandbox.startVault(), 180_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vault-env-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Makes az and Terraform's state describe the sandbox's Vault. */
  function deployedIsTheSandbox(): void {
    const { sandbox } = running;
    const { imitations } = scene;
    const token = sandbox.deployerToken();
    const { tid, exp } = claimsOf(token);
    const account = {
      id: subscriptionId,
      name: "Sandbox",
      tenantId: tid,
      state: "Enabled",
      environmentName: "AzureCloud",
    };
    imitations.answer("az/account-show", account);
    imitations.answer("az/account-get-access-token", { accessToken: token, expires_on: exp });
    imitations.answer("az/keyvault-certificate-download", readFileSync(sandbox.vaultCertificateFile, "utf8"));
    const outputs = {
      vault_https_addr: sandbox.vaultAddress,
      vault_certificate_url: `https://kv/${objectId}`,
    };
    imitations.answer("state/vault-server", stateOf("vault-server", outputs));
  }

  /** Runs a shell command in its own folder, with the variables that the script printed. */
  async function withVaultEnv(command: string): Promise<string> {
    deployedIsTheSandbox();
    const { code, stdout, stderr } = await scene.run("vault-env");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const env = {
      PATH: process.env.PATH,
      // Terraform finds providers here that it cannot download.
      HOME: homedir(),
      VAULT_PROGRAM: vaultThere() ?? "vault",
      HTTPS_PROXY: running.sandbox.azure.proxyUrlFor(),
      EXPORTS: stdout,
    };
    const shell = await promisify(execFile)("sh", ["-ec", `eval "$EXPORTS"; ${command}`], {
      env,
      cwd: folder,
    });
    return shell.stdout;
  }

  it("scripts/vault-env lets `vault status` reach Vault with a verified certificate", async () => {
    const status = JSON.parse(await withVaultEnv('"$VAULT_PROGRAM" status -format=json'));
    expect(status).toMatchObject({ initialized: true, sealed: false });
    await expect(withVaultEnv('unset VAULT_CACERT; "$VAULT_PROGRAM" status')).rejects.toThrow(
      "certificate signed by unknown authority",
    );
  });

  /** The commands of docs/deploy.md that it marks as run against a real Vault. */
  const commandsOf = (heading: string) =>
    pageCommands("deploy.md").filter(({ section, mark }) => section === heading && mark === "✔✔");
  const asVault = 'vault() { "$VAULT_PROGRAM" "$@"; }\n';

  it("scripts/vault-env lets a deployer log in as docs/deploy.md says, and read the configuration", async () => {
    const [vaultEnv, ...commands] = commandsOf("Use Vault").map(({ text }) => text);
    // withVaultEnv runs this command.
    expect(vaultEnv).toMatch(/^eval "\$\(scripts\/vault-env demo\)"/);
    expect(commands).toHaveLength(2);
    const output = await withVaultEnv(`${asVault}${commands.join("\n")}\nvault secrets list -format=json`);
    expect(output).toMatch(/Sealed +false.*"sys\/": \{/s);
  });

  describeWithTerraform("and with the real provider", () => {
    it("scripts/vault-env lets Terraform configure Vault, and a second plan is empty", async () => {
      const policy: VaultResource = {
        address: "vault_policy.example",
        type: "vault_policy",
        arguments: { name: "workload-example", policy: 'path "transit/keys" { capabilities = ["list"] }' },
        dependsOn: [],
      };
      const { json } = terraformConfiguration(running.sandbox.vaultAddress, [policy]);
      writeFileSync(join(folder, "main.tf.json"), JSON.stringify(json));
      const { TF_CLI_CONFIG_FILE, ...env } = process.env;
      await promisify(execFile)("terraform", ["init", "-input=false"], { cwd: folder, env });
      const log = await withVaultEnv(
        "terraform apply -auto-approve -no-color && terraform plan -detailed-exitcode -no-color",
      );
      expect(log).toContain("1 added, 0 changed, 0 destroyed");
      expect(log).toContain("No changes.");
      const deployer = await running.deployer();
      expect(await deployer.read("sys/policies/acl/workload-example")).toMatchObject({
        policy: expect.stringContaining("transit/keys"),
      });
      await deployer.logOut();
      expect(readFileSync(join(folder, "terraform.tfstate"), "utf8")).not.toMatch(tokenLike);
    });

    it("scripts/deploy configures Vault with the real cdktf, and leaves no token", async () => {
      deployedIsTheSandbox();
      const { project } = scene;
      project.write("stacks/vault-config.ts", vaultConfigWith(policyAlone));
      project.write("state/demo/vault-server.tfstate", JSON.stringify(vaultServerState()));
      const env = realPrograms();
      const { code, stderr } = await scene.run("deploy", ["demo", "--stack", "vault-config"], env);
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringContaining("smoke test: Vault … done"),
      });
      const deployer = await running.deployer();
      expect(await deployer.read("sys/policies/acl/workload-deployed")).toBeDefined();
      expect(await scene.run("destroy", ["--stack", "vault-config", "--confirm", "demo"], env)).toMatchObject(
        {
          code: 0,
        },
      );
      expect(await deployer.read("sys/policies/acl/workload-deployed")).toBeUndefined();
      await deployer.logOut();
    });

    it("scripts/deploy takes in the mounts and the audit device of a restored Vault, and leaves their content", async () => {
      deployedIsTheSandbox();
      const { project } = scene;
      const unsealKey = `/subscriptions/${subscriptionId}/resourceGroups/rg-first/providers/Microsoft.KeyVault/vaults/kv-first/keys/vault-unseal`;
      project.environment("demo", {
        network: { deployerRanges: [{ name: "home", cidr: "20.30.40.0/24" }] },
        vault: { publicAddress: true, unsealKey },
      });
      project.write(
        "stacks/vault-config.ts",
        vaultConfigWith(mountsOfTheProject(claimsOf(running.sandbox.deployerToken()).tid)),
      );
      project.write("state/demo/vault-server.tfstate", JSON.stringify(vaultServerState()));
      const env = realPrograms();
      const args = ["demo", "--stack", "vault-config"];
      const done = { code: 0, stderr: expect.stringContaining("smoke test: Vault … done") };
      const first = await scene.run("deploy", args, env);
      expect({ code: first.code, stderr: first.stderr }).toEqual(done);
      const deployer = await running.deployer();
      const content = async () => ({
        accessors: Object.entries(
          (await deployer.read("sys/mounts")) as Record<string, { accessor: string }>,
        ).map(([path, { accessor }]) => `${path} ${accessor}`),
        key: (await deployer.read("transit/keys/customer-key"))?.["keys"],
      });
      const before = await content();

      // The state of another environment, into whose Vault the snapshot was restored.
      rmSync(join(project.folder, "state/demo/vault-config.tfstate"));
      const { code, stderr } = await scene.run("deploy", args, env);
      expect({ code, stderr }).toEqual(done);
      for (const type of ["audit", "auth_backend", "jwt_auth_backend", "mount"])
        expect(stderr).toMatch(new RegExp(`imports vault_${type}\\.\\S+, which exists already`));
      expect(await content()).toEqual(before);
      const planned = await scene.run("deploy", [...args, "--plan", "--json"], env);
      expect(JSON.parse(planned.stdout).stacks).toMatchObject([{ add: 0, change: 0, destroy: 0 }]);
      await scene.run("destroy", ["--stack", "vault-config", "--confirm", "demo"], env);
      await deployer.logOut();
    });

    /** The environment of scripts that start the real Terraform and cdktf. */
    function realPrograms(): NodeJS.ProcessEnv {
      const mirror = join(homedir(), ".terraform.d/plugins");
      const { imitations } = scene;
      imitations.uninstall("npx");
      imitations.uninstall("terraform");
      return {
        PATH: `${imitations.bin}:${process.env["PATH"]}`,
        HOME: homedir(),
        HTTPS_PROXY: running.sandbox.azure.proxyUrlFor(),
        NO_PROXY: "registry.terraform.io,releases.hashicorp.com",
        CHECKPOINT_DISABLE: "1",
        // cdktf's `terraform providers lock` asks only the registry, unless a variable names the mirror.
        ...(existsSync(mirror) && { TF_CLI_ARGS_providers_lock: `-fs-mirror=${mirror}` }),
      };
    }

    /** Returns the outputs of the stack vault-server that the stack vault-config reads, with the sandbox's address. */
    function vaultServerState(): object {
      const { sandbox } = running;
      const [, suffix] = /vault-demo-(\w+)\./.exec(sandbox.vaultAddress) ?? [];
      const stack = readSystem(loadEnvironment("demo")).find(({ name }) => name === "vault-server");
      const [crossStack] = Object.keys(stack?.json.output ?? {}).filter((name) =>
        name.includes("random_string"),
      );
      const outputs = {
        vault_https_addr: sandbox.vaultAddress,
        vault_certificate_url: `https://kv/${objectId}`,
        [String(crossStack)]: suffix,
      };
      const attributes = { id: "one", input: null, output: null, triggers_replace: null };
      const resource = {
        mode: "managed",
        type: "terraform_data",
        name: "one",
        provider: 'provider["terraform.io/builtin/terraform"]',
        instances: [{ schema_version: 0, attributes }],
      };
      return {
        version: 4,
        serial: 1,
        lineage: "55555555-aaaa-4aaa-8aaa-555555555555",
        outputs: Object.fromEntries(
          Object.entries(outputs).map(([name, value]) => [name, { value, type: "string" }]),
        ),
        resources: [resource],
      };
    }
  });
});

function claimsOf(token: string): { tid: string; exp: number } {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

/** Resources of a smaller vault-config: their imports, and the statements of its constructor. */
interface Resources {
  readonly imports: string;
  readonly statements: string;
}

const policyAlone: Resources = {
  imports: 'import { Policy } from "@cdktf/provider-vault/lib/policy";',
  statements: 'new Policy(this, "policy", { name: "workload-deployed", policy: "# allows nothing" });',
};

/** Everything of vault-config that needs neither MySQL nor the workloads' identities. */
const mountsOfTheProject = (tenantId: string): Resources => ({
  imports: `
import { Mount } from "@cdktf/provider-vault/lib/mount";
import { AuditLog } from "../constructs/vault/audit-log";
import { AzureAuth } from "../constructs/vault/azure-auth";
import { JwtAuth } from "../constructs/vault/jwt-auth";
import { RateLimit } from "../constructs/vault/rate-limit";
import { TransitEngine } from "../constructs/vault/transit-engine";
import { createWorkloadPolicies } from "../constructs/vault/workload-policies";
import { cloudOf } from "../environments/azure-clouds";`,
  statements: `
    const cloud = cloudOf(environment);
    const tenantId = "${tenantId}";
    new AuditLog(this, "audit");
    new RateLimit(this, "rate-limit");
    const policies = createWorkloadPolicies(this, environment);
    new AzureAuth(this, "azure", { tenantId, cloud }).addRole({
      workload: "agent", policy: policies.get("agent") ?? "", subscriptionId: "${subscriptionId}", resourceGroup: "rg-demo-vault",
      principalIds: ["${objectId}"], boundCidr: "10.20.4.0/24", tokenTtl: "1h", tokenMaxTtl: "24h",
    });
    new JwtAuth(this, "jwt", { tenantId, cloud }).addRole({
      workload: "webapp", policy: policies.get("webapp") ?? "", principalId: "${objectId}", boundCidr: "10.20.3.0/24", tokenTtl: "1h",
    });
    new Mount(this, "database", { path: "database", type: "database", description: "MySQL users on demand" });
    new TransitEngine(this, "transit", { keys: environment.transitKeys, protect: false });`,
});

/** Replaces vault-config. It has the same provider and login. */
const vaultConfigWith = ({ imports, statements }: Resources): string => `
import type { Construct } from "constructs";
import { useVault } from "../constructs/vault/vault-provider";
import type { Environment } from "../environments/schema";
import { EnvironmentStack } from "./environment-stack";
import type { NetworkStack } from "./network";
import type { VaultServerStack } from "./vault-server";
${imports}

export class VaultConfigStack extends EnvironmentStack {
  constructor(
    scope: Construct, id: string, environment: Environment, _: NetworkStack, vaultServer: VaultServerStack, ...more: unknown[]
  ) {
    super(scope, id, environment, ["vault"]);
    useVault(this, { address: vaultServer.httpsAddress });
    ${statements}
  }
}
`;
