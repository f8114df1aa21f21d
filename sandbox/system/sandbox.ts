import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { nodeRelease } from "../../cloud-init/agent-vm/node-release";
import { vaultRelease } from "../../cloud-init/common/vault-release";
import { asksForTokenToRecover } from "../../cloud-init/vault-server/vault-version";
import { applicationIdUri } from "../../environments/deployer-login";
import type { Environment } from "../../environments/schema";
import type { Progress } from "../../lib/processes/progress";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";
import { EvaluatedSystem, type Resource } from "../../lib/synthesized/evaluated-system";
import { VaultClient } from "../../lib/vault-api/vault-client";
import type { VaultConnection } from "../../lib/vault-api/vault-connection";
import { synthesize } from "../../main";
import type { Azure } from "../azure/azure";
import type { TokenOverrides } from "../azure/identity/token-issuer";
import { hostNames } from "../azure/model/host-names";
import { LoadBalancer } from "../azure/server/load-balancer";
import { beginRsaKeys } from "../azure/server/rsa-key";
import { balancing } from "../azure/services/resource-manager/load-balancers";
import { worldOf } from "../azurerm/azure-world";
import { keyVaultName } from "../azurerm/key-vaults";
import { signedInObjectId } from "../azurerm/made-up-values";
import { type BootingMachine, virtualMachines } from "../azurerm/virtual-machines";
import { type InstalledProgram, Machine } from "../machine/machine";
import { findMySqlProgram } from "../mysql/mysql-program";
import type { MySqlServer } from "../mysql/mysql-server";
import { findVaultProgram, type VaultProgram } from "../vault/vault-program";
import { HttpApplier } from "../vault-config/http-applier";
import {
  TerraformApplier,
  type TerraformAvailability,
  terraformAvailability,
} from "../vault-config/terraform-applier";
import { vaultConfiguration } from "../vault-config/vault-configuration";
import type { ReadSecret, VaultResource } from "../vault-config/vault-resource";
import { startDatabase } from "./database";
import { ClaimedNetwork, ownLoopback } from "./loopback-network";
import { type LoopbackNetwork, sandboxEnvironment } from "./sandbox-environment";
import { azureState, startStandIn } from "./stand-in";
import type { StateFolder } from "./state-folder";
import { UndoSteps } from "./undo-steps";
import { requireUsableFolder } from "./usable-folder";
import { WebAppProcess, webAppEnvironment } from "./web-app";
import { agentWorkloads, webAppWorkloads } from "./workloads";

export interface SandboxOptions {
  environment: Environment;
  folder: StateFolder;
  progress: Progress;
  /** How to apply vault-config. Default: Terraform, if Terraform and the Vault provider are available. */
  applyBy?: "terraform" | "http";
  /** The last part to start. Default: start everything. */
  upTo?: "azure" | "vault" | "vault-config" | "agent-vm" | "everything";
  /** Addresses in the virtual network that machines learn, by name. Default: the real ones. */
  hosts?: (hosts: ReadonlyMap<string, string>) => ReadonlyMap<string, string>;
  /** Boots a node of Vault for the first time. Default: `node.boot()`. */
  bootNode?: (node: Machine) => Promise<void>;
  /** Aborts a start. Everything that was started is stopped, and nothing else starts. */
  signal?: AbortSignal;
}

/** A Vault, and its version in an environment. */
type RunnableVault = Pick<VaultProgram, "path" | "version">;

export interface RedeployOptions {
  vault?: RunnableVault;
  apply?: (machine: Machine) => Promise<void>;
}

/** Milliseconds. Each of these takes seconds. A busy machine needs the longer deadline. */
const deadlines = { vault: 180_000, agent: 120_000 };

/** Bits of the keys that each environment needs: Entra's signing key, Vault's unseal key and the key of its certificate. */
const keySizes = [2048, 3072, 3072];

/** The audience of people's tokens, as in `az account get-access-token`. */
const managementAudience = "https://management.core.windows.net/";

/** The whole system on one machine. It really runs the parts of the synthesized stacks that do not need Azure. */
export class Sandbox {
  readonly azure: Azure;
  /** The current deployment. `redeploy` replaces it. */
  deployment: EvaluatedSystem;
  /** The environment as deployed here, with addresses on loopback. */
  environment: Environment;
  /** The Vault of all machines here. */
  #vault: RunnableVault;
  database!: MySqlServer;
  /** Vault's nodes. The node that created the cluster is first. */
  readonly vaultNodes: Machine[] = [];
  /** The load balancer of a cluster with several nodes. */
  loadBalancer?: LoadBalancer;
  readonly agents = new Map<string, Machine>();
  readonly webApps = new Map<string, WebAppProcess>();
  readonly #undo: UndoSteps;
  #terraform?: TerraformAvailability;

  private constructor(
    private readonly options: SandboxOptions,
    parts: {
      azure: Azure;
      deployment: EvaluatedSystem;
      environment: Environment;
      undo: UndoSteps;
      vault: RunnableVault;
    },
  ) {
    this.azure = parts.azure;
    this.deployment = parts.deployment;
    this.environment = parts.environment;
    this.#undo = parts.undo;
    this.#vault = parts.vault;
  }

  /** Starts everything in the order of the stacks. If a step fails, this stops everything that was started. */
  static async start(options: SandboxOptions): Promise<Sandbox> {
    const undo = new UndoSteps();
    try {
      return await unlessAborted(options.signal, Sandbox.startWith(options, undo));
    } catch (error) {
      await undo.undo().catch(() => {}); // The reason of the failed start is more useful.
      throw error;
    }
  }

  private static async startWith(options: SandboxOptions, undo: UndoSteps): Promise<Sandbox> {
    const { progress, folder } = options;
    await requireUsableFolder(folder.path, options.environment);
    // The main thread reads and synthesizes meanwhile. A kept sandbox has its keys.
    if (!existsSync(join(folder.path, azureState))) beginRsaKeys(keySizes);
    const network = await progress.step("loopback network", () => claimNetwork(folder, undo));
    const program = await findVaultProgram({ progress });
    const environment = sandboxEnvironment(options.environment, network, program.version);
    const outdir = await folder.folder("stacks");
    await progress.step(`synth of ${environment.name}`, async () => synthesize(environment, outdir));
    const azure = await progress.step("stand-in for Azure", () =>
      startStandIn(folder, outdir, environment, undo),
    );
    const sandbox = new Sandbox(options, { ...azure, environment, undo, vault: program });
    await sandbox.startSystem();
    return sandbox;
  }

  /**
   * Applies an edited environment to the running system, as scripts/deploy does: each VM applies its user data, web apps with other settings
   * restart, and this applies vault-config.
   *
   * @param options.vault another Vault for the VMs. Default: the running Vault.
   * @param options.apply applies the user data on a machine. Default: runs apply-user-data.service once.
   * @throws UserError if the edit needs other VMs, web apps or Key Vaults, or if a VM does not apply it
   */
  async redeploy(
    environment: Environment,
    { vault = this.#vault, apply = applyUserData }: RedeployOptions = {},
  ): Promise<void> {
    const { progress, folder } = this.options;
    const network = this.vault.address.split(".").slice(0, 2).join(".") as LoopbackNetwork;
    const next = sandboxEnvironment(environment, network, vault.version);
    const outdir = await folder.folder("stacks");
    await progress.step(`synth of ${next.name}`, async () => synthesize(next, outdir));
    const before = this.deployment;
    const deployment = EvaluatedSystem.load(outdir, before.provider);
    try {
      this.azure.update(worldOf(deployment, next, outdir));
    } catch (error) {
      throw new UserError(`${messageOf(error)}. Stop the sandbox and start it again.`);
    }
    Object.assign(this, { deployment, environment: next });
    this.#vault = vault;
    const machines = virtualMachines(deployment);
    // Terraform changes all VMs of a stack at the same time. Each VM applies its user data by itself.
    const change = (stack: string): Promise<void> =>
      together(
        machines
          .filter((it) => it.stack === stack)
          .map(async ({ name, cloudConfig }) => {
            const machine = this.vaultNodes.find((node) => node.name === name) ?? this.agents.get(name);
            if (!machine) return;
            for (const program of this.programs()) machine.install(program);
            this.azure.setUserData(name, machine.mapped(cloudConfig));
            await progress.step(`${name}: applies its user data`, () => apply(machine));
          }),
      );
    await change("vault-server");
    await this.untilBalanced();
    await this.restartChangedWebApps(before);
    await change("agent-vm");
    await progress.step("stack vault-config", async () => this.applyVaultConfig());
  }

  /** Stops everything in reverse order. A second call is safe. A temporary sandbox does not stop in good order. */
  async stop(): Promise<void> {
    await this.#undo.undo();
  }

  /** Vault's first node. */
  get vault(): Machine {
    const [first] = this.vaultNodes;
    if (!first) throw new UserError("Vault's VM has not started yet.");
    return first;
  }

  /** Vault's address for clients: the public name if it exists, through the proxy that resolves it. */
  get vaultAddress(): string {
    return z.string().parse(this.deployment.stack("vault-server").output("vault_https_addr"));
  }

  /** Vault's name in the virtual network, and in its certificate. */
  get vaultServerName(): string {
    const address = this.deployment.stack("vault-server").output("vault_private_addr");
    return new URL(z.string().parse(address)).hostname;
  }

  /** Path of Vault's certificate, PEM: VAULT_CACERT. */
  get vaultCertificateFile(): string {
    return join(this.options.folder.path, "vault.pem");
  }

  /** Path of the CA's certificate, which replaces the system's roots: SSL_CERT_FILE. */
  get caFile(): string {
    return join(this.options.folder.path, "ca.pem");
  }

  /** Path of the Vault program of all machines here. */
  get vaultProgram(): string {
    return this.#vault.path;
  }

  /** The web apps, each with workload, role in Vault and name of the site. */
  webAppWorkloads(): { name: string; role: string; site: string }[] {
    const urls = this.deployment.stack("web-app").output("webapp_urls");
    return webAppWorkloads(z.record(z.string(), z.url()).parse(urls));
  }

  /** The VMs with Vault Agent, each with workload, role in Vault and name of the VM. */
  agentWorkloads(): { name: string; role: string; machine: string }[] {
    return agentWorkloads(this.environment);
  }

  /** Returns a deployer's Entra token, like `az account get-access-token`. */
  deployerToken(overrides?: TokenOverrides): string {
    const [deployer] = this.environment.deployers;
    if (!deployer) throw new UserError("The environment names no deployer. Add one to deployers.");
    const objectId = deployer.objectId === "signed-in-user" ? signedInObjectId : deployer.objectId;
    const { deployerLogin } = this.environment;
    const audience = deployerLogin ? applicationIdUri(deployerLogin) : managementAudience;
    return this.azure.tokenForPerson(objectId, audience, overrides);
  }

  /** Connects to Vault from the address of the named machine or web app. Without a name, connects from another address. */
  vaultConnection(from?: string): Omit<VaultConnection, "jwt"> {
    return {
      address: this.vaultAddress,
      caFile: this.vaultCertificateFile,
      proxyUrl: this.azure.proxyUrlFor(from),
    };
  }

  /** Renews the certificate. Key Vault does this by itself some time before it expires. */
  async renewVaultCertificate(): Promise<void> {
    const { keyVault, name } = vaultCertificate(this.deployment);
    await this.azure.renewCertificate(keyVault, name);
  }

  /** Reads the newest certificate from Key Vault, as clients do after a renewal. */
  async refreshVaultCertificate(): Promise<void> {
    const { keyVault, name } = vaultCertificate(this.deployment);
    const pem = this.azure.keyVault(keyVault).certificate(name);
    if (pem === undefined) throw new UserError(`The Key Vault ${keyVault} has no certificate ${name}.`);
    await writeFile(this.vaultCertificateFile, pem);
  }

  /** The configuration in the stack vault-config. The audit log is below the private root of Vault's VM, like all files. */
  vaultConfiguration(): VaultResource[] {
    const options = z.record(z.string(), z.string());
    return vaultConfiguration(this.deployment).map((resource) => {
      if (resource.type !== "vault_audit") return resource;
      const { file_path = "", ...others } = options.parse(resource.arguments["options"]);
      const onMachine = { ...others, file_path: this.vault.path(file_path) };
      return { ...resource, arguments: { ...resource.arguments, options: onMachine } };
    });
  }

  /** Reads an ephemeral value from Key Vault, as Terraform does at each run. */
  readonly readSecret: ReadSecret = async ({ ephemeral }) => {
    const { keyVault, name } = z
      .object({ type: z.literal("azurerm_key_vault_secret"), keyVault: z.string(), name: z.string() })
      .parse(ephemeral);
    const value = this.azure.keyVault(keyVault).secret(name);
    if (value === undefined) throw new UserError(`The Key Vault ${keyVault} has no secret ${name}.`);
    return value;
  };

  /** Applies the stack vault-config as a deployer. Returns the way it used. */
  async applyVaultConfig(): Promise<"terraform" | "http"> {
    const resources = this.vaultConfiguration();
    const connection = { ...this.vaultConnection(), jwt: this.deployerToken() };
    const { readSecret } = this;
    await this.findTerraform();
    const availability = this.#terraform;
    if (availability?.available) {
      const folder = await this.options.folder.folder("vault-config");
      await new TerraformApplier({ terraform: availability.terraform, folder, connection, readSecret }).apply(
        resources,
      );
      return "terraform";
    }
    if (this.options.applyBy === "terraform")
      throw new UserError(availability?.reason ?? "Terraform is missing.");
    const stateFile = join(this.options.folder.path, "vault-config.json");
    await new HttpApplier({ connection, readSecret, stateFile }).apply(resources);
    return "http";
  }

  /** Checks once whether Terraform can apply vault-config. */
  private async findTerraform(): Promise<void> {
    if (this.#terraform || this.options.applyBy === "http") return;
    // This folder is in the sandbox's own folder, which the next sandbox removes even if this one and its guardian are killed.
    this.#terraform = await terraformAvailability({ parent: this.options.folder.path });
  }

  /** Nobody reads the data of a temporary sandbox after its end, so machines and web apps are killed. Vault would take most of a second to stop. */
  private get isTemporary(): boolean {
    return this.options.folder.temporary;
  }

  private async startSystem(): Promise<void> {
    const { progress, upTo = "everything" } = this.options;
    await this.refreshVaultCertificate();
    if (upTo === "azure") return;
    await together([
      progress.step("stack mysql: database server", () => this.startDatabase()),
      progress.step("stack vault-server: first boot, unseal", () => this.startVault()),
      ...(upTo === "vault" ? [] : [this.findTerraform()]),
    ]);
    if (upTo === "vault") return;
    await progress.step("stack vault-config", async () => this.applyVaultConfig());
    if (upTo === "vault-config") return;
    await together([
      progress.step("stack agent-vm: Vault Agent, application", () => this.startAgents()),
      ...(upTo === "agent-vm" ? [] : [progress.step("stack web-app", () => this.startWebApps())]),
    ]);
  }

  /** Starts the MySQL server. vault-config gets its address. */
  async startDatabase(): Promise<void> {
    const { deployment, azure, caFile } = this;
    const program = await findMySqlProgram({ progress: this.options.progress });
    const folder = await this.options.folder.folder("mysql");
    this.database = await startDatabase({ deployment, azure, program, folder, caFile });
    await this.#undo.add(() => this.database.stop());
  }

  /** Boots Vault's VMs and waits for first boot: Vault is unsealed, its recovery keys are stored, the deployers can log in. */
  async startVault(): Promise<void> {
    const nodes = virtualMachines(this.deployment).filter(({ stack }) => stack === "vault-server");
    if (nodes.length === 0) throw new UserError("The stack vault-server has no VM.");
    for (const node of nodes) this.vaultNodes.push(await this.createMachine(node));
    await this.startLoadBalancer();
    await together(this.vaultNodes.map((node) => this.bootVault(node)));
    await this.untilBalanced();
  }

  /** Waits for the load balancer's probe, which finds the active node within seconds after a start or restart. */
  private async untilBalanced(): Promise<void> {
    if (!this.loadBalancer) return;
    const client = new VaultClient(this.vaultConnection());
    const active = () =>
      client.request({ method: "GET", path: "sys/health" }).then(
        () => true,
        () => false,
      );
    await waitFor("an active node behind the load balancer", active, { deadlineMs: deadlines.vault });
    client.close();
  }

  private async bootVault(node: Machine): Promise<void> {
    const { bootNode = (it: Machine) => it.boot() } = this.options;
    await bootNode(node);
    const front = asksForTokenToRecover(this.environment.vault.version) ? [] : ["haproxy.service"];
    for (const unit of ["vault-first-boot.service", ...front])
      await node.untilActive(unit, { deadlineMs: deadlines.vault });
  }

  private async startLoadBalancer(): Promise<void> {
    const { resources } = this.azure;
    const [held] = resources.ofType("Microsoft.Network/loadBalancers");
    const props = held && balancing(held, resources);
    if (!props) return;
    const balancer = await LoadBalancer.start(props);
    this.loadBalancer = balancer;
    await this.#undo.add(() => balancer.stop());
  }

  private async startAgents(): Promise<void> {
    await together(
      virtualMachines(this.deployment)
        .filter(({ stack }) => stack === "agent-vm")
        .map(async (machine) => {
          const agent = await this.createMachine(machine);
          this.agents.set(machine.name, agent);
          await agent.boot();
          for (const unit of ["vault-agent.service", "app.service"])
            await agent.untilActive(unit, { deadlineMs: deadlines.agent });
          await waitFor(
            `Vault Agent of ${machine.name} to render the application's configuration`,
            () => existsSync(agent.path("/ramdisk/app/config.json")),
            { deadlineMs: deadlines.agent },
          );
        }),
    );
  }

  private async startWebApps(): Promise<void> {
    for (const site of this.deployment.resources("azurerm_linux_web_app")) await this.startWebApp(site);
  }

  private async startWebApp(site: Resource): Promise<void> {
    const app = await WebAppProcess.start({
      site,
      azure: this.azure,
      folder: await this.options.folder.folder("web-app", String(site.argument("name"))),
      zipFile: join(this.options.folder.path, "stacks/stacks/web-app/assets/app.zip"),
      caFile: this.caFile,
    });
    await this.#undo.add(() => (this.isTemporary ? app.kill() : app.stop()));
    this.webApps.set(app.name, app);
  }

  /** Restarts web apps whose settings change, as App Service does. */
  private async restartChangedWebApps(before: EvaluatedSystem): Promise<void> {
    for (const site of this.deployment.resources("azurerm_linux_web_app")) {
      const name = String(site.argument("name"));
      const old = before.resources("azurerm_linux_web_app").find((it) => it.argument("name") === name);
      const settings = [old, site].map((it) => it && webAppEnvironment(it, this.azure));
      if (!this.webApps.has(name) || isDeepStrictEqual(settings[0], settings[1])) continue;
      await this.webApps.get(name)?.stop();
      await this.startWebApp(site);
    }
  }

  /** The releases that VMs find installed. */
  private programs(): InstalledProgram[] {
    return [
      { ...vaultRelease(this.environment.vault), path: this.vaultProgram },
      { ...nodeRelease, path: process.execPath },
    ];
  }

  private async createMachine(booting: BootingMachine): Promise<Machine> {
    const { name, stack, privateAddress, cloudConfig } = booting;
    const machines = virtualMachines(this.deployment);
    const number = 1 + machines.findIndex((other) => other.name === name);
    const { hosts = (own) => own } = this.options;
    const firstOfStack = machines.find((other) => other.stack === stack)?.name ?? name;
    const machine = await Machine.create({
      name,
      address: privateAddress,
      loopback: ownLoopback(privateAddress, number),
      hosts: hosts(hostNames(this.azure.resources)),
      cloudConfig,
      folder: await this.options.folder.folder("machines", name),
      auditFolder: await this.options.folder.folder("machines", firstOfStack),
      proxyUrl: this.azure.proxyUrlFor(name),
      caFile: this.caFile,
      programs: this.programs(),
    });
    this.azure.setUserData(name, machine.mapped(cloudConfig));
    await this.#undo.add(() => (this.isTemporary ? machine.cutPower() : machine.powerOff()));
    return machine;
  }
}

async function applyUserData(machine: Machine): Promise<void> {
  const { code, output } = await machine.run("apply-user-data.service");
  if (code !== 0) {
    const reason = /^user-data .*$/m.exec(output)?.[0] ?? output.trim().split("\n").at(-1);
    throw new UserError(`${machine.name} did not apply its user data: ${reason}.`);
  }
}

/** The earlier network of a kept sandbox, because Vault's roles are bound to it. Otherwise any network. */
async function claimNetwork(folder: StateFolder, undo: UndoSteps): Promise<LoopbackNetwork> {
  const file = join(folder.path, "network");
  const kept = existsSync(file) ? ((await readFile(file, "utf8")).trim() as LoopbackNetwork) : undefined;
  const claimed = await ClaimedNetwork.claim(kept);
  await undo.add(() => claimed.release());
  await writeFile(file, `${claimed.network}\n`);
  return claimed.network;
}

function vaultCertificate(deployment: EvaluatedSystem): { keyVault: string; name: string } {
  const [certificate] = deployment.resources("azurerm_key_vault_certificate");
  if (!certificate) throw new UserError("The stack vault-server creates no certificate.");
  const { name, key_vault_id } = certificate.read(z.object({ name: z.string(), key_vault_id: z.string() }));
  return { keyVault: keyVaultName(deployment, key_vault_id), name };
}

/** Waits for all promises, then throws the first failure. So no work still starts something after the failure. */
async function together(starts: Promise<void>[]): Promise<void> {
  await Promise.allSettled(starts);
  await Promise.all(starts);
}

/** Returns the work's result, or throws the signal's reason at once. It then ignores the work's result. */
async function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work;
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([work, aborted]);
}
