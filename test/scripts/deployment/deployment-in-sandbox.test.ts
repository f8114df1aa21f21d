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
import { describeWithVaultAndDatabase, vaultThere } from "../../sandbox/programs-there";
import { useSandbox } from "../../sandbox/system/running-sandbox";
import { describeWithTerraform } from "../../sandbox/vault-config/programs";
import { DeploymentScene, objectId, stateOf, subscriptionId } from "./deployment-scene";

const scene = DeploymentScene.use();

describeWithVaultAndDatabase("Against the sandbox's Vault", () => {
  const running = useSandbox({ upTo: "vault" });
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
    const { tid, exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
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
      expect(readFileSync(join(folder, "terraform.tfstate"), "utf8")).not.toContain("eyJ");
    });

    it("scripts/deploy configures Vault with the real cdktf, and leaves no token", async () => {
      deployedIsTheSandbox();
      const { imitations, project } = scene;
      project.write("stacks/vault-config.ts", smallVaultConfig);
      project.write("state/demo/vault-server.tfstate", JSON.stringify(vaultServerState()));
      const mirror = join(homedir(), ".terraform.d/plugins");
      imitations.uninstall("npx");
      imitations.uninstall("terraform");
      const env = {
        PATH: `${imitations.bin}:${process.env["PATH"]}`,
        HOME: homedir(),
        HTTPS_PROXY: running.sandbox.azure.proxyUrlFor(),
        NO_PROXY: "registry.terraform.io,releases.hashicorp.com",
        CHECKPOINT_DISABLE: "1",
        // cdktf's `terraform providers lock` asks only the registry, unless a variable names the mirror.
        ...(existsSync(mirror) && { TF_CLI_ARGS_providers_lock: `-fs-mirror=${mirror}` }),
      };
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

/** Replaces vault-config. It has the same provider and login, and one policy. */
const smallVaultConfig = `
import { Policy } from "@cdktf/provider-vault/lib/policy";
import type { Construct } from "constructs";
import { useVault } from "../constructs/vault/vault-provider";
import type { Environment } from "../environments/schema";
import { EnvironmentStack } from "./environment-stack";
import type { NetworkStack } from "./network";
import type { VaultServerStack } from "./vault-server";

export class VaultConfigStack extends EnvironmentStack {
  constructor(
    scope: Construct, id: string, environment: Environment, _: NetworkStack, vaultServer: VaultServerStack, ...more: unknown[]
  ) {
    super(scope, id, environment, ["vault"]);
    useVault(this, { address: vaultServer.httpsAddress });
    new Policy(this, "policy", { name: "workload-deployed", policy: "# allows nothing" });
  }
}
`;
