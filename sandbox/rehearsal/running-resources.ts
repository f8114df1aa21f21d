import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import { createConnection } from "mysql2/promise";
import { codeOf, messageOf, UserError } from "../../lib/processes/user-error";
import type { Azure } from "../azure/azure";
import { fields, list, propertiesOf, text } from "../azure/model/fields";
import { hostNames } from "../azure/model/host-names";
import type { ResourceStore } from "../azure/model/resource-store";
import type { ArmResource } from "../azure/model/world";
import { LoadBalancer, type LoadBalancerProps } from "../azure/server/load-balancer";
import { userDataOf } from "../azure/services/resource-manager/compute";
import { balancing } from "../azure/services/resource-manager/load-balancers";
import { interfaceAddress } from "../azure/services/resource-manager/network";
import type { ArmResourceChange } from "../azure/services/resource-manager/resource-manager";
import { appSettingsOf, siteConfigOf } from "../azure/services/resource-manager/web";
import type { SiteRunner } from "../azure/services/sites";
import { type InstalledProgram, Machine } from "../machine/machine";
import type { MySqlProgram } from "../mysql/mysql-program";
import { MySqlServer } from "../mysql/mysql-server";
import { createDatabase } from "../system/database";
import { ownLoopback } from "../system/loopback-network";
import { WebAppProcess } from "../system/web-app";

export interface RunningResourcesOptions {
  /** A folder for these resources alone. */
  folder: string;
  /** Path of the CA's certificate. */
  caFile: string;
  /** Vault and Node.js, in the versions that the VMs install. */
  programs: readonly InstalledProgram[];
  mysqlProgram: MySqlProgram;
  /** /etc/hosts of the private network. It is rewritten whenever a name in the virtual network changes. */
  hostsFile: string;
  /** Prints problems of background work, such as a machine that does not boot. */
  print: (line: string) => void;
}

/** A user in MySQL. */
export interface DatabaseUser {
  user: string;
  password: string;
}

interface Database {
  server: MySqlServer;
  host: string;
  /** The administrator of the first deployment. Vault changes the password. */
  administrator: DatabaseUser;
  ca: string;
}

/** The units whose output is on a VM's console, besides apply-user-data.service. */
const CONSOLE_UNITS = ["vault-snapshot.service", "vault-restore.service", "vault-restore-drill.service"];

/** MySQL's port in Azure. */
const mysqlPort = 3306;

/**
 * Runs the resources of Azure Resource Manager on this machine: VMs from their user data, the MySQL server, and web
 * apps from the pushed package.
 */
export class RunningResources implements SiteRunner {
  readonly machines = new Map<string, Machine>();
  readonly databases = new Map<string, Database>();
  readonly webApps = new Map<string, WebAppProcess>();
  readonly #options: RunningResourcesOptions;
  readonly #balancers = new Map<string, { balancer: LoadBalancer; props: LoadBalancerProps }>();
  #azure?: Azure;
  #machinesMade = 0;
  /** The latest user data by name of the VM. */
  readonly #userData = new Map<string, string>();
  /** The machines by name of the VM. */
  readonly #sizes = new Map<string, string>();
  /** The latest work of each kind that allows only one at a time: a site's starts and stops, load balancers. */
  readonly #turns = new Map<string, Promise<void>>();
  readonly #consoles = new Map<string, string>();

  constructor(options: RunningResourcesOptions) {
    this.#options = options;
  }

  /** Call this before the first request. The programs here send their requests to this Azure. */
  use(azure: Azure): void {
    this.#azure = azure;
  }

  /** For AzureOptions.onResourceChange. */
  readonly follow = async ({ kind, resource, store }: ArmResourceChange): Promise<void> => {
    const type = resource.type.toLowerCase();
    if (kind === "written" && type === "microsoft.compute/virtualmachines")
      await this.#startMachine(resource);
    if (kind === "deleted" && type === "microsoft.compute/virtualmachines")
      await this.#deleteMachine(resource.name);
    if (kind === "written" && type === "microsoft.dbformysql/flexibleservers")
      await this.#startDatabase(resource);
    if (kind === "deleted" && type === "microsoft.dbformysql/flexibleservers")
      await this.#deleteDatabase(resource.name);
    if (kind === "written" && type === "microsoft.dbformysql/flexibleservers/databases")
      await this.#createDatabase(resource);
    if (kind === "deleted" && type === "microsoft.web/sites") await this.#deleteSite(resource.name);
    if (kind === "written" && type === "microsoft.web/sites/config") await this.#restartSite(resource.id);
    if (type.startsWith("microsoft.network/"))
      await this.#inTurn("load balancers", () => this.#balance(store));
    const lines = [...hostNames(store)].map(([name, address]) => `${address} ${name}`);
    await writeFile(this.#options.hostsFile, ["127.0.0.1 localhost", ...lines, ""].join("\n"));
  };

  /** Starts, changes and ends the listeners of load balancers, so that they match Azure's resources. */
  async #balance(store: ResourceStore): Promise<void> {
    const wanted = new Map(
      store
        .ofType("Microsoft.Network/loadBalancers")
        .map(({ id, ...rest }) => [id, balancing({ id, ...rest }, store)]),
    );
    for (const [id, { balancer, props }] of this.#balancers) {
      if (isDeepStrictEqual(wanted.get(id), props)) continue;
      await balancer.stop();
      this.#balancers.delete(id);
    }
    for (const [id, props] of wanted) {
      if (!props || this.#balancers.has(id)) continue;
      this.#balancers.set(id, { balancer: await LoadBalancer.start(props), props });
    }
  }

  urlOf(siteName: string): string | undefined {
    return this.webApps.get(siteName)?.url;
  }

  async deploy(siteName: string, zip: Buffer): Promise<void> {
    const folder = join(this.#options.folder, "sites", siteName);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "package.zip"), zip);
    await this.#startSite(siteName);
  }

  async stop(): Promise<void> {
    for (const { balancer } of this.#balancers.values()) await balancer.stop();
    for (const machine of this.machines.values()) await machine.powerOff();
    for (const app of this.webApps.values()) await app.stop();
    for (const { server } of this.databases.values()) await server.stop();
  }

  /** Azure answers once the VM exists. cloud-init then works in the background. */
  async #startMachine(resource: ArmResource): Promise<void> {
    const { name } = resource;
    const userData = userDataOf(resource);
    if (!userData) throw new UserError(`The request for VM ${name} has no user data.`);
    const text = gunzipSync(Buffer.from(userData, "base64")).toString("utf8");
    const size = String(fields(propertiesOf(resource)["hardwareProfile"])["vmSize"]);
    const resized = ![undefined, size].includes(this.#sizes.get(name));
    this.#sizes.set(name, size);
    if (this.#userData.get(name) === text && !resized) return;
    this.#userData.set(name, text);
    const running = this.machines.get(name);
    // azurerm stops a VM for another size, and starts it again.
    if (running && resized) await running.powerOff();
    if (running) return this.#applyInBackground(running, text, resized ? () => running.boot() : undefined);
    const azure = this.#use();
    const [card] = list(fields(propertiesOf(resource)["networkProfile"])["networkInterfaces"]);
    const made = azure.resources.get(String(card?.["id"]));
    const address = made && interfaceAddress(made);
    if (!address) throw new UserError(`The request for VM ${name} has no network.`);
    await azure.listenFor(name, { sourceAddress: address });
    const { caFile, programs, folder } = this.#options;
    const machine = await Machine.create({
      name,
      address,
      loopback: ownLoopback(address, ++this.#machinesMade),
      cloudConfig: text,
      folder: join(folder, "machines", name),
      proxyUrl: azure.proxyUrlFor(name),
      caFile,
      programs,
    });
    this.machines.set(name, machine);
    // A node must not wait for minutes until its turn to restart.
    machine.environment["TURN_SECONDS"] = "4";
    this.#applyInBackground(machine, text, () => machine.boot());
  }

  /** Retries until the machine has applied its user data or gets new ones, as the VM's timer does each minute on Azure. */
  #applyInBackground(machine: Machine, text: string, first: () => Promise<unknown> = async () => {}): void {
    const { name } = machine;
    const { print } = this.#options;
    const current = () => this.machines.get(name) === machine && this.#userData.get(name) === text;
    const mapped = machine.mapped(text);
    const version = createHash("sha256").update(text).digest("hex").slice(0, 12);
    const work = async (): Promise<void> => {
      await first();
      while (current()) {
        this.#use().setUserData(name, mapped);
        const { code, output } = await machine.run("apply-user-data.service");
        // The machine's files contain its private root. Azure has the user data as they were sent.
        const shown = output.replaceAll(/user-data [0-9a-f]{12}/g, `user-data ${version}`);
        // The VM reports only once, so the console keeps it.
        this.#consoles.set(name, `${this.#consoles.get(name) ?? ""}${shown}`);
        if (code === 0) return;
        await new Promise((resolve) => setTimeout(resolve, 1000).unref());
      }
    };
    work().catch((error: unknown) => print(`The VM ${name} did not start: ${messageOf(error)}`));
  }

  /** The console's text: apply-user-data's report, then the output of the other units that write to a VM's console. */
  consoleOf(machine: string): string | undefined {
    const told = this.#consoles.get(machine);
    const others = CONSOLE_UNITS.map((unit) => this.machines.get(machine)?.output(unit) ?? "");
    return told === undefined ? undefined : [told, ...others].join("\n");
  }

  async #deleteMachine(name: string): Promise<void> {
    await this.machines.get(name)?.powerOff();
    this.machines.delete(name);
    this.#userData.delete(name);
    this.#sizes.delete(name);
    this.#consoles.delete(name);
    await this.#use().stopListeningFor(name);
    await rm(join(this.#options.folder, "machines", name), { recursive: true, force: true });
  }

  async #startDatabase({ name, properties = {} }: ArmResource): Promise<void> {
    const host = text(properties["sandboxAddress"]);
    if (this.databases.has(name) || host === undefined) return;
    const azure = this.#use();
    const folder = join(this.#options.folder, "mysql", name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const fullName = String(properties["fullyQualifiedDomainName"]);
    const { certificatePem, keyPem } = await azure.serverCertificate(fullName, host, "localhost");
    const certificate = join(folder, "server.crt");
    const key = join(folder, "server.key");
    await writeFile(certificate, certificatePem, { mode: 0o600 });
    await writeFile(key, keyPem, { mode: 0o600 });
    const administrator = {
      user: String(properties["administratorLogin"]),
      password: String(properties["administratorLoginPassword"]),
    };
    const server = await MySqlServer.start({
      program: this.#options.mysqlProgram,
      folder,
      tls: { certificate, key, ca: this.#options.caFile },
      administrator: { name: administrator.user, password: administrator.password },
      host,
      port: mysqlPort,
    });
    this.databases.set(name, { server, host, administrator, ca: azure.caPem });
  }

  async #createDatabase({ id, name }: ArmResource): Promise<void> {
    const server = id.split("/").at(-3) ?? "";
    const database = this.databases.get(server);
    if (!database) throw new UserError(`The MySQL server ${server} does not run.`);
    const { host, administrator, ca } = database;
    await createDatabase({ host, ...administrator, ca }, name);
  }

  /** Returns false if MySQL rejects the user. */
  async opensMySql(user: DatabaseUser): Promise<boolean> {
    const [database] = this.databases.values();
    if (!database) throw new UserError("No MySQL server runs.");
    try {
      const { host, ca } = database;
      const ssl = { ca, rejectUnauthorized: true };
      await (await createConnection({ ...user, host, port: mysqlPort, ssl })).end();
      return true;
    } catch (error) {
      if (codeOf(error) === "ER_ACCESS_DENIED_ERROR") return false;
      throw error;
    }
  }

  async #deleteDatabase(name: string): Promise<void> {
    await this.databases.get(name)?.server.stop();
    this.databases.delete(name);
    await rm(join(this.#options.folder, "mysql", name), { recursive: true, force: true });
  }

  /** New settings restart a site, as in Azure. */
  async #restartSite(configId: string): Promise<void> {
    const name = configId.split("/").at(-3) ?? "";
    if (this.webApps.has(name)) await this.#startSite(name);
  }

  /** Starts a site once its earlier starts have ended, because new settings and a new package may come together. */
  #startSite(name: string): Promise<void> {
    return this.#inTurn(name, () => this.#startSiteNow(name));
  }

  #inTurn(what: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(what) ?? Promise.resolve()).then(work);
    // A failure concerns only its caller, not the next one in the queue.
    this.#turns.set(
      what,
      turn.catch(() => {}),
    );
    return turn;
  }

  async #startSiteNow(name: string): Promise<void> {
    const azure = this.#use();
    const site = azure.resources.ofType("Microsoft.Web/sites").find((one) => one.name === name);
    const folder = join(this.#options.folder, "sites", name);
    const zipFile = join(folder, "package.zip");
    if (!site || !existsSync(zipFile)) return;
    await this.webApps.get(name)?.stop();
    await azure.listenFor(name, { sourceAddress: text(propertiesOf(site)["sandboxAddress"]), isSite: true });
    const config = siteConfigOf(azure.resources, site.id);
    const settings = {
      name,
      app_settings: appSettingsOf(azure.resources, site.id),
      site_config: {
        app_command_line: String(config["appCommandLine"]),
        health_check_path: String(config["healthCheckPath"]),
      },
    };
    await mkdir(join(folder, "root"), { recursive: true });
    const app = await WebAppProcess.start({
      site: { read: (schema) => schema.parse(settings) },
      azure,
      folder: join(folder, "root"),
      zipFile,
      caFile: this.#options.caFile,
    });
    this.webApps.set(name, app);
  }

  #deleteSite(name: string): Promise<void> {
    return this.#inTurn(name, async () => {
      await this.webApps.get(name)?.stop();
      this.webApps.delete(name);
      await this.#use().stopListeningFor(name);
      await rm(join(this.#options.folder, "sites", name), { recursive: true, force: true });
    });
  }

  #use(): Azure {
    if (!this.#azure) throw new UserError("Nothing can run before Azure is set.");
    return this.#azure;
  }
}
