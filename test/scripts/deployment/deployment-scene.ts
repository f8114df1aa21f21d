import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import { codeOf } from "../../../lib/processes/user-error";
import { stackNames } from "../../stack-names";
import { sharedSystem } from "../../synthesis";
import { tokenLike } from "../../token-like";
import { Imitations } from "./imitations";
import { ProjectCopy } from "./project-copy";
import { VaultImitation } from "./vault-imitation";

export const objectId = "99999999-9999-4999-8999-999999999999";
export const subscriptionId = "55555555-5555-4555-8555-555555555555";
/** Application id of the deployers' app registration. */
export const application = "33333333-3333-4333-8333-333333333333";
export const tenantId = "44444444-4444-4444-8444-444444444444";

const resourceProviders = [
  ...["Authorization", "Compute", "DBforMySQL", "Insights", "KeyVault", "ManagedIdentity", "Network"],
  ...["OperationalInsights", "Storage", "Web"],
].map((name) => `Microsoft.${name}`);

export type Script =
  | "deploy"
  | "destroy"
  | "pipeline/apply"
  | "restore"
  | "rotate-unseal-key"
  | "status"
  | "vault-env";

/** A script's exit code, which is null after a signal, and its output. */
export interface ScriptResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Run {
  readonly child: ChildProcess;
  /** Returns the output so far. */
  stdout(): string;
  stderr(): string;
  readonly ended: Promise<ScriptResult>;
}

/** A copy of the project and an imitated Azure without problems, in which nothing is deployed. Each test gets a new one. */
export class DeploymentScene {
  /** Runs a script in the test's process instead of its own. in-this-process.ts sets it. */
  static runInThisProcess?: (
    scene: DeploymentScene,
    script: Script,
    args?: readonly string[],
    env?: NodeJS.ProcessEnv,
  ) => Promise<ScriptResult>;

  imitations!: Imitations;
  vault!: VaultImitation;
  readonly project = new ProjectCopy();
  private folder = "";

  /** Sets up the scene before each test, and cleans up afterwards. */
  static use(): DeploymentScene {
    const scene = new DeploymentScene();
    beforeEach(() => scene.begin());
    afterEach(() => scene.end());
    afterAll(() => scene.project.remove());
    return scene;
  }

  /** Makes az print another token from now on. */
  login({ claims = {}, expiresOn = now() + 3600 }: { claims?: object; expiresOn?: number } = {}): void {
    const token = jwt({ oid: objectId, tid: tenantId, exp: now() + 3600, ...claims });
    this.imitations.answer("az/account-get-access-token", { accessToken: token, expires_on: expiresOn });
  }

  /** Makes deployers log in to Vault with an app registration, for which az prints a token with these app roles. */
  loginByApplication(roles: readonly string[] | undefined): void {
    this.project.environment("demo", {
      network: { deployerRanges: [{ name: "home", cidr: "20.30.40.0/24" }] },
      deployerLogin: { clientId: application, appRole: "Vault.Deploy" },
    });
    const token = jwt({
      oid: objectId,
      tid: tenantId,
      exp: now() + 3600,
      aud: `api://${application}`,
      roles,
    });
    this.imitations.answer("az/account-get-access-token-for-application", {
      accessToken: token,
      expires_on: now() + 3600,
    });
  }

  /** Starts a script as a person does, with the imitations on PATH. */
  start(script: Script, args: string[] = [], env: NodeJS.ProcessEnv = {}): Run {
    return this.launch(script, join(this.project.folder, "scripts", script), args, env);
  }

  /** Runs a script in a terminal, and types the text when the script asks its question. */
  runInTerminal(script: Script, args: string[], question: string, typed: string): Run["ended"] {
    const command = [join(this.project.folder, "scripts", script), ...args].join(" ");
    const run = this.launch(script, "script", ["--quiet", "--return", "--command", command, "/dev/null"]);
    const answer = (): void => {
      if (!run.stdout().includes(question)) return;
      run.child.stdout?.off("data", answer);
      run.child.stdin?.write(typed);
    };
    run.child.stdout?.on("data", answer);
    return run.ended;
  }

  /** Runs commands in the project's folder, as a person types them into a shell. */
  shell(commands: string): Run["ended"] {
    return this.launch("shell", "bash", [
      "-euo",
      "pipefail",
      "-c",
      `cd "$0"; ${commands}`,
      this.project.folder,
    ]).ended;
  }

  private launch(
    script: Script | "shell",
    program: string,
    args: string[],
    env: NodeJS.ProcessEnv = {},
  ): Run {
    this.project.copySources();
    const child = spawn(program, args, {
      cwd: this.folder,
      // The script gets its own process group, as in a shell.
      detached: true,
      env: { ...this.variables, ...env },
      stdio: [program === "script" ? "pipe" : "ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout?.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      stderr += chunk;
    });
    const ended = new Promise<ScriptResult>((resolve) => {
      child.on("close", (code) => resolve({ code, stdout, stderr }));
    }).then((result) => this.expectCleanEnd(script, result, child.signalCode !== null));
    return { child, stdout: () => stdout, stderr: () => stderr, ended };
  }

  /** Expects no token, no temporary file unless a signal killed the script, and no stack trace. */
  private expectCleanEnd(script: Script | "shell", result: ScriptResult, killed = false): ScriptResult {
    this.expectNoTokens(script === "vault-env" ? result.stderr : result.stdout + result.stderr);
    if (!killed) expect(this.temporaryFiles).toEqual([]);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    return result;
  }

  /** A script's environment, with the imitations on PATH. */
  get variables(): NodeJS.ProcessEnv {
    return {
      PATH: `${this.imitations.bin}:/usr/bin:/bin`,
      HOME: join(this.folder, "home"),
      TMPDIR: join(this.folder, "tmp"),
      IMITATION: this.imitations.folder,
      NODE_EXTRA_CA_CERTS: this.vault.certificateFile,
    };
  }

  /** Names of the files in the scripts' temporary folder. */
  get temporaryFiles(): string[] {
    return readdirSync(join(this.folder, "tmp"));
  }

  /** Runs a script to its end. With in-this-process.ts, this process runs it. */
  async run(...parameters: Parameters<DeploymentScene["start"]>): Promise<ScriptResult> {
    const [script] = parameters;
    const { runInThisProcess } = DeploymentScene;
    if (!runInThisProcess) return this.start(...parameters).ended;
    return this.expectCleanEnd(script, await runInThisProcess(this, ...parameters));
  }

  /** The deployer's token, as the imitated az prints it. */
  get token(): string {
    return this.tokenIn("account-get-access-token");
  }

  /** The token that it prints for the app registration. */
  get applicationToken(): string {
    return this.tokenIn("account-get-access-token-for-application");
  }

  private tokenIn(answer: string): string {
    return JSON.parse(readFileSync(join(this.imitations.folder, "az", answer), "utf8")).accessToken;
  }

  private async begin(): Promise<void> {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), "deployment-test-")));
    for (const name of ["home", "tmp"]) mkdirSync(join(this.folder, name));
    this.imitations = new Imitations(join(this.folder, "imitation"));
    this.vault = await VaultImitation.start(this.folder);
    this.project.environment("demo", {
      network: { deployerRanges: [{ name: "home", cidr: "20.30.40.0/24" }] },
    });
    this.allIsWell();
  }

  private end(): void {
    this.vault.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private allIsWell(): void {
    const { imitations } = this;
    const core = { currentValue: "4", limit: "100" };
    const answers = {
      "az/version": { "azure-cli": "2.91.0" },
      "az/account-show": {
        id: subscriptionId,
        name: "Demo",
        tenantId,
        state: "Enabled",
        environmentName: "AzureCloud",
      },
      "az/rest": { value: [{ actions: ["*"], notActions: [] }] },
      "az/provider-list": resourceProviders.map((namespace) => ({
        namespace,
        registrationState: "Registered",
      })),
      "az/vm-list-skus": [
        {
          name: "Standard_D2s_v5",
          family: "standardDSv5Family",
          capabilities: [{ name: "vCPUs", value: "2" }],
          locationInfo: [{ zones: ["1", "2", "3"] }],
          restrictions: [],
        },
      ],
      "az/vm-list-usage": [
        { name: { value: "cores" }, ...core },
        { name: { value: "standardDSv5Family" }, ...core },
      ],
      "az/mysql-capabilities": {
        properties: {
          supportedFlexibleServerEditions: [
            { name: "Burstable", supportedSkus: [{ name: "Standard_B1ms", supportedHAMode: [] }] },
            {
              name: "GeneralPurpose",
              supportedSkus: [{ name: "Standard_D2ds_v4", supportedHAMode: ["SameZone", "ZoneRedundant"] }],
            },
          ],
          supportedServerVersions: [{ name: "8.0.21" }, { name: "8.4" }],
          supportedGeoBackupRegions: ["northeurope"],
        },
      },
      "az/appservice-list-locations": [{ name: "North Europe" }, { name: "West Europe" }],
      "az/monitor-log-analytics-workspace-list-deleted-workspaces": [],
      "az/resource-list": [],
      "az/resource-delete": "",
      "az/group-exists": false,
      "az/role-definition-list": [],
      "az/keyvault-list-deleted": [],
      "az/check-name": { nameAvailable: true },
      "az/keyvault-certificate-download": this.vault.certificate,
      "az/storage-blob-list": [],
      "terraform/version": { terraform_version: "1.11.4" },
      "terraform/plan": { format_version: "1.2", resource_changes: [] },
      "terraform/plan-text": "Terraform will perform the following actions:\n",
    };
    for (const [file, content] of Object.entries(answers)) imitations.answer(file, content);
    this.login();
    const outputs: Record<string, Record<string, unknown>> = {
      network: { resource_group: "rg-demo-vault" },
      "vault-server": {
        vault_https_addr: this.vault.address,
        vault_ssh_addr: "vaultadmin@localhost",
        vault_certificate_url: "https://kv-demo-abc123.vault.azure.net/certificates/vault-tls",
      },
      "web-app": { webapp_url: this.vault.address, webapp_urls: { webapp: this.vault.address } },
    };
    for (const stack of stackNames) imitations.answer(`deployed/${stack}`, stateOf(stack, outputs[stack]));
  }

  /** Expects no token in arguments, in the output, or in any file except the imitation's own answer. */
  expectNoTokens(shown: string): void {
    const given = join(this.imitations.folder, "az/account-get-access-token");
    const places = ["state", "cdktf.out", "environments", "scripts", "node_modules/.cache"];
    const kept = places.map((name) => join(this.project.folder, name));
    // This includes cdktf.log.
    const beside = readdirSync(this.project.folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => join(this.project.folder, name));
    const texts = [...[this.folder, ...kept].flatMap(filesBelow), ...beside].filter(
      (file) => !file.startsWith(given),
    );
    const holders = texts.filter((file) => tokenLike.test(textOf(file)));
    expect(holders).toEqual([]);
    expect(shown).not.toMatch(tokenLike);
  }
}

/** The outputs of demo's stacks that other stacks read, by stack. */
let handedOn: ReadonlyMap<string, readonly string[]> | undefined;

/** A state in Terraform's format. */
export function stateOf(stack: string, outputs: Record<string, unknown> = {}, resources?: object[]): object {
  handedOn ??= new Map(
    [...sharedSystem(loadEnvironment("demo"))].map(([name, { outputs }]) => [name, [...outputs.keys()]]),
  );
  const forOthers = handedOn.get(stack)?.filter((name) => name.startsWith("cross-stack-output"));
  return {
    version: 4,
    outputs: Object.fromEntries([
      ...Object.entries(outputs).map(([name, value]) => [name, { value }]),
      ...(forOthers ?? []).map((name) => [name, { value: "for other stacks" }]),
    ]),
    resources: resources ?? [
      { mode: "managed", type: "terraform_data", instances: [{ attributes: { id: stack } }] },
    ],
  };
}

export function now(): number {
  return Math.floor(Date.now() / 1000);
}

function jwt(claims: object): string {
  const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString("base64url");
  return `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.signature`;
}

/** Returns the files without links. */
function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => lstatSync(file, { throwIfNoEntry: false })?.isFile());
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    // The folder does not exist, or a guardian removes one below it after a kill -9.
    return existsSync(folder) ? filesBelow(folder) : [];
  }
}

/** Returns an empty text for a file that a guardian has removed meanwhile. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  }
}
