import { appendFileSync, existsSync } from "node:fs";
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
import { RunningResources } from "./running-resources";

/** A Vault beside the one that is deployed first. */
export interface OtherVault {
  /** By which an environment names it. */
  version: string;
  /** What it says of itself. */
  says: string;
  path: string;
}

export interface RehearsalOptions {
  environment: Environment;
  programs: RehearsalPrograms;
  /** A copy of the project, to be deployed from. */
  project: string;
  /** A folder of its own. */
  folder: string;
  /** /etc/hosts of the private network. */
  hostsFile: string;
  /** Path of the Vault that the VMs run, of the environment's version. */
  vaultProgram: string;
  vaultVersion: string;
  /** Undefined where there is none. */
  otherVault: OtherVault | undefined;
  progress: Progress;
  undo: UndoSteps;
}

/** Milliseconds for one run of a script. */
const deadlineMs = 3_600_000;

const deployed = z.object({
  stacks: z.array(z.object({ stack: z.string(), seconds: z.number() })),
  outputs: z.object({
    vault_https_addr: z.string().optional(),
    webapp_urls: z.record(z.string(), z.string()).optional(),
  }),
});

/** In the environment of all processes of a script; its value is the rehearsal's folder. */
const scriptMarker = "VAULT_ON_AZURE_REHEARSAL";

/** Name of Vault's certificate in Key Vault. */
const certificateName = "vault-tls";

/** For people's tokens: the audience of `az account get-access-token`. */
const managementAudience = "https://management.core.windows.net/";

/** Deploys, changes and destroys an environment by the project's own scripts and real programs, against the stand-in for Azure. */
export class Rehearsal {
  private vaultAddress = "";
  private webAppUrls: Readonly<Record<string, string>> = {};
  private readonly unknown = new Set<string>();
  /** Ids of what was there before anything was deployed: the deployer's own right. */
  private readonly atStart: ReadonlySet<string>;
  /** As its file in the copy says now. */
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

  /** Object id of whoever deploys. */
  get person(): string {
    return deployerOf(this.environment);
  }

  /** Signs the deployer in to the Azure CLI. */
  logIn(): Promise<void> {
    return this.az("login", "--use-device-code", "--tenant", tenantId, "--output", "none");
  }

  /** Runs the Azure CLI as the deployer. */
  async az(...args: string[]): Promise<void> {
    await this.run(this.options.programs.az, args);
  }

  /** Starts Azure with nothing in it, and signs the deployer in to the Azure CLI. */
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

  /** @param options of scripts/deploy, such as the stacks; all of them unless told */
  async deploy(...options: string[]): Promise<void> {
    await this.deployTimed(...options);
  }

  /** Seconds that each stack took. */
  async deployTimed(...options: string[]): Promise<{ stack: string; seconds: number }[]> {
    const { stdout } = await this.script("deploy", this.environmentName, "--json", ...options);
    const { stacks, outputs } = deployed.parse(JSON.parse(stdout));
    this.vaultAddress = outputs.vault_https_addr ?? "";
    this.webAppUrls = outputs.webapp_urls ?? {};
    return stacks;
  }

  /** The same by Terraform alone, of stacks that are synthesized; init does not count for a stack. */
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

  /** What scripts/vault-env exports. */
  private async vaultLogin(): Promise<NodeJS.ProcessEnv> {
    const { stdout } = await this.script("vault-env", this.environmentName);
    const exports = [...stdout.matchAll(/^export (\w+)='([^']*)'$/gm)];
    return Object.fromEntries(exports.map(([, name, value]) => [name, value]));
  }

  /** The sandbox's smoke test, on what was deployed. */
  async smokeTest(): Promise<void> {
    const { progress } = this.options;
    await writeFile(this.vaultCaFile, this.vaultCertificate);
    const { agents, azure, running, environment } = this;
    // Vault Agent tries again by itself after it was refused, which it was before Vault was configured.
    for (const [name, agent] of agents) {
      const rendered = () => existsSync(agent.path("/ramdisk/app/config.json"));
      await waitFor(`Vault Agent of ${name} to render the application's configuration`, rendered, {
        deadlineMs: 300_000,
      });
    }
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

  /** Edits the environment's file in the copy. */
  edit(edit: (environment: EnvironmentFile) => void): void {
    const { project } = this.options;
    editEnvironment(project, this.environmentName, edit);
    this.environment = loadEnvironment(this.environmentName, join(project, "environments"));
  }

  /** In the place of an older version; the states stay. */
  async useProjectOfToday(): Promise<void> {
    const { project, vaultVersion } = this.options;
    await copyProject(project);
    prepareEnvironment(project, this.environmentName, vaultVersion);
    this.environment = loadEnvironment(this.environmentName, join(project, "environments"));
  }

  /** As a power cut: kill -9 of the script that runs, and of all that it started. */
  killScript(): Promise<void> {
    return killMarked(scriptMarker, this.options.folder);
  }

  /** What Key Vault does some time before the certificate expires. */
  async renewVaultCertificate(): Promise<void> {
    await this.azure.renewCertificate(this.keyVaultWithCertificate, certificateName);
    await writeFile(this.vaultCaFile, this.vaultCertificate);
  }

  /** @throws UserError when Vault does not let a deployer in */
  async logsIn(deployer: string): Promise<void> {
    const client = await this.vaultAs(deployer);
    await client.logOut();
  }

  /** Vault's API as the person who deploys. */
  readonly deployer = (): Promise<VaultClient> => this.vaultAs(this.person);

  private vaultAs(deployer: string): Promise<VaultClient> {
    const jwt = this.azure.tokenForPerson(deployer, managementAudience);
    return VaultClient.loggedIn({ ...this.vaultConnection(), jwt });
  }

  /** What the Vault that runs says of itself. */
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
    if (!first) throw new UserError("There is no VM of Vault.");
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

  private get keyVaultWithCertificate(): string {
    const names = this.azure.resources.ofType("Microsoft.KeyVault/vaults").map(({ name }) => name);
    const holders = names.filter((name) => this.azure.keyVault(name).certificate(certificateName));
    return only("Key Vault with a certificate", holders);
  }

  async plan(...options: string[]): Promise<DeploymentPlan> {
    const { stdout } = await this.script("deploy", this.environmentName, "--plan", "--json", ...options);
    await writeFile(join(this.options.folder, "plan.json"), stdout, { mode: 0o600 });
    return deploymentPlan.parse(JSON.parse(stdout));
  }

  /** @throws UserError when a plan would do anything else */
  async expectPlan(expected: ExpectedPlan, ...options: string[]): Promise<void> {
    const differences = differencesOf(await this.plan(...options), expected);
    if (differences.length > 0) {
      throw new UserError(`The plan is not the expected one.\n${differences.join("\n")}`);
    }
  }

  /** @throws UserError when the sandbox, which has no azurerm, would have another Azure */
  async expectFallbackAlike(): Promise<void> {
    const { azure, person, environment, project } = this;
    const real = azure.resources.all.filter(({ id }) => !this.atStart.has(id));
    const states = new Map<string, string>();
    for (const { name } of readSynthesizedFolder(join(project, "cdktf.out"))) {
      // Into a file, since of a program's output only the end is kept.
      const file = join(this.options.folder, `${name}.tfstate`);
      const pull = [this.options.programs.terraform, `-chdir=cdktf.out/stacks/${name}`, "state", "pull"];
      await this.run("/bin/sh", ["-c", 'exec "$@" >"$0"', file, ...pull], "terraform");
      states.set(name, await readFile(file, "utf8"));
    }
    const fallback = fallbackModel(project, environment, { azure, person, states });
    const differences = differencesFromFallback(real, fallback);
    if (differences.length > 0)
      throw new UserError(`The sandbox's Azure would be another one:\n${differences.join("\n")}`);
  }

  /** @throws UserError when something is left that a deployment made, or Azure keeps something and the script does not say so */
  async destroy(...options: string[]): Promise<void> {
    const name = this.environmentName;
    const keptBefore = this.deletedKeyVaults;
    const { stderr } = await this.script("destroy", name, "--confirm", name, ...options);
    if (this.deletedKeyVaults > keptBefore && !stderr.includes("Azure keeps the deleted Key Vaults"))
      throw new UserError("scripts/destroy does not say that Azure keeps the Key Vaults.");
    const left = this.leftovers();
    if (left.length > 0) throw new UserError(`scripts/destroy left behind:\n${left.join("\n")}`);
  }

  /** Deploys a stack by cdktf alone, as docs/deploy.md says. @throws UserError when that would change anything that the scripts deployed */
  async expectNothingFromCdktf(stack: string): Promise<void> {
    const args = ["deploy", stack, "--auto-approve", "--no-color"];
    const { stdout } = await this.run(
      join(this.project, "node_modules/.bin/cdktf"),
      [...args, "--ignore-missing-stack-dependencies"],
      "cdktf",
      { ENVIRONMENT: this.environmentName, ARM_SUBSCRIPTION_ID: subscriptionId },
    );
    if (!stdout.includes("No changes.")) {
      throw new UserError(`cdktf deploy would change what scripts/deploy deployed:\n${stdout}`);
    }
  }

  /** Ids of what is there beside what Azure keeps of deleted Key Vaults. */
  leftovers(): string[] {
    return this.azure.resources.all
      .filter(({ id, type }) => type !== deletedVaultType && !this.atStart.has(id))
      .map(({ id }) => id);
  }

  private get deletedKeyVaults(): number {
    return this.azure.resources.ofType(deletedVaultType).length;
  }

  /** What was asked of Azure and is not imitated, since the start or since they were forgotten; a line each. */
  unknownRequests(): string[] {
    return [...this.unknown];
  }

  forgetUnknownRequests(): void {
    this.unknown.clear();
  }

  private noteUnknown({ reason = "", method, host, path, caller }: RequestRecord): void {
    if (reason.startsWith("NotImitated:") || reason.includes("the sandbox does not support"))
      this.unknown.add(`${method} ${host}${path} (${caller})`);
  }

  /** Runs one of the project's scripts in the copy; what it prints goes to a log. */
  private async script(name: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
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
      `${[command.split("/").at(-1), ...args].join(" ")} failed (${lastLines(words, 12)}); ${file} has more.`,
    );
  }
}

function only<T>(what: string, all: readonly T[]): T {
  const [first, ...others] = all;
  if (first !== undefined && others.length === 0) return first;
  throw new UserError(`The smoke test looks at one ${what}, and there are ${all.length}.`);
}

/** What a person's shell has, with Azure behind a proxy and a CA of its own. */
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
    // cdktf has Terraform lock the providers' checksums, for which Terraform asks the registry whatever its configuration says.
    TF_CLI_ARGS_providers_lock: `-fs-mirror=${programs.providers}`,
    CHECKPOINT_DISABLE: "1",
    // Else it copies the providers into the user's own cache, from this folder which does not stay.
    CDKTF_DISABLE_PLUGIN_CACHE_ENV: "true",
    // cdktf reports errors of its own otherwise.
    CI: "true",
  };
}
