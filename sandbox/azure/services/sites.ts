import { authenticate } from "../identity/authenticate";
import type { TokenIssuer } from "../identity/token-issuer";
import type { AccessControl } from "../model/access-control";
import type { AzureWorld, Site } from "../model/world";
import type { AzureResponse } from "../server/azure-response";
import { notImitated, odataError, Refusal } from "../server/refusal";
import { findRoute, type Route } from "../server/routes";
import type { AzureRequest, HostedService } from "../server/service";

/** Runs the applications of sites. */
export interface SiteRunner {
  /** Installs a zip package and replaces the running one. */
  deploy(siteName: string, zip: Buffer): Promise<void>;
  /** Returns the application's address, or undefined if it does not run. */
  urlOf(siteName: string): string | undefined;
}

interface SitesProps {
  world: AzureWorld;
  issuer: TokenIssuer;
  accessControl: AccessControl;
  runner?: SiteRunner;
}

interface ManagementRoute extends Route {
  answer: (site: Site, request: AzureRequest) => Promise<unknown> | unknown;
}

const domain = ".azurewebsites.net";
const managementDomain = `.scm${domain}`;
/** The Azure CLI requests the first audience. People's own programs may request the other. */
const audiences = ["https://appservice.azure.com", "https://management.azure.com"].flatMap((url) => [
  url,
  `${url}/`,
]);
const publishAction = "Microsoft.Web/sites/publish/action";

/** Kudu's status number of a successful deployment. Source: Kudu, DeployStatus. */
const succeeded = 4;

/** The hosts of sites: the application itself, and Kudu, which accepts its package with an Entra token. */
export class Sites implements HostedService {
  readonly name = "App Service";
  readonly scheme = "https";
  readonly refuse = odataError;
  /** Id of the latest deployment, by site. */
  readonly #deployments = new Map<string, string>();
  readonly #routes: ManagementRoute[] = [
    { request: "POST /api/publish", answer: (site, request) => this.#publish(site, request) },
    { request: "GET /api/deployments", answer: () => [] },
    { request: "GET /api/deployments/latest", answer: (site) => this.#latest(site) },
  ];

  constructor(private readonly props: SitesProps) {}

  get hosts(): string[] {
    return this.props.world.sites.flatMap(({ name }) => [`${name}${domain}`, `${name}${managementDomain}`]);
  }

  async answer(request: AzureRequest): Promise<AzureResponse> {
    const site = this.#siteOf(request.host);
    if (!site) throw notImitated(request.host, 404);
    const { resourceId } = site;
    if (!request.host.endsWith(managementDomain)) {
      const operation = `${request.method} ${request.path}`;
      request.trace = { category: "AppServiceHTTPLogs", resourceId, operation };
      return this.#forward(site, request);
    }
    // Logs who logs in to publish. Source: App Service, monitoring data reference.
    request.trace = { category: "AppServiceAuditLogs", resourceId, operation: "Authorization" };
    this.#authorize(site, request);
    const found = findRoute(this.#routes, request.method, request.path);
    if (!found) throw notImitated(`${request.method} ${request.path} of Kudu`, 404);
    return { status: 200, body: await found.route.answer(site, request) };
  }

  #siteOf(host: string): Site | undefined {
    const name = host.endsWith(managementDomain)
      ? host.slice(0, -managementDomain.length)
      : host.endsWith(domain)
        ? host.slice(0, -domain.length)
        : undefined;
    return this.props.world.sites.find((site) => site.name.toLowerCase() === name);
  }

  /** Requires a token, because basic authentication is off in every site. */
  #authorize(site: Site, request: AzureRequest): void {
    const { oid } = authenticate(
      request,
      this.props.issuer,
      audiences,
      ({ message }) => new Refusal(401, "Unauthorized", `The token is refused: ${message}.`),
    );
    if (this.props.accessControl.allowsAction(oid, publishAction, site.resourceId)) return;
    throw new Refusal(
      403,
      "Forbidden",
      `The client '${oid}' may not do ${publishAction} on ${site.resourceId}.`,
    );
  }

  async #publish(site: Site, { query, bytes }: AzureRequest): Promise<unknown> {
    if (query.get("type") !== "zip") throw notImitated(`a package of type ${query.get("type")}`, 400);
    await this.props.runner?.deploy(site.name, bytes);
    this.#deployments.set(site.name, crypto.randomUUID());
    return this.#latest(site);
  }

  #latest({ name }: Site): unknown {
    const id = this.#deployments.get(name);
    if (id === undefined) throw new Refusal(404, "NotFound", "The site has no deployment yet.");
    return {
      id,
      status: succeeded,
      status_text: "",
      complete: true,
      active: true,
      is_temp: false,
      site_name: name,
      provisioningState: "Succeeded",
    };
  }

  /** Forwards requests as App Service's front end does. The application runs only after its first package has arrived. */
  async #forward(site: Site, { method, path, query, headers, bytes }: AzureRequest): Promise<AzureResponse> {
    const url = this.props.runner?.urlOf(site.name);
    if (url === undefined)
      throw new Refusal(503, "ServiceUnavailable", `The application ${site.name} does not run.`);
    const target = `${url}${path}${query.size > 0 ? `?${query}` : ""}`;
    const passed = Object.entries(headers).filter(([name]) => passedOn.includes(name)) as [string, string][];
    const answer = await fetch(target, {
      method,
      headers: passed,
      redirect: "manual",
      ...(bytes.length > 0 && { body: new Uint8Array(bytes) }),
    });
    return {
      status: answer.status,
      headers: { "Content-Type": answer.headers.get("content-type") ?? "text/plain" },
      bytes: Buffer.from(await answer.arrayBuffer()),
    };
  }
}

const passedOn = ["accept", "content-type", "cookie", "user-agent"];
