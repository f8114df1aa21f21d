import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { nodeRelease } from "../../cloud-init/agent-vm/node-release";
import { vaultRelease } from "../../cloud-init/common/vault-release";
import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import type { Progress } from "../../lib/processes/progress";
import { lastLines, runProgram } from "../../lib/processes/run-program";
import { UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";
import { readSynthesizedFolder } from "../../lib/synthesized/synthesized-folder";
import { VaultClient } from "../../lib/vault-api/vault-client";
import { type Azure, startAzure } from "../azure/azure";
import { notImitatedCodes } from "../azure/server/refusal";
import type { RequestRecord } from "../azure/server/request-log";
import { deletedVaultType } from "../azure/services/resource-manager/key-vaults";
import type { Machine } from "../machine/machine";
import { findMySqlProgram } from "../mysql/mysql-program";
import { smokeTest } from "../system/smoke-test";
import type { UndoSteps } from "../system/undo-steps";
import { agentWorkloads, webAppWorkloads } from "../system/workloads";
import { azureBefore, deployerOf, subscriptionId, tenantId } from "./empty-azure";
import { type DeploymentPlan, deploymentPlan, differencesOf, type ExpectedPlan } from "./expected-plan";
import { differencesFromFallback } from "./fallback-comparison";
import { fallbackModel } from "./fallback-model";
import { killMarked } from "./marked-processes";
import type { RehearsalPrograms } from "./programs";
import { copyProject, type EnvironmentFile, editEnvironment, prepareEnvironment } from "./project-copy";
import { type DatabaseUser, RunningResources } from "./running-resources";

/** A second Vault, which an upgrade deploys. */
export interface OtherVault {
  /** The version in an environment. */
  version: string;
  /** The version that the program reports. */
  says: string;
  path: string;
}

export interface RehearsalOptions {
  environment: Environment;
  programs: RehearsalPrograms;
  /** A copy of the project to deploy from. */
  project: string;
  /** A folder for this rehearsal alone. */
  folder: string;
  /** /etc/hosts of the private network. */
  hostsFile: string;
  /** Path of the Vault that the VMs run, in the environment's version. */
  vaultProgram: string;
  vaultVersion: string;
  /** Undefined if the machine has only one Vault. */
  otherVault: OtherVault | undefined;
  progress: Progress;
  undo: UndoSteps;
}

/** Milliseconds for one run of a script. */
const deadlineMs = 3_600_000;

/** The application's configuration, as Vault Agent renders it. */
const RENDERED = "/ramdisk/app/config.json";

const rendered = z.object({ database: z.object({ user: z.string(), password: z.string() }) });

const deployed = z.object({
  stacks: z.array(z.object({ stack: z.string(), seconds: z.number() })),
  outputs: z.object({
    vault_https_addr: z.string().optional(),
    webapp_urls: z.record(z.string(), z.string()).optional(),
  }),
});

/** A variable in the environment of all processes of a script. Its value is the rehearsal's folder. */
const scriptMarker = "VAULT_ON_AZURE_REHEARSAL";

/** Name of Vault's certificate in Key Vault. */
const certificateName = "vault-tls";

/** The audience of people's tokens, as in `az account get-access-token`. */
const managementAudience = "https://management.core.windows.net/";

/** Deploys, changes and destroys an environment with the project's own scripts and real programs, against the stand-in for Azure. */
export class Rehearsal {
  private vaultAddress = "";
  private webAppUrls: Readonly<Record<string, string>> = {};
  private readonly unknown = new Set<string>();
  private readonly trusted = new Set<string>();
  /** Ids of the resources that existed before the deployment: the deployer's own rights. */
  private readonly atStart: ReadonlySet<string>;
  /** The current content of its file in the copy. */
  environment: Environment;

  private constructor(
    private readonly options: RehearsalOptions,
    readonly azure: Azure,
    readonly running: RunningResources,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    this.environment = options.environment;
    this.atStart = new Set(azure.resources.all.map(({ id }) => id));
    azure.requests.onAnswer((record) => this.noteUnknown(record));
  }

  readonly subscriptionId = subscriptionId;

  get environmentName(): string {
    return this.environment.name;
  }

  /** The copy's folder. */
  get project(): string {
    return this.options.project;
  }

  get otherVault(): OtherVault | undefined {
    return this.options.otherVault;
  }

  /** The Vault that the VMs run first. */
  get firstVault(): { path: string; says: string } {
    return { path: this.options.vaultProgram, says: this.options.vaultVersion };
  }

  /** Object id of the deployer. */
  get person(): string {
    return deployerOf(this.environment);
  }

  /** Signs the deployer in to the Azure CLI. */
  async logIn(): Promise<void> {
    await this.az("login", "--use-device-code", "--tenant", tenantId, "--output", "none");
  }

  /** Runs the Azure CLI as the deployer, and returns what it prints. */
  async az(...args: string[]): Promise<string> {
    return (await this.run(this.options.programs.az, args)).stdout;
  }

  /** Starts an empty Azure, and signs the deployer in to the Azure CLI. */
  static async start(options: RehearsalOptions): Promise<Rehearsal> {
    const { folder, progress, undo, environment, hostsFile, vaultProgram, otherVault } = options;
    const mysqlProgram = await findMySqlProgram({ progress });
    const caFile = join(folder, "ca.pem");
    const log = join(folder, "azure.log");
    const print = (line: string) => appendFileSync(log, `${line}\n`, { mode: 0o600 });
    const running = new RunningResources({
      folder: join(folder, "run"),
      caFile,
      programs: [
        { ...vaultRelease(environment.vault), path: vaultProgram },
        ...(otherVault ? [{ name: "vault", ...otherVault }] : []),
        { ...nodeRelease, path: process.execPath },
      ],
      mysqlProgram,
      hostsFile,
      print,
    });
    const person = deployerOf(environment);
    const azure = await progress.step("stand-in for Azure", () =>
      startAzure(azureBefore(environment, person), {
        print,
        onResourceChange: running.follow,
        siteRunner: running,
        consoleOf: (machine) => running.consoleOf(machine),
        personAtBrowser: person,
      }),
    );
    running.use(azure);
    await undo.add(() => azure.stop());
    await undo.add(() => running.stop());
    await writeFile(caFile, azure.caPem);
    await mkdir(join(folder, "az"), { mode: 0o700 });
    const rehearsal = new Rehearsal(
      options,
      azure,
      running,
      environmentOf(options, azure.proxyUrlFor(), caFile),
    );
    await progress.step("az login", () => rehearsal.logIn());
    return rehearsal;
  }

  /** @param options of scripts/deploy, such as the stacks (default: all) */
  async deploy(...options: string[]): Promise<void> {
    await this.deployTimed(...options);
  }

  /** The seconds for each stack. */
  async deployTimed(...options: string[]): Promise<{ stack: string; seconds: number }[]> {
    const { stdout } = await this.script("deploy", this.environmentName, "--json", ...options);
    const { stacks, outputs } = deployed.parse(JSON.parse(stdout));
    this.vaultAddress = outputs.vault_https_addr ?? "";
    this.webAppUrls = outputs.webapp_urls ?? {};
    return stacks;
  }

  /** Deploys synthesized stacks with Terraform alone. The seconds of init do not count for a stack. */
  async applyByHand(): Promise<{ stack: string; seconds: number }[]> {
    const terraform = (stack: string, args: string[], env: NodeJS.ProcessEnv) =>
      this.run(
        this.options.programs.terraform,
        [`-chdir=cdktf.out/stacks/${stack}`, ...args],
        "terraform",
        env,
      );
    const subscription = { ARM_SUBSCRIPTION_ID: subscriptionId };
    const times = [];
    for (const { name: stack } of readSynthesizedFolder(join(this.project, "cdktf.out"))) {
      await terraform(stack, ["init", "-input=false"], subscription);
      const login = stack === "vault-config" ? await this.vaultLogin() : {};
      const start = performance.now();
      await terraform(stack, ["apply", "-auto-approve", "-input=false"], { ...subscription, ...login });
      times.push({ stack, seconds: (performance.now() - start) / 1000 });
    }
    return times;
  }

  /** The variables that scripts/vault-env exports. */
  private async vaultLogin(): Promise<NodeJS.ProcessEnv> {
    const { stdout } = await this.script("vault-env", this.environmentName);
    const exports = [...stdout.matchAll(/^export (\w+)='([^']*)'$/gm)];
    return Object.fromEntries(exports.map(([, name, value]) => [name, value]));
  }

  /** Runs the sandbox's smoke test on the deployed system. */
  async smokeTest(): Promise<void> {
    const { progress } = this.options;
    await writeFile(this.vaultCaFile, this.vaultCertificate);
    const { agents, azure, running, environment } = this;
    for (const agent of agents.values()) await untilRendered(agent);
    const databases = [...running.databases.values()].map(({ server }) => server);
    const { person } = this;
    await smokeTest(
      {
        agents,
        azure,
        caFile: this.caFile,
        environment,
        database: only("MySQL server", databases),
        vault: this.vault,
        webApps: running.webApps,
        agentWorkloads: () => agentWorkloads(environment),
        webAppWorkloads: () => webAppWorkloads(this.webAppUrls),
        deployerToken: (overrides) => azure.tokenForPerson(person, managementAudience, overrides),
        vaultConnection: (from) => this.vaultConnection(from),
      },
      progress,
    );
  }

  /** @throws UserError if scripts/status finds something wrong, or cannot see it */
  async expectWell(): Promise<void> {
    // Their timers run within the hour.
    for (const node of this.vaultNodes) await node.run("vault-snapshot.service");
    await this.script("status", this.environmentName);
  }

  /** Waits until Vault Agent on the first VM of a group has a user in MySQL, and returns this user. */
  async databaseUserOf(group: string): Promise<DatabaseUser> {
    const [agent] = agentWorkloads(this.environment)
      .filter(({ name }) => name === `${group}-1`)
      .flatMap(({ machine }) => this.agents.get(machine) ?? []);
    if (!agent) throw new UserError(`${group} has no VM.`);
    await untilRendered(agent);
    const file = agent.path(RENDERED);
    return rendered.parse(JSON.parse(await readFile(file, "utf8"))).database;
  }

  /** Edits the environment's file in the copy. */
  edit(edit: (environment: EnvironmentFile) => void): void {
    const { project } = this.options;
    editEnvironment(project, this.environmentName, edit);
    this.environment = loadEnvironment(this.environmentName, join(project, "environments"));
  }

  /** Replaces an older version of the project. The states stay. */
  async useProjectOfToday(): Promise<void> {
    const { project, vaultVersion } = this.options;
    await copyProject(project);
    prepareEnvironment(project, this.environmentName, vaultVersion);
    this.environment = loadEnvironment(this.environmentName, join(project, "environments"));
  }

  /** Kills the running script and all its processes (kill -9), as a power cut does. */
  killScript(): Promise<void> {
    return killMarked(scriptMarker, this.options.folder);
  }

  /** Renews the certificate, as Key Vault does some time before it expires. */
  async renewVaultCertificate(): Promise<void> {
    await this.azure.renewCertificate(this.keyVaultWithCertificate, certificateName);
    await writeFile(this.vaultCaFile, this.vaultCertificate);
  }

  /** @throws UserError if a deployer cannot log in to Vault */
  async logsIn(deployer: string): Promise<void> {
    const client = await this.vaultAs(deployer);
    await client.logOut();
  }

  /** Vault's API with the deployer's login. */
  readonly deployer = (): Promise<VaultClient> => this.vaultAs(this.person);

  /** Lets clients trust the newest certificate and the earlier ones, which Vault may still serve. */
  trustNewestCertificate(): void {
    this.trusted.add(this.vaultCertificate);
    writeFileSync(this.vaultCaFile, [...this.trusted].join("\n"));
  }

  private vaultAs(deployer: string): Promise<VaultClient> {
    const jwt = this.azure.tokenForPerson(deployer, managementAudience);
    return VaultClient.loggedIn({ ...this.vaultConnection(), jwt });
  }

  /** The version that the running Vault reports. */
  async vaultVersion(): Promise<string> {
    const client = new VaultClient(this.vaultConnection());
    const { version } = await client.request({ method: "GET", path: "sys/health" });
    client.close();
    return String(version);
  }

  private vaultConnection(from?: string) {
    return {
      address: this.vaultAddress,
      caFile: this.vaultCaFile,
      proxyUrl: this.azure.proxyUrlFor(from),
    };
  }

  private get vaultCaFile(): string {
    return join(this.options.folder, "vault.pem");
  }

  get vaultServerName(): string {
    return new URL(this.vaultAddress).hostname;
  }

  /** The VM of the first node. */
  get vault(): Machine {
    const [first] = this.vaultNodes;
    if (!first) throw new UserError("Vault has no VM.");
    return first;
  }

  private get caFile(): string {
    return join(this.options.folder, "ca.pem");
  }

  /** Vault's VMs by name. */
  get vaultNodes(): Machine[] {
    return [...this.running.machines.values()]
      .filter(({ name }) => !this.agents.has(name))
      .sort((one, other) => one.name.localeCompare(other.name));
  }

  get agents(): Map<string, Machine> {
    const names = new Set(agentWorkloads(this.environment).map(({ machine }) => machine));
    return new Map([...this.running.machines].filter(([name]) => names.has(name)));
  }

  /** The newest version of Vault's certificate, PEM. */
  get vaultCertificate(): string {
    return this.azure.keyVault(this.keyVaultWithCertificate).certificate(certificateName) ?? "";
  }

  get keyVaultWithCertificate(): string {
    const names = this.azure.resources.ofType("Microsoft.KeyVault/vaults").map(({ name }) => name);
    const holders = names.filter((name) => this.azure.keyVault(name).certificate(certificateName));
    return only("Key Vault with a certificate", holders);
  }

  async plan(...options: string[]): Promise<DeploymentPlan> {
    const { stdout } = await this.script("deploy", this.environmentName, "--plan", "--json", ...options);
    await writeFile(join(this.options.folder, "plan.json"), stdout, { mode: 0o600 });
    return deploymentPlan.parse(JSON.parse(stdout));
  }

  /** @throws UserError if the plan does anything else */
  async expectPlan(expected: ExpectedPlan, ...options: string[]): Promise<void> {
    const differences = differencesOf(await this.plan(...options), expected);
    if (differences.length > 0) {
      throw new UserError(`The plan differs from the expected plan.\n${differences.join("\n")}`);
    }
  }

  /** @throws UserError if the sandbox's fallback for azurerm would create other resources in Azure */
  async expectFallbackAlike(): Promise<void> {
    const { azure, person, environment, project } = this;
    const real = azure.resources.all.filter(({ id }) => !this.atStart.has(id));
    const states = new Map<string, string>();
    for (const { name } of readSynthesizedFolder(join(project, "cdktf.out"))) {
      // The output goes to a file, because `run` keeps only the end of a program's output.
      const file = join(this.options.folder, `${name}.tfstate`);
      const pull = [this.options.programs.terraform, `-chdir=cdktf.out/stacks/${name}`, "state", "pull"];
      await this.run("/bin/sh", ["-c", 'exec "$@" >"$0"', file, ...pull], "terraform");
      states.set(name, await readFile(file, "utf8"));
    }
    const fallback = fallbackModel(project, environment, { azure, person, states });
    const differences = differencesFromFallback(real, fallback);
    if (differences.length > 0)
      throw new UserError(`The sandbox's Azure would differ:\n${differences.join("\n")}`);
  }

  /** @throws UserError if a deployed resource remains, or if Azure keeps something and the script does not say so */
  async destroy(...options: string[]): Promise<void> {
    const name = this.environmentName;
    const keptBefore = this.deletedKeyVaults;
    const { stderr } = await this.script("destroy", name, "--confirm", name, ...options);
    if (this.deletedKeyVaults > keptBefore && !stderr.includes("Azure keeps the deleted Key Vaults"))
      throw new UserError("scripts/destroy does not say that Azure keeps the Key Vaults.");
    const left = this.leftovers();
    if (left.length > 0) throw new UserError(`scripts/destroy left behind:\n${left.join("\n")}`);
  }

  /** Deploys a stack with cdktf alone, as docs/deploy.md says. @throws UserError if that would change a deployed resource */
  async expectNothingFromCdktf(stack: string): Promise<void> {
    const args = ["deploy", stack, "--auto-approve", "--no-color"];
    const { stdout } = await this.run(
      join(this.project, "node_modules/.bin/cdktf"),
      [...args, "--ignore-missing-stack-dependencies"],
      "cdktf",
      { ENVIRONMENT: this.environmentName, ARM_SUBSCRIPTION_ID: subscriptionId },
    );
    if (!stdout.includes("No changes.")) {
      throw new UserError(`cdktf deploy would change resources that scripts/deploy deployed:\n${stdout}`);
    }
  }

  /** Ids of all resources, without the deleted Key Vaults that Azure keeps. */
  leftovers(): string[] {
    return this.azure.resources.all
      .filter(({ id, type }) => type !== deletedVaultType && !this.atStart.has(id))
      .map(({ id }) => id);
  }

  private get deletedKeyVaults(): number {
    return this.azure.resources.ofType(deletedVaultType).length;
  }

  /** Requests to Azure that the stand-in does not support, since the start or the last reset. One a line. */
  unknownRequests(): string[] {
    return [...this.unknown];
  }

  forgetUnknownRequests(): void {
    this.unknown.clear();
  }

  private noteUnknown({ code, method, host, path, caller }: RequestRecord): void {
    if (code === notImitatedCodes.operation || code === notImitatedCodes.host)
      this.unknown.add(`${method} ${host}${path} (${caller})`);
  }

  /** Runs a script of the project in the copy and logs its output. */
  async script(name: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
    return this.run(join(this.options.project, "scripts", name), args, name);
  }

  private async run(
    command: string,
    args: string[],
    log = "az",
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ stdout: string; stderr: string }> {
    const file = join(this.options.folder, `${log}.log`);
    const { code, stdout, stderr } = await runProgram({
      command,
      args,
      cwd: this.options.project,
      env: { ...this.env, ...env },
      deadlineMs,
      onErrorLine: (line) => appendFileSync(file, `${line}\n`),
    });
    if (code === 0) return { stdout, stderr };
    const words = stderr.replaceAll(/^(?:Warning: .*|.* … ?(?:done in|\d+\.\d s so far|$).*)$/gm, "");
    throw new UserError(
      `${[command.split("/").at(-1), ...args].join(" ")} failed (${lastLines(words.trim() ? words : stdout, 12)}); ${file} has more.`,
    );
  }
}

/** Vault rejects Vault Agent until Vault is configured. Vault Agent then retries by itself. */
function untilRendered(agent: Machine): Promise<unknown> {
  return waitFor(
    `Vault Agent of ${agent.name} to render the application's configuration`,
    () => existsSync(agent.path(RENDERED)),
    { deadlineMs: 300_000 },
  );
}

function only<T>(what: string, all: readonly T[]): T {
  const [first, ...others] = all;
  if (first !== undefined && others.length === 0) return first;
  throw new UserError(`The smoke test needs exactly one ${what}, but the system has ${all.length}.`);
}

/** The environment of a person's shell. Azure is behind a proxy and has its own CA. */
function environmentOf(
  { programs, folder }: RehearsalOptions,
  proxy: string,
  caFile: string,
): NodeJS.ProcessEnv {
  const own = /^(?:ARM_|AZURE_|TF_|VAULT_|TERRAFORM_|ENVIRONMENT$|NO_PROXY$|no_proxy$|NODE_)/;
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
  return {
    ...inherited,
    PATH: [dirname(programs.terraform), dirname(programs.az), process.env.PATH].join(":"),
    HTTPS_PROXY: proxy,
    HTTP_PROXY: proxy,
    https_proxy: proxy,
    http_proxy: proxy,
    SSL_CERT_FILE: caFile,
    REQUESTS_CA_BUNDLE: caFile,
    NODE_EXTRA_CA_CERTS: caFile,
    [scriptMarker]: folder,
    AZURE_CONFIG_DIR: join(folder, "az"),
    AZURE_CORE_COLLECT_TELEMETRY: "false",
    AZURE_CORE_LOGIN_EXPERIENCE_V2: "off",
    TERRAFORM_BINARY_NAME: basename(programs.terraform),
    TF_CLI_CONFIG_FILE: programs.terraformConfiguration,
    // cdktf makes Terraform lock the providers' checksums. For this, Terraform asks the registry and ignores its configuration.
    TF_CLI_ARGS_providers_lock: `-fs-mirror=${programs.providers}`,
    CHECKPOINT_DISABLE: "1",
    // Otherwise cdktf copies the providers from this temporary folder into the user's own cache.
    CDKTF_DISABLE_PLUGIN_CACHE_ENV: "true",
    // Otherwise cdktf sends reports of errors.
    CI: "true",
  };
}
