import { resourceName } from "../../../constructs/azure/resource-names";
import { subscriptionId } from "../../../sandbox/azurerm/made-up-values";
import type { Sandbox } from "../../../sandbox/system/sandbox";
import { askVault, type VaultReply } from "./vault-caller";

const management = "https://management.azure.com/";

/** A workload that logged in with its own identity, from its own address. */
export class LoggedInWorkload {
  private constructor(
    private readonly sandbox: Sandbox,
    /** Name of its web app or VM. */
    readonly place: string,
    readonly token: string,
  ) {}

  /** Logins by the workload's name in the environment. For a group of VMs, the first VM. */
  static async of(sandbox: Sandbox, name: string): Promise<LoggedInWorkload> {
    const place = placeOf(sandbox, name);
    const { status, errors, body } = await login(sandbox, name, `${name}-role`);
    if (status !== 200) throw new Error(`Vault refused the login of ${name} with ${status}: ${errors}`);
    return new LoggedInWorkload(sandbox, place, body.auth.client_token);
  }

  /** `request` is METHOD path. */
  ask(request: string, body?: unknown): Promise<VaultReply> {
    const [method, path = ""] = request.split(" ");
    return askVault(this.sandbox, this.place, { method, path, body, token: this.token });
  }
}

/** Logs in as a workload, with its own or another role. */
export function login(sandbox: Sandbox, name: string, role: string): Promise<VaultReply> {
  const place = placeOf(sandbox, name);
  const isWebApp = sandbox.webAppWorkloads().some(({ site }) => site === place);
  if (isWebApp) {
    const jwt = sandbox.azure.tokenForSite(place, management);
    return askVault(sandbox, place, { method: "POST", path: "auth/jwt/login", body: { role, jwt } });
  }
  const body = {
    role,
    jwt: sandbox.azure.tokenForMachine(place, management),
    subscription_id: subscriptionId,
    resource_group_name: resourceName("rg", sandbox.environment.name, "vault"),
    vm_name: place,
  };
  return askVault(sandbox, place, { method: "POST", path: "auth/azure/login", body });
}

function placeOf(sandbox: Sandbox, name: string): string {
  const webApp = sandbox.webAppWorkloads().find((it) => it.name === name);
  const agent = sandbox.agentWorkloads().find((it) => it.name === `${name}-1`);
  const place = webApp?.site ?? agent?.machine;
  if (!place) throw new Error(`the environment has no workload ${name}`);
  return place;
}
