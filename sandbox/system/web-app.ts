import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { z } from "zod";
import { ChildProgram } from "../../lib/processes/child-program";
import type { Azure } from "../azure/azure";
import { withFreePort } from "../programs/free-port";

export interface WebAppOptions {
  /** The azurerm_linux_web_app, or the request to Azure Resource Manager for it. */
  site: Site;
  azure: Azure;
  /** The web app's own folder. */
  folder: string;
  /** The package that the stack deploys. */
  zipFile: string;
  /** Path of the CA's certificate, which replaces the system's roots. */
  caFile: string;
  /** Variables in addition to App Service's own. */
  environment?: Record<string, string>;
}

/** Reads the arguments of a web app. */
interface Site {
  read(schema: typeof siteArguments): z.infer<typeof siteArguments>;
}

const siteArguments = z.object({
  name: z.string(),
  app_settings: z.record(z.string(), z.string()),
  site_config: z.object({ app_command_line: z.string(), health_check_path: z.string() }),
});

/** A web app's app settings, its identity, and its way into the virtual network. */
export function webAppEnvironment(site: Site, azure: Azure): Record<string, string> {
  const { name, app_settings } = site.read(siteArguments);
  const { endpoint, header } = azure.identityEndpointFor(name);
  const proxy = azure.proxyUrlFor(name);
  return {
    ...app_settings,
    IDENTITY_ENDPOINT: endpoint,
    IDENTITY_HEADER: header,
    HTTPS_PROXY: proxy,
    HTTP_PROXY: proxy,
    NO_PROXY: "127.0.0.0/8,localhost",
  };
}

/** Runs a web app as App Service does, with the deployed package, its app settings, a port, and the identity endpoint. */
export class WebAppProcess {
  private constructor(
    readonly name: string,
    readonly url: string,
    private readonly program: ChildProgram,
  ) {}

  /** Starts the web app, and waits until its health check answers 200. */
  static async start({
    site,
    azure,
    folder,
    zipFile,
    caFile,
    environment,
  }: WebAppOptions): Promise<WebAppProcess> {
    const { name, site_config } = site.read(siteArguments);
    for (const [file, content] of Object.entries(unzipSync(await readFile(zipFile)))) {
      await writeFile(join(folder, file), content);
    }
    const [, ...args] = site_config.app_command_line.split(" ");
    return withFreePort(async (port) => {
      const program = await ChildProgram.start({
        name: `the web app ${name}`,
        command: process.execPath,
        args,
        cwd: folder,
        logFile: join(folder, "app.log"),
        env: {
          ...webAppEnvironment(site, azure),
          PATH: process.env.PATH,
          PORT: String(port),
          NODE_EXTRA_CA_CERTS: caFile,
          ...environment,
        },
      });
      const url = `http://127.0.0.1:${port}`;
      const healthy = async () => (await fetch(`${url}${site_config.health_check_path}`)).status === 200;
      await program
        .until("its health check to answer", healthy, { deadlineMs: 30_000 })
        .catch(async (error) => {
          await program.kill();
          throw error;
        });
      return new WebAppProcess(name, url, program);
    });
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.program.running ? this.program.pid : undefined;
  }

  /** @throws UserError when it does not run */
  signal(signal: NodeJS.Signals): void {
    this.program.signal(signal);
  }

  /** Simulates a crash. App Service would then start it again, as restart() does. */
  async kill(): Promise<void> {
    await this.program.kill();
  }

  /** Stops the web app if it runs, and starts it with the same settings on the same port, as App Service does. */
  async restart(): Promise<void> {
    await this.program.restart();
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }
}
