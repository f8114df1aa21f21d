import { dirname, join } from "node:path";
import { z } from "zod";
import type { ShellLogin } from "./logins";
import type { Sandbox } from "./sandbox";
import { webAppEnvironment } from "./web-app";

export const shell = z.object({
  /** A file that logs in to Vault when a shell sources it. */
  loginFile: z.string(),
  folder: z.string().optional(),
  environment: z.record(z.string(), z.string()),
});
/** The command, folder and variables of a shell with a certain identity. */
export type Shell = z.infer<typeof shell>;

/** A shell with the application's folder and settings: `node rewrap.js` works in it. */
export function shellOf(sandbox: Sandbox, { name, file }: ShellLogin, folder: string): Shell {
  const node = dirname(process.execPath);
  const site = sandbox.webAppWorkloads().find((it) => it.name === name)?.site;
  const resource = sandbox.deployment
    .resources("azurerm_linux_web_app")
    .find((it) => it.argument("name") === site);
  if (site && resource) {
    const environment = webAppEnvironment(resource, sandbox.azure);
    return {
      loginFile: file,
      folder: join(folder, "web-app", site),
      environment: {
        ...environment,
        SSL_CERT_FILE: sandbox.caFile,
        PATH: `${node}:${process.env.PATH}`,
      },
    };
  }
  const machine = sandbox.agents.get(sandbox.agentWorkloads().find((it) => it.name === name)?.machine ?? "");
  if (!machine) return { loginFile: file, environment: {} };
  return {
    loginFile: file,
    folder: machine.path("/var/lib/app/current"),
    environment: {
      ...machine.environment,
      APP_CONFIG_FILE: machine.path("/ramdisk/app/config.json"),
      PATH: `${node}:${machine.environment.PATH}`,
    },
  };
}
