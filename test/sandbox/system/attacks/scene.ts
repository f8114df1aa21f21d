import { z } from "zod";
import { resourceName } from "../../../../constructs/azure/resource-names";
import type { TokenOverrides } from "../../../../sandbox/azure/identity/token-issuer";
import { subscriptionId } from "../../../../sandbox/azurerm/made-up-values";
import type { Sandbox } from "../../../../sandbox/system/sandbox";
import { ask } from "../../azure/caller";
import { askVault, type VaultQuestion, type VaultReply } from "../vault-caller";

/** The result of an attack. */
export interface Outcome {
  status: number;
  /** The words of the refusal. */
  reason: string;
}

/** An attack: its description, the expected refusal (status and words), and the attempt. */
export type Attack = readonly [
  what: string,
  refusal: RegExp,
  attempt: (scene: Scene) => Promise<Outcome | VaultReply>,
];

/** The resource of workloads' tokens. */
export const management = "https://management.azure.com/";
export const keyVaultResource = "https://vault.azure.net";
/** A GUID that belongs to nobody. */
export const stranger = "99999999-9999-4999-8999-999999999999";

export type LoginChanges = Record<string, string | undefined>;

/** A running system, and what an attacker may have: names, and tokens of honest logins. */
export class Scene {
  private constructor(
    readonly sandbox: Sandbox,
    readonly site: string,
    readonly machine: string,
    readonly vaultMachine: string,
    /** Vault tokens. */
    readonly tokens: { readonly deployer: string; readonly webApp: string; readonly agent: string },
  ) {}

  static async of(sandbox: Sandbox): Promise<Scene> {
    const [webApp] = sandbox.webAppWorkloads();
    const [agent] = sandbox.agentWorkloads();
    const vaultMachine = sandbox.deployment
      .resources("azurerm_linux_virtual_machine")
      .map((machine) => z.string().parse(machine.argument("name")))
      .find((name) => name !== agent?.machine);
    if (!webApp || !agent || !vaultMachine)
      throw new Error("the environment lacks a part that the tests attack");
    const scene = (tokens: Scene["tokens"]) =>
      new Scene(sandbox, webApp.site, agent.machine, vaultMachine, tokens);
    const outside = scene({ deployer: "", webApp: "", agent: "" });
    return scene({
      deployer: tokenOf(await outside.loginAsDeployer()),
      webApp: tokenOf(await outside.loginByJwt()),
      agent: tokenOf(await outside.loginByAzure()),
    });
  }

  get resourceGroup(): string {
    return resourceName("rg", this.sandbox.environment.name, "vault");
  }

  vault(question: VaultQuestion, from?: string): Promise<VaultReply> {
    return askVault(this.sandbox, from, question);
  }

  /** Sends a request as a deployer. `request` is METHOD path. */
  asDeployer(request: string, body?: unknown): Promise<VaultReply> {
    return this.#as(this.tokens.deployer, undefined, request, body);
  }

  asWebApp(request: string, body?: unknown): Promise<VaultReply> {
    return this.#as(this.tokens.webApp, this.site, request, body);
  }

  asAgent(request: string, body?: unknown): Promise<VaultReply> {
    return this.#as(this.tokens.agent, this.machine, request, body);
  }

  /** The web app's login, with another token or from another address. */
  loginByJwt(
    overrides?: TokenOverrides | string,
    changes: LoginChanges = {},
    from = this.site,
  ): Promise<VaultReply> {
    const jwt = typeof overrides === "string" ? overrides : this.siteToken(overrides);
    const body = { role: "webapp-role", jwt, ...changes };
    return this.vault({ method: "POST", path: "auth/jwt/login", body }, from);
  }

  /** The agent's login. */
  loginByAzure(
    overrides?: TokenOverrides | string,
    changes: LoginChanges = {},
    from: string | undefined = this.machine,
  ): Promise<VaultReply> {
    const jwt = typeof overrides === "string" ? overrides : this.machineToken(overrides);
    const place = {
      subscription_id: subscriptionId,
      resource_group_name: this.resourceGroup,
      vm_name: this.machine,
    };
    const body = { role: "agent-role", jwt, ...place, ...changes };
    return this.vault({ method: "POST", path: "auth/azure/login", body }, from);
  }

  loginAsDeployer(overrides?: TokenOverrides | string, changes: LoginChanges = {}): Promise<VaultReply> {
    const jwt = typeof overrides === "string" ? overrides : this.sandbox.deployerToken(overrides);
    const body = { role: "deployer", jwt, ...changes };
    return this.vault({ method: "POST", path: "auth/deployer/login", body });
  }

  siteToken(overrides?: TokenOverrides): string {
    return this.sandbox.azure.tokenForSite(this.site, management, overrides);
  }

  machineToken(overrides?: TokenOverrides): string {
    return this.sandbox.azure.tokenForMachine(this.machine, management, overrides);
  }

  /** Sends a request to the main Key Vault or the recovery Key Vault. `request` is METHOD /path. */
  async keyVault(
    which: "main" | "recovery",
    token: string | undefined,
    request: string,
    body?: unknown,
    from?: string,
  ): Promise<Outcome> {
    const [method = "", path = ""] = request.split(" ");
    const url = `https://${this.keyVaultName(which)}.vault.azure.net${path}?api-version=7.4`;
    const reply = await ask(this.sandbox.azure, url, { method, token, body, from });
    return azureOutcome(reply);
  }

  keyVaultName(which: "main" | "recovery"): string {
    return Scene.keyVaultNameOf(this.sandbox, which);
  }

  static keyVaultNameOf({ deployment }: Sandbox, which: "main" | "recovery"): string {
    const names = deployment
      .resources("azurerm_key_vault")
      .map((keyVault) => z.string().parse(keyVault.argument("name")));
    const name = names.find((it) => it.includes("-rec-") === (which === "recovery"));
    if (!name) throw new Error(`the ${which} Key Vault does not exist`);
    return name;
  }

  #as(token: string, from: string | undefined, request: string, body: unknown): Promise<VaultReply> {
    const [method, path = ""] = request.split(" ");
    return this.vault({ method, path, token, body }, from);
  }
}

export function tokenOf({ status, errors, body }: VaultReply): string {
  if (status !== 200) throw new Error(`an honest login was refused with ${status}: ${errors}`);
  return body.auth.client_token;
}

/** Reads the several forms of Azure's errors. */
export function azureOutcome({ status, body }: { status: number; body: unknown }): Outcome {
  const { error, error_description, message } = body as Record<string, unknown>;
  const inner = typeof error === "object" && error !== null ? (error as Record<string, unknown>) : undefined;
  const words = inner ? [inner["code"], inner["message"]] : [error, error_description, message];
  return { status, reason: words.filter(Boolean).join(" ").replace(/\s+/g, " ") };
}

export function refusalOf(outcome: Outcome | VaultReply): string {
  return `${outcome.status} ${"errors" in outcome ? outcome.errors : outcome.reason}`;
}

/** Returns a token with other claims and the same signature. */
export function withClaims(token: string, claims: Record<string, unknown>): string {
  const [header, payload = "", signature] = token.split(".");
  const honest = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  return [
    header,
    Buffer.from(JSON.stringify({ ...honest, ...claims })).toString("base64url"),
    signature,
  ].join(".");
}
