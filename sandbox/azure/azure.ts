import { createPublicKey } from "node:crypto";
import { UserError } from "../../lib/processes/user-error";
import { AppServiceIdentity, path as identityPath } from "./identity/app-service-identity";
import { Directory, type IdentityChoice } from "./identity/directory";
import { Entra } from "./identity/entra";
import { Imds } from "./identity/imds";
import {
  azureLifetimes,
  TokenIssuer,
  type TokenLifetimes,
  type TokenOverrides,
} from "./identity/token-issuer";
import { AccessControl } from "./model/access-control";
import { DiagnosticLogs } from "./model/diagnostic-logs";
import { hostNames } from "./model/host-names";
import { fill } from "./model/initial-resources";
import { liveWorld } from "./model/live-world";
import { ResourceStore } from "./model/resource-store";
import { type AzureWorld, checkWorld, emptyWorld, type UserAssignedIdentity } from "./model/world";
import { CertificateAuthority } from "./server/certificate-authority";
import { DirectServer } from "./server/direct-server";
import { ForwardProxy } from "./server/forward-proxy";
import type { KeyAndCertificate } from "./server/key-and-certificate";
import type { LoopbackServer } from "./server/loopback-server";
import { RequestFaults } from "./server/request-faults";
import { RequestHandler } from "./server/request-handler";
import { RequestLog } from "./server/request-log";
import type { HostedService } from "./server/service";
import { AzureCliDownloads } from "./services/azure-cli-downloads";
import { BlobStorage } from "./services/blob-storage";
import { KeyVaultService } from "./services/key-vault/service";
import { type KeyVaultContent, KeyVaultStore } from "./services/key-vault/store";
import { type ArmResourceChange, ResourceManager } from "./services/resource-manager/resource-manager";
import { SerialConsoles } from "./services/serial-consoles";
import { type SiteRunner, Sites } from "./services/sites";

export interface AzureOptions {
  /** Lifetimes in seconds. Default: Azure's. */
  tokenLifetimes?: Partial<TokenLifetimes>;
  /** The state of an earlier Azure of the same world. Key vaults continue with its content. */
  state?: AzureState;
  /** Called after every change in a key vault, to save the state. */
  onStateChange?: (state: AzureState) => void;
  /** Called for every resource that Azure Resource Manager creates, changes or deletes, before the answer. */
  onResourceChange?: (change: ArmResourceChange) => Promise<void> | void;
  /** Runs the applications of the sites that Azure Resource Manager creates. */
  siteRunner?: SiteRunner;
  /** Returns a VM's serial console, or undefined if the VM does not run. */
  consoleOf?: (machine: string) => string | undefined;
  /** Object id of the person who signs in to the Azure CLI. */
  personAtBrowser?: string;
  /** Prints a line for each request that the sandbox does not support. Default: standard error. */
  print?: (line: string) => void;
}

/**
 * All keys, secrets and certificates by name of key vault, as plain JSON. Store them unchanged, and treat them as
 * secret.
 */
export type AzureState = Record<string, KeyVaultContent>;

export interface MachineTokenOverrides extends TokenOverrides {
  /** The identity to use if the machine has several. */
  identity?: IdentityChoice;
}

/** Direct access to a key vault for tests, without tokens and rights. */
export interface KeyVaultInside {
  /** The newest value, or undefined if the secret does not exist. */
  secret(name: string): string | undefined;
  secretNames(): string[];
  /** Values, oldest first. */
  secretVersions(name: string): string[];
  /** The newest certificate, PEM. */
  certificate(name: string): string | undefined;
  /** The modulus of a key's newest version, base64url. */
  keyModulus(name: string): string | undefined;
  setSecret(name: string, value: string): void;
}

/** A running stand-in for Azure. */
export class Azure {
  readonly faults = new RequestFaults();
  readonly requests = new RequestLog();
  readonly accessControl: AccessControl;
  /** The logs that arrive in Log Analytics workspaces. */
  readonly diagnosticLogs: DiagnosticLogs;
  /** The resources of Azure Resource Manager. */
  readonly resources: ResourceStore;
  /** Signs anything, and rotates and replaces keys, for simulated attacks. */
  readonly entra: TokenIssuer;
  /** The private CA's certificate, for SSL_CERT_FILE. */
  readonly caPem: string;
  readonly #world: AzureWorld;
  readonly #services: HostedService[];
  /** User data by name of a VM. IMDS returns it instead of the world's. */
  readonly #userData = new Map<string, string>();
  readonly #authority: CertificateAuthority;
  readonly #directory: Directory;
  readonly #stores = new Map<string, KeyVaultStore>();
  readonly #appService: AppServiceIdentity;
  readonly #proxies = new Map<string, ForwardProxy>();
  readonly #directServers = new Map<string, DirectServer>();
  readonly #identityEndpoints = new Map<string, LoopbackServer>();
  readonly #stopped = new AbortController();
  #login!: Entra;
  #newProxy!: (caller: string, sourceAddress?: string) => ForwardProxy;
  #newIdentityEndpoint!: (site: string) => LoopbackServer;

  private constructor(
    world: AzureWorld,
    options: AzureOptions,
    authority: CertificateAuthority,
    issuer: TokenIssuer,
  ) {
    this.resources = new ResourceStore(world.tenantId, world.subscriptionId);
    fill(this.resources, world);
    for (const { name, userData } of world.virtualMachines) if (userData) this.#userData.set(name, userData);
    this.#world = liveWorld(world, this.resources, this.#userData);
    this.#authority = authority;
    this.caPem = authority.pem;
    this.entra = issuer;
    this.accessControl = new AccessControl(this.#world, this.resources);
    this.diagnosticLogs = new DiagnosticLogs(this.resources);
    this.#directory = new Directory(this.#world, issuer, { ...azureLifetimes, ...options.tokenLifetimes });
    this.#appService = new AppServiceIdentity(this.#directory);
    this.#makeStores(options);
    this.#services = this.#makeServices(options);
    this.#makeServers(options, authority);
  }

  /** Listens on free ports of 127.0.0.1 only. */
  static async start(world: AzureWorld, options: AzureOptions = {}): Promise<Azure> {
    checkWorld(world);
    const [authority, issuer] = await Promise.all([
      CertificateAuthority.create(),
      TokenIssuer.create(world.tenantId),
    ]);
    const azure = new Azure(structuredClone(world), options, authority, issuer);
    try {
      await Promise.all([
        ...azure.#ensureKeyVaultContent(),
        ...azure.#servers().map((server) => server.listen()),
      ]);
    } catch (problem) {
      await azure.stop();
      throw problem;
    }
    return azure;
  }

  /**
   * Returns HTTP_PROXY and HTTPS_PROXY of a machine or site, or of any other caller if the name is missing. Only
   * machines have IMDS.
   */
  proxyUrlFor(name?: string): string {
    return known(this.#proxies.get(name ?? elsewhere), "virtual machine or site", name).url;
  }

  /**
   * Returns the ports with which a machine reaches Azure without a proxy. They are ports of 127.0.0.1 for
   * 169.254.169.254:80 and for port 443 of Azure's names.
   */
  directPortsFor(machine: string): { http: number; https: number } {
    const { http, https } = known(this.#directServers.get(machine), "virtual machine", machine);
    return { http: http.port, https: https.port };
  }

  /** The names of Azure's services that answer over TLS. */
  get publicHosts(): string[] {
    return this.#services.filter(({ scheme }) => scheme === "https").flatMap(({ hosts }) => hosts);
  }

  /** Returns IDENTITY_ENDPOINT and IDENTITY_HEADER of a web app or function. */
  identityEndpointFor(siteName: string): { endpoint: string; header: string } {
    const { url } = known(this.#identityEndpoints.get(siteName), "site", siteName);
    return { endpoint: url + identityPath, header: this.#appService.headerFor(siteName) };
  }

  /** Ends every login. Existing tokens stay valid. */
  forgetLogins(): void {
    this.#login.forgetLogins();
  }

  /** Lifetime of future tokens in seconds. */
  get tokenLifetimes(): TokenLifetimes {
    return this.#directory.lifetimes;
  }

  /** Issues a token as `az account get-access-token` does for a person. */
  tokenForPerson(objectId: string, audience: string, overrides?: TokenOverrides): string {
    return this.#directory.tokenForPerson(objectId, audience, overrides);
  }

  /** Issues a token as IMDS does for a machine. */
  tokenForMachine(
    name: string,
    audience: string,
    { identity, ...overrides }: MachineTokenOverrides = {},
  ): string {
    const machine = known(this.#directory.machine(name), "virtual machine", name);
    return this.#directory.tokenForIdentity(
      this.#directory.identityOf(machine, identity),
      audience,
      overrides,
    );
  }

  /** Adds a user-assigned identity to a machine. In Azure, another policy can do this at any time. */
  assignIdentity(name: string, identity: UserAssignedIdentity): void {
    const { resourceId, ...machine } = known(this.#directory.machine(name), "virtual machine", name);
    const userAssigned = [...machine.userAssigned, identity.resourceId];
    const { tenantId, subscriptionId, identities } = this.#world;
    fill(this.resources, {
      ...emptyWorld(tenantId, subscriptionId),
      identities: [...identities, identity],
      virtualMachines: [{ ...machine, resourceId, userAssigned }],
    });
  }

  /** Issues a token as the identity endpoint does for a web app or function. */
  tokenForSite(name: string, audience: string, overrides?: TokenOverrides): string {
    const site = known(this.#directory.site(name), "site", name);
    return this.#directory.tokenForIdentity(this.#directory.identityOfSite(site), audience, overrides);
  }

  /**
   * Issues key and certificate for a server that Azure would run, such as MySQL's, from the CA that every machine
   * trusts.
   */
  serverCertificate(...hosts: [string, ...string[]]): Promise<KeyAndCertificate> {
    return this.#authority.issue(...hosts);
  }

  keyVault(name: string): KeyVaultInside {
    const store = known(this.#stores.get(name), "key vault", name);
    return {
      secret: (secret) => store.secretVersions(secret).at(-1)?.value,
      secretNames: () => store.secretNames,
      secretVersions: (secret) => store.secretVersions(secret).map(({ value }) => value),
      certificate: (certificate) => store.certificateVersions(certificate).at(-1)?.pem,
      keyModulus: (key) => {
        const pem = store.keyVersions(key).at(-1)?.pem;
        return pem === undefined ? undefined : createPublicKey(pem).export({ format: "jwk" }).n;
      },
      setSecret: (secret, value) => void store.setSecret(secret, { value, enabled: true }),
    };
  }

  /** Renews a certificate, as Key Vault does before it expires. It is valid until `notAfter`, or as long as the first. */
  async renewCertificate(keyVault: string, name: string, notAfter?: Date): Promise<void> {
    const store = known(this.#stores.get(keyVault), "key vault", keyVault);
    const { made } = known(store.certificateVersions(name).at(-1), "certificate", name);
    await store.makeCertificate(made, notAfter);
  }

  /**
   * Applies the changes of another deployment of the same system: people, rights, tags and user data of VMs.
   *
   * @throws Error if the deployment has other resources. Then nothing changes.
   */
  update(world: AzureWorld): void {
    checkWorld(world);
    for (const kind of ["virtualMachines", "sites", "keyVaults", "keys", "certificates"] as const) {
      const namesOf = (of: AzureWorld): string =>
        of[kind]
          .map(({ name }) => name)
          .sort()
          .join(", ");
      if (namesOf(this.#world) !== namesOf(world)) {
        throw new Error(`This Azure has only the ${kind} ${namesOf(this.#world)}, not ${namesOf(world)}`);
      }
    }
    const { people, applicationIdUris, appRoles } = structuredClone(world);
    Object.assign(this.#world, { people, applicationIdUris, appRoles });
    this.accessControl.remove({});
    fill(this.resources, structuredClone(world));
  }

  /** Sets the user data that IMDS returns to a machine from now on. */
  setUserData(machine: string, userData: string): void {
    known(this.#directory.machine(machine), "virtual machine", machine);
    this.#userData.set(machine, userData);
  }

  exportState(): AzureState {
    return Object.fromEntries([...this.#stores].map(([name, store]) => [name, store.content]));
  }

  /** Closes every connection and every listener. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#servers().map((server) => server.close()));
  }

  #makeStores({ state = {}, onStateChange }: AzureOptions): void {
    const names = this.#world.keyVaults.map(({ name }) => name);
    const lost = Object.keys(state).filter((name) => !names.includes(name));
    if (lost.length > 0)
      throw new UserError(
        `The saved state contains Key Vaults that this environment does not have (${lost.join(", ")}). It belongs to another environment. Name another folder.`,
      );
    for (const name of names) {
      this.#stores.set(name, new KeyVaultStore(state[name], () => onStateChange?.(this.exportState())));
    }
  }

  #makeServices({ onResourceChange, personAtBrowser, siteRunner, consoleOf }: AzureOptions): HostedService[] {
    const { entra: issuer, accessControl } = this;
    this.#login = new Entra({ issuer, directory: this.#directory, personAtBrowser });
    return [
      new Imds(this.#directory),
      this.#login,
      new KeyVaultService({ world: this.#world, stores: this.#stores, issuer, accessControl }),
      new AzureCliDownloads(),
      new SerialConsoles((machine) => consoleOf?.(machine)),
      new Sites({ world: this.#world, issuer, accessControl, runner: siteRunner }),
      new BlobStorage({ world: this.#world, issuer, accessControl }),
      new ResourceManager({
        world: this.#world,
        resources: this.resources,
        issuer,
        accessControl,
        onChange: (change) => this.#followChange(change, onResourceChange),
      }),
    ];
  }

  #makeServers({ print = printToStderr }: AzureOptions, authority: CertificateAuthority): void {
    const { faults, requests: log, diagnosticLogs } = this;
    const services = this.#services;
    const handler = new RequestHandler({ faults, log, diagnosticLogs, print, stopped: this.#stopped.signal });
    const privateAddressOf = (host: string) => hostNames(this.resources).get(host);
    const common = { privateAddressOf, authority, services, handler, print };
    this.#newProxy = (caller, sourceAddress) => new ForwardProxy({ caller, sourceAddress, ...common });
    this.#newIdentityEndpoint = (site) => this.#appService.serverFor(site, handler);
    this.#proxies.set(elsewhere, this.#newProxy(elsewhere, elsewhereAddress));
    for (const { name, privateIpAddress } of [...this.#world.virtualMachines, ...this.#world.sites]) {
      this.#proxies.set(name, this.#newProxy(name, privateIpAddress));
    }
    for (const { name: caller } of this.#world.virtualMachines)
      this.#directServers.set(caller, new DirectServer({ caller, authority, services, handler }));
    for (const { name } of this.#world.sites)
      this.#identityEndpoints.set(name, this.#newIdentityEndpoint(name));
  }

  /** Starts the listeners of a new machine or site: its proxy, and a site's identity endpoint. */
  async listenFor(
    name: string,
    { sourceAddress, isSite = false }: { sourceAddress?: string; isSite?: boolean },
  ) {
    await this.stopListeningFor(name);
    const proxy = this.#newProxy(name, sourceAddress);
    this.#proxies.set(name, proxy);
    await proxy.listen();
    if (!isSite) return;
    const endpoint = this.#newIdentityEndpoint(name);
    this.#identityEndpoints.set(name, endpoint);
    await endpoint.listen();
  }

  async stopListeningFor(name: string): Promise<void> {
    await this.#proxies.get(name)?.close();
    this.#proxies.delete(name);
    await this.#identityEndpoints.get(name)?.close();
    this.#identityEndpoints.delete(name);
  }

  /** A deleted Key Vault keeps its content for a later recovery. */
  async #followChange(change: ArmResourceChange, tell: AzureOptions["onResourceChange"]): Promise<void> {
    const { kind, resource } = change;
    if (kind === "written" && resource.type.toLowerCase() === "microsoft.keyvault/vaults") {
      if (!this.#stores.has(resource.name))
        this.#stores.set(resource.name, new KeyVaultStore(undefined, () => {}));
    }
    await tell?.(change);
  }

  #ensureKeyVaultContent(): Promise<void>[] {
    const storeOf = (name: string) => known(this.#stores.get(name), "key vault", name);
    for (const key of this.#world.keys) storeOf(key.keyVault).planKey(key);
    // The stacks read the modulus of a key that wraps others, so it must exist before them.
    const wrapping = this.#world.keys.filter(({ operations }) => operations?.includes("wrapKey"));
    return [
      ...wrapping.map(({ keyVault, name }) => storeOf(keyVault).plannedKey(name)),
      ...this.#world.certificates.map((certificate) =>
        storeOf(certificate.keyVault).ensureCertificate(certificate),
      ),
    ];
  }

  #servers(): (LoopbackServer | DirectServer)[] {
    return [...this.#proxies.values(), ...this.#directServers.values(), ...this.#identityEndpoints.values()];
  }
}

export const startAzure = Azure.start;

/** The caller's name for everything that is not a machine. */
const elsewhere = "elsewhere";

/** Source address of these connections. 127.0.0.1 belongs to machines. */
const elsewhereAddress = "127.0.0.2";

function known<T>(thing: T | undefined, what: string, name = ""): T {
  if (thing === undefined) throw new Error(`this Azure has no ${what} ${name}`);
  return thing;
}

const printToStderr = (line: string): void => void process.stderr.write(`${line}\n`);
